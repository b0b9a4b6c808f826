"""A smooth loss between least squares and least absolute deviations."""

from __future__ import annotations

import math

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, namespace
from skopt_suite.losses._base import RegressionLoss
from skopt_suite.losses._baseline import zero_of_slopes
from skopt_suite.losses._hessian import Hessian


class LogCosh(RegressionLoss):
    """Logarithm of the hyperbolic cosine of the residual.

    ``log(cosh(raw - y))``, summed over outputs: with r = raw - y about ``r² / 2`` for small
    residuals and ``|r| - log(2)`` for large ones. Small and large are next to 1, in the unit of the
    target.

    See Also
    --------
    Huber : Says from where on it is linear.
    AbsoluteError : Linear everywhere.
    SquaredError : Squared everywhere.

    References
    ----------
    P. Green, "Bayesian Reconstructions from Emission Tomography Data Using a Modified EM
    Algorithm", IEEE Transactions on Medical Imaging 9, 1990.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(loss="log_cosh")
    """

    scratch_arrays = 6
    is_of_residuals = True

    def curvature(self) -> float:
        """Return 1: that of a residual of 0."""
        return 1.0

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient, the hyperbolic tangent."""
        xp, residual = namespace(raw), raw - y
        return xp.sum(_log_cosh(xp.abs(residual)), axis=-1), xp.tanh(residual)

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return ``1 - tanh(raw - y)²``."""
        return Hessian(1 - namespace(raw).tanh(raw - y) ** 2)

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return where the hyperbolic tangents of residuals are 0 in the mean."""
        return zero_of_slopes(np.tanh, y, weight)


def _log_cosh(size: RawPredictions) -> RawPredictions:
    """Return ``log(cosh(size))`` for sizes ``>= 0``, exact to the last digits near 0, too."""
    xp = namespace(size)
    half = xp.sinh(xp.clip(size, None, 1.0) / 2)  # cosh(x) = 1 + 2 sinh(x / 2)²
    large = size + xp.log1p(xp.exp(-2 * size)) - math.log(2)
    return xp.where(size <= 1, xp.log1p(2 * half * half), large)
