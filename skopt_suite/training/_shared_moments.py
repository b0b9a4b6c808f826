"""Moments of parts of rows that several sources are made of, such as the folds of a search."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skopt_suite.backends import Array
from skopt_suite.optimizers.algebra._moments import Moments, moments, pooled


class SharedMoments:
    """Moments of parts, found by the first of several threads that asks for them.

    Other processes find their own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._found: dict[Hashable, Moments] = {}

    def __reduce__(self) -> tuple[type[SharedMoments], tuple[()]]:
        return SharedMoments, ()

    def of(self, key: Hashable, find: Callable[[], Moments]) -> Moments:
        """Return what was found under a key before, or find it."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._found:
                self._found[key] = find()
            return self._found[key]


@dataclass(frozen=True)
class Parts:
    """The parts that all rows of a source come in, and that other sources have, too."""

    places: dict[int, np.ndarray | slice]
    """Where the rows of a part are, by its number; they come in the same order everywhere."""
    shared: SharedMoments
    kind: Hashable = None
    """What sources share that see the same rows alike."""
    n_samples: int = 0

    @classmethod
    def of(cls, numbers: np.ndarray, order: np.ndarray, shared: SharedMoments) -> Parts:
        """Return the parts of rows from the number of the part of each, (n_samples,).

        `order` are numbers of rows that are the same in all sources, (n_samples,).
        """
        places = {
            int(number): _as_slice(_in_order(np.flatnonzero(numbers == number), order))
            for number in np.unique(numbers)
        }
        return cls(places, shared, n_samples=len(numbers))

    def beginning_with(self, number: int) -> Parts:
        """Return the same in another order, in which parts from a number on come first."""
        ordered = sorted(self.places, key=lambda part: (part < number, part))
        return replace(self, places={part: self.places[part] for part in ordered})

    def seen_as(self, kind: Hashable) -> Parts:
        """Return the same for rows that are seen in one way."""
        return replace(self, kind=kind)

    def moments(self, columns: Sequence[Array], centred: bool) -> Moments:
        """Return the moments of all rows, without weights, of the columns of several arrays."""

        def of_part(number: int, place: np.ndarray | slice) -> tuple[np.ndarray, Moments]:
            chosen = [array[place] for array in columns]
            key = self.kind, number, len(columns), centred
            found = self.shared.of(key, lambda: moments(chosen, None, centred))
            return np.array([float(chosen[0].shape[0])]), found

        found: Moments = pooled(of_part(*part) for part in self.places.items())
        return found


def _in_order(places: np.ndarray, order: np.ndarray) -> np.ndarray:
    return places[np.argsort(order[places], kind="stable")]


def _as_slice(places: np.ndarray) -> np.ndarray | slice:
    """Return places as a slice where they are one after the other."""
    first, last = places[0], places[-1]
    is_run = last - first == len(places) - 1 and (np.diff(places) == 1).all()
    return slice(int(first), int(last) + 1) if is_run else places
