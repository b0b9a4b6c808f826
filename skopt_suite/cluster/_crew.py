"""Which thread of which worker works on which partitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import monotonic
from typing import Any, NamedTuple

_SECONDS = 1.0  # between looks at who is there


class Group(NamedTuple):
    """The partitions that a thread of a worker works on."""

    worker: str
    numbers: list[int]


class Crew:
    """The workers of a cluster, and the partitions that each works on.

    The scheduler knows how partitions are made, and makes those anew that are lost with a worker.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    partitions : sequence of distributed.Future
        The partitions, those that have rows.
    n_rows : sequence of int
        Their numbers of rows.
    """

    def __init__(self, client: Any, partitions: Sequence[Any], n_rows: Sequence[int]) -> None:
        self.client, self.partitions, self.n_rows = client, list(partitions), list(n_rows)
        self.groups: list[Group] = []
        self._threads: dict[str, int] = {}
        self._version, self._looked_at = 0, -math.inf

    def look(self) -> int:
        """Return the number of the grouping, another one where workers have come or gone."""
        if monotonic() - self._looked_at >= _SECONDS:
            threads = self.client.nthreads()
            if not threads and not self._threads:  # all have gone, or have yet to come
                self.client.wait_for_workers(1)
                threads = self.client.nthreads()
            if threads and threads != self._threads:
                self._threads, self._version = threads, self._version + 1
                self.groups = self._grouped()
            self._looked_at = monotonic()
        return self._version

    def _grouped(self) -> list[Group]:
        """Return the groups of those threads that get partitions."""
        held = self.client.who_has(self.partitions)
        holders = [held.get(partition.key, ()) for partition in self.partitions]
        threads = [worker for worker, n in sorted(self._threads.items()) for _ in range(n)]
        return grouped(threads, holders, self.n_rows)


def grouped(
    threads: Sequence[str], holders: Sequence[Sequence[str]], n_rows: Sequence[int]
) -> list[Group]:
    """Return who works on which partitions: on those that it has, as far as that is fair.

    Parameters
    ----------
    threads : sequence of str
        Addresses of workers, once for each of their threads.
    holders : sequence of sequences of str
        Who has every partition.
    n_rows : sequence of int
        Rows of every partition.
    """
    groups = [Group(worker, []) for worker in threads]
    loads = [0] * len(groups)
    mean = sum(n_rows) / len(groups)
    for i in sorted(range(len(n_rows)), key=lambda i: -n_rows[i]):
        fair = [k for k in range(len(groups)) if loads[k] + n_rows[i] / 2 <= mean]
        near = [k for k in fair if groups[k].worker in holders[i]]
        chosen = min(near or range(len(groups)), key=loads.__getitem__)
        loads[chosen] += n_rows[i]
        groups[chosen].numbers.append(i)
    return [Group(worker, sorted(numbers)) for worker, numbers in groups if numbers]
