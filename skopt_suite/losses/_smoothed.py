"""Losses with kinks, smoothed: parabolas of a given width in their place (Moreau envelopes)."""

from __future__ import annotations

from numbers import Real as Number
from typing import Any

import numpy as np

from skopt_suite.backends import (
    Array,
    FitColumn,
    PerSample,
    RawPredictions,
    TargetColumns,
    like,
    namespace,
)
from skopt_suite.domains import Real
from skopt_suite.losses._base import ClassificationLoss, RegressionLoss
from skopt_suite.losses._baseline import zero_of_increasing, zero_of_slopes


class SmoothedHinge(ClassificationLoss):
    """``m² / (2 width)`` for margins violated by ``m <= width``, then ``m - width / 2``."""

    scratch_arrays = 5
    is_envelope = True
    parameters = {"width": Real(0, open_low=True)}

    def __init__(self, width: float = 1.0) -> None:
        self.width = width

    def curvature(self) -> FitColumn | float:
        """Return ``1 / width``."""
        return inverse(self.width)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp, t = namespace(raw), self.signs(y, raw)
        value, slope = _rounded_corner(xp.clip(1 - t * raw, 0.0, None), self.width)
        return xp.sum(value, axis=-1), -t * slope

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return where the slopes of both sides cancel out."""
        share = self.shares(y, weight)

        def slope(raw: np.ndarray) -> np.ndarray:
            positive, negative = np.clip(np.stack([1 - raw, 1 + raw]) / self.width, 0, 1)
            return (1 - share) * negative - share * positive

        return zero_of_increasing(slope, -np.ones_like(share), np.ones_like(share))


class SmoothedEpsilonInsensitive(RegressionLoss):
    """``s² / (2 width)`` for residuals beyond epsilon by ``s <= width``, then ``s - width / 2``."""

    scratch_arrays = 6
    is_envelope = True
    parameters = {"epsilon": Real(0), "width": Real(0, open_low=True)}

    def __init__(self, epsilon: float = 0.0, width: float = 1.0) -> None:
        self.epsilon = epsilon
        self.width = width

    def curvature(self) -> FitColumn | float:
        """Return ``1 / width``."""
        return inverse(self.width)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp, residual, (epsilon,) = namespace(raw), raw - y, like(raw, self.epsilon)
        size = xp.clip(xp.abs(residual) - epsilon, 0.0, None)
        value, slope = _rounded_corner(size, self.width)
        return xp.sum(value, axis=-1), xp.sign(residual) * slope

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return where the slopes are 0 in the mean."""

        def slope(residual: np.ndarray) -> np.ndarray:
            beyond = residual - np.clip(residual, -self.epsilon, self.epsilon)
            return np.clip(beyond, -self.width, self.width)

        return zero_of_slopes(slope, y, weight)


def _rounded_corner(
    size: RawPredictions, width: Array | float
) -> tuple[RawPredictions, RawPredictions]:
    """Return sizes ``>= 0`` with the corner at 0 rounded, and the slope there."""
    xp, (width,) = namespace(size), like(size, width)
    value = xp.where(size <= width, size * size / (2 * width), size - width / 2)
    return value, xp.clip(size / width, None, 1.0)


def inverse(width: Any) -> FitColumn | float:
    """Return 1 / width, of a stack of shape (n_fits, 1)."""
    return 1 / width if isinstance(width, Number) else 1 / width[:, :, 0]
