"""Distributions whose variance is a power of their mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import Array, PerSample, RawPredictions, TargetColumns, like, namespace
from skopt_suite.domains import Real, Uniform
from skopt_suite.losses._hessian import Hessian
from skopt_suite.losses._log_link import LogLink, log_mean, log_of_positive, refuse


class _Power(Real):
    """A number for which there is a distribution."""

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` is a finite number outside of (0, 1)."""
        super().check(owner, name, value)
        if 0 < value < 1:
            raise ValueError(f"{owner}: {name} must be {self}; got {value!r}.")

    def __str__(self) -> str:
        return "a number <= 0 or >= 1"


class Tweedie(LogLink):
    """Half the Tweedie deviance with a log link: variances like a power of the mean.

    With p = `power`, μ = exp(raw) and ``y > 0``, summed over outputs::

        y^(2-p) / ((1-p) (2-p)) - y μ^(1-p) / (1-p) + μ^(2-p) / (2-p)

    and its limits for p = 1, which is the Poisson deviance, and p = 2, the gamma deviance. Between
    them, targets are 0 or positive, such as the costs of insurance claims. ``predict`` returns μ.
    Convex for p in [1, 2].

    Parameters
    ----------
    power : float <= 0 or >= 1, default=1.5
        Power p. Targets are any numbers for ``p <= 0``, at least 0 for ``1 <= p < 2`` and positive
        for ``p >= 2``. 3 is the inverse Gaussian; 0 is ``(y - μ)² / 2``.

    See Also
    --------
    Poisson : The power 1.
    Gamma : The power 2.

    References
    ----------
    B. Jørgensen, "Exponential Dispersion Models", Journal of the Royal Statistical Society B 49,
    1987.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.losses import Tweedie
    >>> reg = LinearRegressor(loss=Tweedie(power=1.9))
    """

    scratch_arrays = 13
    parameters = {"power": _Power(search=Uniform(1.1, 1.9))}

    def __init__(self, power: float = 1.5) -> None:
        self.power = power

    def check_targets(self, y: np.ndarray) -> None:
        """Raise `ValueError` if there are targets outside of the range of the distribution."""
        if self.power >= 2 and (y <= 0).any():
            raise refuse(f"'tweedie' with power={self.power:g}", "> 0", y)
        if 1 <= self.power < 2 and (y < 0).any():
            raise refuse(f"'tweedie' with power={self.power:g}", ">= 0", y)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp, (below, above) = namespace(raw), self._exponents(raw)
        of_mean = xp.exp(below * raw), xp.exp(above * raw)
        of_positive, of_others = self._positive(y, raw, *of_mean), self._others(y, raw, *of_mean)
        value, gradient = (
            xp.where(y > 0, one, other) for one, other in zip(of_positive, of_others, strict=True)
        )
        return xp.sum(value, axis=-1), gradient

    def _positive(
        self, y: TargetColumns, raw: RawPredictions, low: RawPredictions, high: RawPredictions
    ) -> tuple[RawPredictions, RawPredictions]:
        """Return values and gradients where ``y > 0``, from ``μ^(1-p)`` and ``μ^(2-p)``."""
        xp, (below, above) = namespace(raw), self._exponents(raw)
        logarithm = log_of_positive(y)
        distance, start = raw - logarithm, xp.exp(above * logarithm)
        gradient = _increase(y * low, distance, high)
        low = _increase(start, below * distance, y * low)
        high = _increase(start, above * distance, high)
        limit = start * distance
        value = _quotient(high, above, limit) - _quotient(low, below, limit)
        is_infinite = xp.isinf(high) & xp.isinf(low) & (below * above > 0)
        value = xp.where(is_infinite, xp.abs(high), value)
        return value, xp.where(is_infinite, xp.sign(distance) * xp.abs(high), gradient)

    def _others(
        self, y: TargetColumns, raw: RawPredictions, low: RawPredictions, high: RawPredictions
    ) -> tuple[RawPredictions, RawPredictions]:
        """Return values and gradients where ``y <= 0``, from ``μ^(1-p)`` and ``μ^(2-p)``."""
        xp, (below, above) = namespace(raw), self._exponents(raw)
        slope = xp.where(y < 0, -y * low, xp.zeros_like(low))
        square = xp.where(below == 1, y * y / 2, 0 * y)
        of_slope = _quotient(slope, below, 0 * slope)
        return _quotient(high, above, raw) + of_slope + square, high + slope

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return ``(2-p) μ^(2-p) - (1-p) y μ^(1-p)``."""
        xp, (below, above) = namespace(raw), self._exponents(raw)
        falling = below * y * xp.exp(below * raw)
        falling = xp.where(y != 0, falling, xp.zeros_like(falling))
        return Hessian(above * xp.exp(above * raw) - falling)

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the logarithm of the mean."""
        return log_mean(y, weight)

    def _exponents(self, raw: RawPredictions) -> tuple[Array, Array]:
        """Return 1 - p and 2 - p, arrays that broadcast against raw predictions."""
        one = namespace(raw).ones_like(raw[:1, :1, :1])
        below, above = like(raw, 1 - self.power, 2 - self.power)
        return one * below, one * above


def _increase(start: Array, exponent: Array, end: Array) -> Array:
    """Return ``end - start`` where ``end = start exp(exponent)``, exact where that is near."""
    xp = namespace(start)
    is_near = xp.abs(exponent) < 1
    near = start * xp.expm1(xp.where(is_near, exponent, xp.zeros_like(exponent)))
    return xp.where(is_near, near, end - start)


def _quotient(power_less_one: Array, exponent: Array, limit: Array) -> Array:
    """Return ``(exp(a x) - 1) / a``, the limit x where a is 0."""
    xp = namespace(limit)
    divisor = xp.where(exponent == 0, xp.ones_like(exponent), exponent)
    return xp.where(exponent == 0, limit, power_less_one / divisor)
