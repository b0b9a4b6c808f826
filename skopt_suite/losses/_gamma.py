"""Positive quantities with errors that grow with them."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, namespace
from skopt_suite.losses._hessian import Hessian
from skopt_suite.losses._log_link import LogLink, log_mean, refuse


class Gamma(LogLink):
    """Half the gamma deviance with a log link: positive quantities, errors in proportion.

    ``exp(-d) - 1 + d`` with ``d = raw - log(y)``, summed over outputs. Targets are positive, and
    ``predict`` returns ``exp(raw)``, their mean.

    See Also
    --------
    Tweedie : Variances like any power of the mean, and zeros.
    Poisson : Counts.
    SquaredError : Targets of any sign.

    References
    ----------
    P. McCullagh and J. Nelder, "Generalized Linear Models", 2nd edition, 1989, chapter 8.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(loss="gamma")
    """

    scratch_arrays = 5

    def check_targets(self, y: np.ndarray) -> None:
        """Raise `ValueError` if there are targets that are not positive."""
        if (y <= 0).any():
            raise refuse("'gamma'", "> 0", y)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp = namespace(raw)
        distance = raw - xp.log(y)
        excess = xp.expm1(-distance)
        return xp.sum(excess + distance, axis=-1), -excess

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return ``y * exp(-raw)``."""
        return Hessian(y * namespace(raw).exp(-raw))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the logarithm of the mean."""
        return log_mean(y, weight)
