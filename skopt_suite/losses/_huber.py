"""Least squares that outliers do not dominate."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.losses._base import RegressionLoss
from skopt_suite.losses._baseline import centre_of_clipped
from skopt_suite.losses._hessian import Hessian


class Huber(RegressionLoss):
    """Huber's loss: squared near zero, absolute beyond `delta`.

    With r = raw - y: ``r² / 2`` where ``|r| <= delta``, else ``delta * (|r| - delta / 2)``; summed
    over outputs.

    Parameters
    ----------
    delta : float > 0, default=1.35
        Residual, in the unit of the target, from which the loss is linear; in its deviation where
        targets are :ref:`standardised <standardize>`.

    See Also
    --------
    LogCosh : Smooth to all orders, with nothing to set.
    AbsoluteError : Linear everywhere.
    SquaredError : Squared everywhere.

    References
    ----------
    P. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35,
    1964.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.losses import Huber
    >>> reg = LinearRegressor(loss=Huber(delta=2.0))
    """

    scratch_arrays = 5
    is_of_residuals = True
    # For targets of about unit scale: from nearly the absolute error to nearly the squared one.
    parameters = {"delta": Real(0, open_low=True, search=LogUniform(0.1, 10))}

    def __init__(self, delta: float = 1.35) -> None:
        self.delta = delta

    def curvature(self) -> float:
        """Return 1: that of small residuals."""
        return 1.0

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp = namespace(raw)
        (delta,) = like(raw, self.delta)
        residual = raw - y
        clipped = xp.clip(residual, -delta, delta)  # r²/2 = c(r - c/2) for c = r
        return xp.vecdot(clipped, residual - clipped / 2), clipped

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return 1 for small residuals, 0 for large ones."""
        (delta,) = like(raw, self.delta)
        xp = namespace(raw)
        return Hessian(xp.astype(xp.abs(raw - y) <= delta, raw.dtype))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return where residuals, cut off at `delta`, are 0 in the mean."""
        return centre_of_clipped(y, weight, self.delta)
