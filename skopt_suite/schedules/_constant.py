"""No schedule."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.schedules._base import Schedule


class Constant(Schedule):
    """The learning rate as it is: factor 1.

    See Also
    --------
    Cosine : Falls to 0 along half a cosine.
    ReduceOnPlateau : Stays, too, as long as the loss falls.
    Warmup : A rise before it.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> MLPClassifier(schedule="constant").schedule
    'constant'
    """

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return 1."""
        return namespace(horizon).ones_like(horizon)
