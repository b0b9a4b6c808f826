"""Exponential decay."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Real, Uniform
from skopt_suite.schedules._base import Schedule


class Exponential(Schedule):
    """Multiply the learning rate by `gamma` per epoch, a little with every step.

    ``factor = gamma ** time``

    Parameters
    ----------
    gamma : float in (0, 1], default=0.95
        Factor per epoch.

    See Also
    --------
    Step : Falls all at once, every few epochs.
    InverseTime : Falls ever more slowly.
    Cosine : Ends at a factor that you choose.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import Exponential
    >>> clf = MLPClassifier(schedule=Exponential(gamma=0.9))
    """

    parameters = {"gamma": Real(0, 1, open_low=True, search=Uniform(0.9, 1))}

    def __init__(self, gamma: float = 0.95) -> None:
        self.gamma = gamma

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        return self.gamma ** (time * namespace(horizon).ones_like(horizon))
