"""A function as a schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Function
from skopt_suite.schedules._base import Schedule


class FromFunction(Schedule):
    """Any function of time as a schedule.

    It has no name, for it needs a function.

    Parameters
    ----------
    function : callable
        Called as ``function(time, horizon)`` with arrays that broadcast: epochs since the start of
        training, and those that the fit may last (``max_iter``). It returns the factor, elementwise
        and not negative. It must be one that can be pickled: defined with ``def`` in a module, not
        a lambda.

    See Also
    --------
    Schedule : The base class, for what reacts to the loss or has parameters to tune.
    Product : The product of two schedules.
    Then : One schedule after the other.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import FromFunction
    >>> def square_root(time, horizon):
    ...     return (1 + time) ** -0.5
    >>> clf = MLPClassifier(schedule=FromFunction(square_root))
    """

    parameters = {"function": Function()}

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        self.function = function

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return what the function returns."""
        xp = namespace(horizon)
        ones = xp.ones_like(horizon)
        factor = self.function(time * ones, horizon) * ones
        if not xp.all((factor >= 0) & xp.isfinite(factor)):
            name = getattr(self.function, "__name__", repr(self.function))
            raise ValueError(
                f"FromFunction: function must return finite numbers of at least 0; {name}(time, "
                f"horizon) returned {factor!r}."
            )
        return factor
