"""Searches that end when their time is up: what is yet to come is estimated from what was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_FIRST_ROUND = 4  # candidates from which the time of more is estimated
_SHORTEST = 1e-9  # seconds; clocks may not have moved


class TimeLimit:
    """The time that a search has from now on.

    Parameters
    ----------
    seconds : float
        After which nothing new begins.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._last = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure a round of the search."""
        before = time.monotonic()
        yield
        self._last = time.monotonic() - before

    def rounds_left(self) -> float:
        """Return how often as much as in the last round can be done."""
        return (self._end - time.monotonic()) / max(self._last, _SHORTEST)


def rounds_of(candidates: list[Any], seconds: float) -> Iterator[list[Any]]:
    """Yield candidates, the first few in any case, others as long as there is time for them."""
    limit, size = TimeLimit(seconds), _FIRST_ROUND
    while candidates and size:
        some, candidates = candidates[:size], candidates[size:]
        with limit.measured():
            yield some
        size = int(min(2 * len(some), max(0.0, limit.rounds_left() * len(some))))
