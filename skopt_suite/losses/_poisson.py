"""Counts."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, namespace
from skopt_suite.losses._hessian import Hessian
from skopt_suite.losses._log_link import LogLink, log_mean, log_of_positive, refuse


class Poisson(LogLink):
    """Half the Poisson deviance with a log link: counts and frequencies.

    ``exp(raw) - y - y * (raw - log(y))``, summed over outputs; ``exp(raw)`` for y = 0. Targets are
    at least 0, and ``predict`` returns ``exp(raw)``, the expected count.

    See Also
    --------
    Tweedie : Variances like any power of the mean.
    Gamma : Positive targets, such as costs and durations.
    SquaredError : Targets of any sign.

    References
    ----------
    P. McCullagh and J. Nelder, "Generalized Linear Models", 2nd edition, 1989, chapter 6.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(loss="poisson")
    """

    scratch_arrays = 9

    def check_targets(self, y: np.ndarray) -> None:
        """Raise `ValueError` if there are negative targets."""
        if (y < 0).any():
            raise refuse("'poisson'", ">= 0", y)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp, mean = namespace(raw), namespace(raw).exp(raw)
        distance = raw - log_of_positive(y)
        near = y * (xp.expm1(distance) - distance)  # exact where counts are large
        far = mean - y - y * distance
        value = xp.where((y > 0) & (distance < 1), near, far)
        return xp.sum(value, axis=-1), mean - y

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return ``exp(raw)``."""
        return Hessian(namespace(raw).exp(raw))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the logarithm of the mean."""
        return log_mean(y, weight)
