"""The product of two schedules."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite.backends import Array, FitColumn, State
from skopt_suite.schedules._base import Schedule
from skopt_suite.schedules._nested import Composed, any_schedule


class ProductState(NamedTuple):
    """States of both schedules."""

    first: State
    second: State


class Product(Composed):
    """The product of the factors of `first` and `second`, both from the start of the fit.

    At most one of them may move the momentum.

    Parameters
    ----------
    first : str or Schedule, default="warmup"
        One factor.
    second : str or Schedule, default="cosine"
        The other.

    See Also
    --------
    Then : One after the other.
    FromFunction : Any function of time.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import Product, Step
    >>> clf = MLPClassifier(schedule=Product("cosine_restarts", Step(10)))
    """

    parameters = {"first": any_schedule(), "second": any_schedule()}

    def __init__(self, first: str | Schedule = "warmup", second: str | Schedule = "cosine") -> None:
        self.first: Any = first
        self.second: Any = second

    def init(self, horizon: FitColumn) -> ProductState:
        """Return the states of both at the start."""
        return ProductState(self.first.init(horizon), self.second.init(horizon))

    def factor_at(self, state: ProductState, time: Array | float, horizon: FitColumn) -> Array:
        """Return the product of both factors."""
        first = self.first.factor_at(state.first, time, horizon)
        return first * self.second.factor_at(state.second, time, horizon)

    def momentum_at(
        self, state: ProductState, time: Array | float, horizon: FitColumn
    ) -> Array | None:
        """Return the momentum of the one that moves it."""
        first = self.first.momentum_at(state.first, time, horizon)
        if first is not None:
            return first
        return self.second.momentum_at(state.second, time, horizon)

    def observe(self, state: ProductState, loss: FitColumn) -> ProductState:
        """Let both observe."""
        first = self.first.observe(state.first, loss)
        return ProductState(first, self.second.observe(state.second, loss))

    def _check_parameters(self) -> None:
        """Raise if both move the momentum."""
        super()._check_parameters()
        if all(schedule.moves_momentum for schedule in self._inner()):
            raise ValueError(
                "Product: first and second must not both move the momentum; got "
                f"{self.first!r} and {self.second!r}. Set cycle_momentum=False in one of them."
            )
