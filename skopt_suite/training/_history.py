"""What happened in every epoch, of all fits in one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class History:
    """One number per fit and epoch; fits may begin with earlier epochs and end at different ones.

    Parameters
    ----------
    earlier : sequence of list of float
        What every fit brings along.
    """

    def __init__(self, earlier: Sequence[Sequence[float]]) -> None:
        lengths = [len(values) for values in earlier]
        self._lengths, self._longest = np.array(lengths), max(lengths, default=0)
        self._values = np.empty((len(earlier), max(16, 2 * self._longest)))
        for k, values in enumerate(earlier):
            self._values[k, : len(values)] = values

    @property
    def state(self) -> dict[str, np.ndarray]:
        """What `restore` takes."""
        n_values = int(self._lengths.max())
        return {"values": self._values[:, :n_values], "lengths": self._lengths}

    def restore(self, values: np.ndarray, lengths: np.ndarray) -> None:
        """Go on from the `state` of a history of as many fits."""
        room = np.empty((len(values), max(16, values.shape[1])))
        self._values, self._lengths = np.concatenate([values, room], axis=1), lengths
        self._longest = values.shape[1]

    def record(self, fits: np.ndarray, values: np.ndarray) -> None:
        """Add a number for each of the fits."""
        if self._longest == self._values.shape[1]:
            self._values = np.concatenate([self._values, np.empty_like(self._values)], axis=1)
        at = self._lengths[fits]
        self._values[fits, at], self._lengths[fits] = values, at + 1
        self._longest += 1  # at the most: a fit that was shorter may have got it

    def of(self, fit: int) -> list[float]:
        """Return the numbers of a fit."""
        return self._values[fit, : self._lengths[fit]].tolist()
