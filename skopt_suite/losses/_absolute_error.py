"""Least absolute deviations."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, namespace
from skopt_suite.losses._base import RegressionLoss
from skopt_suite.losses._baseline import median
from skopt_suite.losses._kink import Kink
from skopt_suite.losses._smoothed import SmoothedEpsilonInsensitive


class AbsoluteError(RegressionLoss):
    """Absolute error: regression of the median.

    ``|raw - y|``, summed over outputs. Not smooth: L-BFGS and FISTA train on smoothed ones, ever
    closer to it.

    See Also
    --------
    Quantile : Predicts any quantile.
    Huber : Squared near 0.
    EpsilonInsensitive : 0 near 0.
    skopt_suite.optimizers.InteriorPoint : Solves it to the end in linear models.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(loss="absolute_error", optimizer="lbfgs")
    """

    scratch_arrays = 2
    is_of_residuals = True
    is_smooth = False
    has_smoothed = True

    def smoothed(self, width: float) -> SmoothedEpsilonInsensitive:
        """Return it with a parabola of that width at the kink."""
        return SmoothedEpsilonInsensitive(0.0, width)

    def kinks(self, y: TargetColumns, raw: RawPredictions) -> tuple[Kink, ...]:
        """Return the one at y."""
        return (Kink(y, -1.0, 1.0),)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and subgradient (0 at the kink)."""
        xp = namespace(raw)
        residual = raw - y
        return xp.sum(xp.abs(residual), axis=-1), xp.sign(residual)

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the median."""
        return median(y, weight)
