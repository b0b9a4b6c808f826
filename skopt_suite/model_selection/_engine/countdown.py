"""How long the fits of a round of a search are going to take."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import Any

from skopt_suite._figures import duration


class Countdown:
    """Counts fits that are done, in the process of the search; a worker knows of none but its own.

    Parameters
    ----------
    n_fits : int, default=0
        How many there will be; 0: nobody knows.
    """

    def __init__(self, n_fits: int = 0) -> None:
        self._n_fits, self._n_done = n_fits, 0
        self._begin, self._lock = perf_counter(), threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Countdown, ()

    def after(self, n_fits: int) -> str:
        """Return what to add to a line when so many more are done, as long as some are left."""
        with self._lock:
            self._n_done += n_fits
            n_left = self._n_fits - self._n_done
            if n_left <= 0:
                return ""
            return (
                f", about {duration((perf_counter() - self._begin) / self._n_done * n_left)} left"
            )
