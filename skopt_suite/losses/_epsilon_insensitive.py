"""The losses of support vector regression."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.losses._base import RegressionLoss
from skopt_suite.losses._baseline import median, zero_of_slopes
from skopt_suite.losses._hessian import Hessian
from skopt_suite.losses._kink import Kink
from skopt_suite.losses._smoothed import SmoothedEpsilonInsensitive

# For targets of about unit scale.
_EPSILON = Real(0, search=LogUniform(0.01, 1.0))


class EpsilonInsensitive(RegressionLoss):
    """Epsilon-insensitive loss: linear support vector regression.

    ``max(0, |raw - y| - epsilon)``, summed over outputs. Not smooth: L-BFGS and FISTA train on
    smoothed ones, ever closer to it.

    Parameters
    ----------
    epsilon : float >= 0, default=0.1
        Residual, in the unit of the target, up to which nothing is lost; in its deviation where
        targets are :ref:`standardised <standardize>`.

    See Also
    --------
    SquaredEpsilonInsensitive : The smooth one.
    AbsoluteError : Counts small residuals, too.
    Huber : Squared where this is 0.

    References
    ----------
    H. Drucker, C. Burges, L. Kaufman, A. Smola and V. Vapnik, "Support Vector Regression Machines",
    Advances in Neural Information Processing Systems 9, 1996.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.losses import EpsilonInsensitive
    >>> svr = LinearRegressor(loss=EpsilonInsensitive(epsilon=0.5))
    """

    scratch_arrays = 6
    is_of_residuals = True
    is_smooth = False
    has_smoothed = True
    parameters = {"epsilon": _EPSILON}

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = epsilon

    def smoothed(self, width: float) -> SmoothedEpsilonInsensitive:
        """Return it with parabolas of that width at the kinks."""
        return SmoothedEpsilonInsensitive(self.epsilon, width)

    def kinks(self, y: TargetColumns, raw: RawPredictions) -> tuple[Kink, ...]:
        """Return the two on both sides of y."""
        (epsilon,) = like(raw, self.epsilon)
        return Kink(y - epsilon, -1.0, 0.0), Kink(y + epsilon, 0.0, 1.0)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and subgradient (0 at the kinks)."""
        xp, residual = namespace(raw), raw - y
        (epsilon,) = like(raw, self.epsilon)
        beyond = xp.clip(xp.abs(residual) - epsilon, 0.0, None)
        return xp.sum(beyond, axis=-1), xp.sign(residual) * xp.sign(beyond)

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the median of where the slope changes, on both sides of every target."""
        kinks = np.concatenate([y - self.epsilon, y + self.epsilon])
        return median(kinks, None if weight is None else np.tile(weight, 2))


class SquaredEpsilonInsensitive(RegressionLoss):
    """Squared epsilon-insensitive loss: a smooth support vector regression.

    ``max(0, |raw - y| - epsilon)²``, summed over outputs.

    Parameters
    ----------
    epsilon : float >= 0, default=0.1
        Residual, in the unit of the target, up to which nothing is lost; in its deviation where
        targets are :ref:`standardised <standardize>`.

    See Also
    --------
    EpsilonInsensitive : Outliers count less.
    SquaredError : Counts small residuals, too.

    References
    ----------
    C.-H. Ho and C.-J. Lin, "Large-scale Linear Support Vector Regression", Journal of Machine
    Learning Research 13, 2012 (L2-loss SVR).

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> svr = LinearRegressor(loss="squared_epsilon_insensitive")
    """

    scratch_arrays = 5
    is_of_residuals = True
    parameters = {"epsilon": _EPSILON}

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = epsilon

    def curvature(self) -> float:
        """Return 2: that of large residuals."""
        return 2.0

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp, residual = namespace(raw), raw - y
        (epsilon,) = like(raw, self.epsilon)
        beyond = xp.clip(xp.abs(residual) - epsilon, 0.0, None)
        return xp.sum(beyond * beyond, axis=-1), 2 * xp.sign(residual) * beyond

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return 2 for large residuals, 0 for small ones."""
        xp, (epsilon,) = namespace(raw), like(raw, self.epsilon)
        return Hessian(2 * xp.astype(xp.abs(raw - y) > epsilon, raw.dtype))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return where what residuals exceed epsilon by is 0 in the mean."""

        def slope(residual: np.ndarray) -> np.ndarray:
            return residual - np.clip(residual, -self.epsilon, self.epsilon)

        return zero_of_slopes(slope, y, weight)
