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
        self.core_seconds = self.wall_seconds = 0.0
        self.n_rows = 0
        self.peak_memory = 0
        self.joules: float | None = None
        self._shares: list[Share] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return Meter, ()

    def add(self, share: Share) -> None:
        """Add what a task took."""
        self._shares.append(share)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what is done in this block."""
        energy, start, begin = Energy.now(), time.perf_counter(), time.process_time()
        with counted_rows() as counts:
            yield
        self.wall_seconds = time.perf_counter() - start
        self.joules = Energy.now().joules_since(energy, self.wall_seconds)
        here = Share(_this_process(), (begin, time.process_time()), counts.n_rows, peak_memory())
        self._sum([*self._shares, here])
        tell_rows(self.n_rows)

    def _sum(self, shares: list[Share]) -> None:
        by_process: dict[tuple[str, int], list[Share]] = defaultdict(list)
        for share in shares:
            by_process[share.process].append(share)
        self.n_rows = sum(share.n_rows for share in shares)
        self.core_seconds = sum(_used([one.seconds for one in of]) for of in by_process.values())
        self.peak_memory = sum(max(one.peak_memory for one in of) for of in by_process.values())


def _used(spans: list[tuple[float, float]]) -> float:
    """Return how much is in one of the spans at least: tasks may share a process."""
    total, until = 0.0, 0.0
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def _this_process() -> tuple[str, int]:
    return platform.node(), os.getpid()
