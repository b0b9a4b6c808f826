"""Step decay."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Integer, Real, Uniform
from skopt_suite.schedules._base import Schedule


class Step(Schedule):
    """Multiply the learning rate by `gamma` every `step_size` epochs.

    ``factor = gamma ** floor(time / step_size)``

    Parameters
    ----------
    step_size : int, default=10
        Epochs between two drops.
    gamma : float in (0, 1], default=0.5
        Factor of each drop.

    See Also
    --------
    MultiStep : Falls at epochs that you choose.
    Exponential : Falls as fast, a little with every step.
    ReduceOnPlateau : Falls where nothing improves any more.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import Step
    >>> clf = MLPClassifier(schedule=Step(step_size=30, gamma=0.1))
    """

    parameters = {
        "step_size": Integer(1, fusable=True),
        "gamma": Real(0, 1, open_low=True, search=Uniform(0.1, 0.9)),
    }

    def __init__(self, step_size: int = 10, gamma: float = 0.5) -> None:
        self.step_size = step_size
        self.gamma = gamma

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor after the drops so far."""
        return self.gamma ** namespace(horizon).floor(time / self.step_size)
