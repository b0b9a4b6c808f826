"""Cosine annealing with warm restarts."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.schedules._base import Schedule
from skopt_suite.schedules._shapes import half_cosine

_ROUNDING = 1e-9


class CosineRestarts(Schedule):
    """Fall along half a cosine again and again, each time for longer: SGDR.

    ``factor = final_factor + (1 - final_factor) * (1 + cos(π * passed)) / 2``, where ``passed`` is
    the share of the period that has passed. Period i lasts ``period * growth ** i`` epochs.

    Parameters
    ----------
    period : float > 0, default=10.0
        Epochs that the first fall lasts, T₀ of the paper.
    growth : float >= 1, default=2.0
        How many times as long as the period before each period is, T_mult of the paper.
    final_factor : float in [0, 1], default=0.0
        Factor at the end of each fall.

    See Also
    --------
    Cosine : Falls once.
    Cyclic : Rises as slowly as it falls.
    Then : Any schedules one after the other.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
    ICLR 2017, equation 5.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import CosineRestarts
    >>> clf = MLPClassifier(schedule=CosineRestarts(period=10), max_iter=10 + 20 + 40)
    """

    parameters = {
        "period": Real(0, open_low=True, search=LogUniform(1, 50)),
        "growth": Real(1),
        "final_factor": Real(0, 1),
    }

    def __init__(
        self, period: float = 10.0, growth: float = 2.0, final_factor: float = 0.0
    ) -> None:
        self.period = period
        self.growth = growth
        self.final_factor = final_factor

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        n_first_periods = time * namespace(horizon).ones_like(horizon) / self.period
        fall = half_cosine(_passed(n_first_periods, self.growth))
        return self.final_factor + (1.0 - self.final_factor) * fall


def _passed(time: Array, growth: FitColumn) -> Array:
    """Return the share of its period that has passed at `time`, counted in first periods."""
    xp = namespace(time)
    grows = growth > 1.0
    excess = xp.where(grows, growth - 1.0, _ROUNDING)
    index = xp.where(grows, xp.log1p(time * excess) / xp.log1p(excess), time)
    index = xp.floor(index + _ROUNDING)
    begin = xp.where(grows, xp.expm1(index * xp.log1p(excess)) / excess, index)
    return xp.clip((time - begin) / growth**index, 0.0, 1.0)
