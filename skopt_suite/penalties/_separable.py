"""Penalties that are a sum over weights of ``l1 |w| + l2 / 2 w²``, maybe on ``w ≥ 0``."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from skopt_suite._separable import Separable
from skopt_suite.backends import FitColumn, FlatWeights, PerFit, like, namespace
from skopt_suite.penalties._base import (
    Penalty,
    add_scaled,
    scaled_square,
    scaled_sum,
    soft_threshold,
)


class SeparablePenalty(Penalty):
    """Base of the penalties that say their strengths, from which all else follows."""

    @abstractmethod
    def _strengths(self) -> Separable:
        """Return the strengths, and whether weights are kept from being negative."""

    @property
    def needs_step_size(self) -> bool:
        """False: it is linearised."""
        return False

    def separable(self) -> Separable | None:
        """Return the penalty as data."""
        return self._strengths()

    def smooth_value(self, weights: FlatWeights) -> PerFit:
        """Return ``Σ_j l2_j / 2 w_j²``."""
        return scaled_square(self._strengths().l2, weights) / 2

    def gradient(self, weights: FlatWeights) -> FlatWeights:
        """Return ``l2 * w``."""
        (l2,) = like(weights, self._strengths().l2)
        return l2 * weights

    def add_gradient(self, total: FlatWeights, weights: FlatWeights) -> FlatWeights:
        """Return ``total + gradient(weights)`` in one pass."""
        return add_scaled(total, weights, *like(weights, self._strengths().l2))

    def curvature(self) -> FitColumn | float | None:
        """Return ``l2`` if it is one number for all weights."""
        l2 = self._strengths().l2
        if l2 is None:
            return 0.0
        is_one = np.ndim(l2) == 0 or np.shape(l2)[-1] == 1
        return l2 if is_one else None

    def nonsmooth_value(self, weights: FlatWeights) -> PerFit:
        """Return ``Σ_j l1_j |w_j|``; the constraint counts for nothing."""
        xp, l1 = namespace(weights), self._strengths().l1
        return xp.zeros_like(weights[:, 0]) if l1 is None else scaled_sum(l1, xp.abs(weights))

    def prox(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> FlatWeights:
        """Return the weights soft-thresholded at ``l1 * step_size``, without a negative part."""
        l1, _, is_positive = self._strengths()
        threshold = 0.0
        if l1 is not None:
            l1, step_size = like(weights, l1, step_size)
            threshold = l1 * step_size
        if is_positive:
            return namespace(weights).clip(weights - threshold, 0.0, None)
        return soft_threshold(weights, threshold)
