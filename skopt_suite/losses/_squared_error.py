"""Least squares."""

from __future__ import annotations

from skopt_suite.backends import Array, namespace
from skopt_suite.losses._base import RegressionLoss


class SquaredError(RegressionLoss):
    """Half the squared error: least squares.

    ``(raw - y)² / 2``, summed over outputs (targets are independent problems).

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(loss="squared_error")
    """

    scratch_arrays = 2
    is_quadratic = True

    def curvature(self, y: Array) -> float:
        """Return 1."""
        return 1.0

    def value_and_gradient(self, y: Array, raw: Array) -> tuple[Array, Array]:
        """Return loss and gradient."""
        residual = raw - y
        return namespace(raw).sum(residual * residual, axis=-1) / 2, residual
