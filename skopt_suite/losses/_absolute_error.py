"""Least absolute deviations."""

from __future__ import annotations

from skopt_suite.backends import Array, namespace
from skopt_suite.losses._base import RegressionLoss


class AbsoluteError(RegressionLoss):
    """Absolute error: regression of the median.

    ``|raw - y|``, summed over outputs. Not smooth, so neither L-BFGS nor FISTA take it.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(loss="absolute_error", optimizer="adam")
    """

    scratch_arrays = 2
    is_smooth = False

    def value_and_gradient(self, y: Array, raw: Array) -> tuple[Array, Array]:
        """Return loss and subgradient (0 at the kink)."""
        xp = namespace(raw)
        residual = raw - y
        return xp.sum(xp.abs(residual), axis=-1), xp.sign(residual)
