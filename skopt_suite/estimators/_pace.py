"""How fast a fit is, and how far in rows that are read chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from typing import Self

from skopt_suite._figures import duration, many
from skopt_suite.training import watched_rows

EVERY = 5.0
"""Seconds between lines."""


class Pace:
    """Prints a line every few seconds in which no epoch ends, as ``verbose=2`` asks for."""

    def __init__(self) -> None:
        self._what, self._n_samples, self._n_rows = "reading", 0, 0
        self._begin = self._last_line = perf_counter()
        self._seconds_of_epochs = 0.0

    @classmethod
    def of(cls, verbose: int) -> AbstractContextManager[Self | None]:
        """Return a context that watches the rows that are read, where that is asked for."""
        return nullcontext() if verbose < 2 else cls._watching()

    @classmethod
    @contextmanager
    def _watching(cls) -> Iterator[Self]:
        pace = cls()
        with watched_rows(pace.add):
            yield pace

    def epoch_begins(self, epoch: int, n_samples: int) -> None:
        """Count from here on."""
        self._what, self._n_samples, self._n_rows = f"epoch {epoch}", n_samples, 0
        self._begin = perf_counter()

    def epoch_ends(self, n_done: int, n_left: int) -> str:
        """Return what to add to the line of an epoch, when so many were watched."""
        now = perf_counter()
        self._seconds_of_epochs += now - self._begin
        self._last_line = now
        left = duration(self._seconds_of_epochs / n_done * n_left)
        return f", {self._rate(now)}, at most {left} left"

    def add(self, n_rows: int) -> None:
        """Count rows that were read; whole sweeps need no line."""
        self._n_rows += n_rows
        now, is_whole = perf_counter(), self._n_samples and self._n_rows % self._n_samples == 0
        if now - self._last_line >= EVERY and not is_whole:
            self._last_line = now
            print(f"{self._what}{self._so_far(now)}", flush=True)

    def _so_far(self, now: float) -> str:
        if not self._n_samples:
            return f": {many(self._n_rows)} rows, {self._rate(now)}"
        n_sweeps, n_rows = divmod(self._n_rows, self._n_samples)
        sweep = f", sweep {n_sweeps + 1}" if n_sweeps else ""
        left = (self._n_samples - n_rows) * (now - self._begin) / self._n_rows
        share = f"{n_rows / self._n_samples:.0%}".replace("%", " %")
        rate = self._rate(now)
        return f"{sweep}: {share} of {self._n_samples:,} rows, {rate}, about {duration(left)} left"

    def _rate(self, now: float) -> str:
        return f"{many(self._n_rows / max(now - self._begin, 1e-9))} rows/s"
