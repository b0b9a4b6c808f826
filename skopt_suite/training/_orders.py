"""Orders of rows in epochs: functions of a seed and the number of the epoch."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import Array, Placement

_APART = 128  # bits: what is drawn in one epoch does not overlap with the next


class Shuffles:
    """Orders of rows, of which the next can be drawn while a device works.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    seed : int
        What the orders are drawn from, with the number of the epoch.
    placement : Placement
        Where they are wanted.
    """

    def __init__(self, n_samples: int, seed: int, placement: Placement) -> None:
        self.given = n_samples, seed, placement
        self.drawn: dict[int, Array] = {}

    def draw(self, epoch: int) -> None:
        """Draw the order of an epoch before it is wanted."""
        n_samples, seed, placement = self.given
        self.drawn[epoch] = shuffled(n_samples, seed, epoch, placement)

    def of(self, epoch: int) -> Array:
        """Return the order of an epoch."""
        if epoch not in self.drawn:
            self.draw(epoch)
        return self.drawn.pop(epoch)


def shuffled(n_samples: int, seed: int, epoch: int, placement: Placement) -> Array:
    """Return the order of the rows in an epoch: a function of seed and epoch, (n_samples,)."""
    bits = np.random.Philox(key=seed, counter=epoch << _APART)
    return placement.asarray(np.random.Generator(bits).permutation(n_samples))
