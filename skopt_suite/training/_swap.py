"""How fits leave a stack: the last ones take their places, so that the others are not copied."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import Array, namespace


class Swap:
    """Moves the last fits of arrays to where others have left, in place.

    Arrays become views of their beginning. Only when less than half is left of what such a view is
    of, it is copied to be compact; so all fits of a stack can leave one by one, and no number is
    copied more often than twice.

    Parameters
    ----------
    kept : array of int
        Positions of the fits that stay, ascending.
    n_fits : int
        How many there are.
    """

    def __init__(self, kept: np.ndarray, n_fits: int) -> None:
        n_kept = len(kept)
        stays = np.zeros(n_fits, dtype=bool)
        stays[kept] = True
        holes, last = np.flatnonzero(~stays[:n_kept]), kept[kept >= n_kept]
        self.order = np.arange(n_kept)
        """Which position every fit that stays had before, (n_kept,)."""
        self.order[holes] = last
        self._moves = list(zip(holes.tolist(), last.tolist(), strict=True))

    def __call__(self, array: Array) -> Array:
        """Return the fits that stay, in the order of `order`; `array` is overwritten."""
        n_kept, whole = len(self.order), _whole(array)
        if _is_read_only(array):
            return array[self.order, ...]
        for hole, last in self._moves:
            array[hole, ...] = array[last, ...]
        left = array[:n_kept, ...]
        return namespace(array).asarray(left, copy=True) if 2 * n_kept <= whole else left


def _whole(array: Array) -> int:
    """Return how many fits there are in the memory that an array is a view of."""
    base: Any = getattr(array, "base", None)
    is_array = isinstance(base, type(array)) and base.ndim == array.ndim
    return base.shape[0] if is_array else array.shape[0]


def _is_read_only(array: Array) -> bool:
    """Whether it is NumPy's and not to be written to, as what was broadcast."""
    return isinstance(array, np.ndarray) and not array.flags.writeable
