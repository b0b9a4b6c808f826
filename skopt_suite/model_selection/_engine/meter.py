"""What a search takes, in all its processes."""

from __future__ import annotations

import os
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from skopt_suite.backends import Energy, peak_memory
from skopt_suite.training import counted_rows, tell_rows


class Share(NamedTuple):
    """What a task took of the process that it ran in."""

    process: tuple[str, int]
    """The machine, and its number there."""
    seconds: tuple[float, float]
    """Seconds of processors that the process had used when the task began, and ended."""
    n_rows: int
    peak_memory: int


def metered(run: Callable, *arguments: Any) -> tuple[Any, Share]:
    """Return what `run` returns, and what it took."""
    begin = time.process_time()
    with counted_rows() as counts:
        found = run(*arguments)
    seconds = begin, time.process_time()
    return found, Share(_this_process(), seconds, counts.n_rows, peak_memory())


class Meter:
    """Adds up what a search takes: this process, and the tasks wherever they are."""

    def __init__(self) -> None:
        self.wall_seconds = 0.0
        self._shares: list[Share] = []
        self._joules: list[float | None] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return Meter, ()

    def add(self, share: Share) -> None:
        """Add what a task took."""
        self._shares.append(share)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Add what is done in this block."""
        energy, start, begin = Energy.now(), time.perf_counter(), time.process_time()
        n_before = self.n_rows
        with counted_rows() as counts:
            yield
        seconds = time.perf_counter() - start
        self.wall_seconds += seconds
        self._joules.append(Energy.now().joules_since(energy, seconds))
        span = begin, time.process_time()
        self.add(Share(_this_process(), span, counts.n_rows, peak_memory()))
        tell_rows(self.n_rows - n_before)

    @property
    def n_rows(self) -> int:
        """Rows that were read."""
        return sum(share.n_rows for share in self._shares)

    @property
    def core_seconds(self) -> float:
        """Seconds of processors."""
        return sum(_used([one.seconds for one in of]) for of in self._by_process())

    @property
    def peak_memory(self) -> int:
        """Bytes of all processes, each when it held most."""
        return sum(max(one.peak_memory for one in of) for of in self._by_process())

    @property
    def joules(self) -> float | None:
        """Energy; None where it was not told."""
        told = [joules for joules in self._joules if joules is not None]
        return sum(told) if told and len(told) == len(self._joules) else None

    def _by_process(self) -> list[list[Share]]:
        found: dict[tuple[str, int], list[Share]] = defaultdict(list)
        for share in self._shares:
            found[share.process].append(share)
        return list(found.values())


def _used(spans: list[tuple[float, float]]) -> float:
    """Return how much is in one of the spans at least: tasks may share a process."""
    total, until = 0.0, 0.0
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def _this_process() -> tuple[str, int]:
    return platform.node(), os.getpid()
