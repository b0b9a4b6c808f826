"""Searches that end when their time is up: what is yet to come is estimated from what was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skopt_suite.model_selection._engine.kept import KeptSearch

_FIRST_ROUND = 4  # candidates from which the time of more is estimated
_SHORTEST = 1e-9  # seconds; clocks may not have moved


class TimeLimit:
    """The time that a search has from now on.

    Parameters
    ----------
    seconds : float
        After which nothing new begins.
    kept : KeptSearch, optional
        What files have of the search, which has used up some of the time before; rounds that had
        begun are begun again, and took the time that they took.
    """

    def __init__(self, seconds: float, kept: KeptSearch | None = None) -> None:
        self._kept, self._seconds, self._last = kept, seconds, 0.0
        self._start = time.monotonic() - (0.0 if kept is None else kept.used)
        self._rounds: list[list[Any]] = [] if kept is None else kept.rounds
        self._number = 0

    @property
    def size_begun(self) -> int:
        """The size of the next round if it had begun before, else 0."""
        return self._rounds[self._number][0] if self._number < len(self._rounds) else 0

    @contextmanager
    def measured(self, size: int) -> Iterator[None]:
        """Measure a round of the search, of so many candidates."""
        if not self.size_begun:
            self._rounds.append([size, self._used(), None])
            self._keep()
        one = self._rounds[self._number]
        yield
        if one[2] is None:
            one[2] = self._used()
            self._keep()
        self._last = one[2] - one[1]
        self._number += 1

    def rounds_left(self) -> float:
        """Return how often as much as in the last round can be done."""
        return (self._seconds - self._used()) / max(self._last, _SHORTEST)

    def _used(self) -> float:
        return time.monotonic() - self._start

    def _keep(self) -> None:
        if self._kept is not None:
            self._kept.rounds = self._rounds


def rounds_of(
    candidates: list[Any], seconds: float, kept: KeptSearch | None = None
) -> Iterator[list[Any]]:
    """Yield candidates, the first few in any case, others as long as there is time for them."""
    limit = TimeLimit(seconds, kept)
    size = limit.size_begun or _FIRST_ROUND
    while candidates and size:
        some, candidates = candidates[:size], candidates[size:]
        with limit.measured(len(some)):
            yield some
        wanted = int(min(2 * len(some), max(0.0, limit.rounds_left() * len(some))))
        size = limit.size_begun or wanted
