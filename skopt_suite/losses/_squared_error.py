"""Least squares."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, namespace
from skopt_suite.losses._base import RegressionLoss
from skopt_suite.losses._baseline import mean
from skopt_suite.losses._hessian import Hessian


class SquaredError(RegressionLoss):
    """Half the squared error: least squares.

    ``(raw - y)² / 2``, summed over outputs (targets are independent problems).

    See Also
    --------
    Huber : Outliers do not dominate.
    AbsoluteError : Predicts the median.
    Gamma : Errors in proportion, for positive targets.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(loss="squared_error")
    """

    scratch_arrays = 2
    is_of_residuals = True
    is_quadratic = True

    def curvature(self) -> float:
        """Return 1."""
        return 1.0

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        residual = raw - y
        return namespace(raw).vecdot(residual, residual) / 2, residual

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return 1."""
        return Hessian(namespace(raw).ones_like(raw))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the mean."""
        return mean(y, weight)
