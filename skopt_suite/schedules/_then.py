"""One schedule after another."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.schedules._base import Schedule
from skopt_suite.schedules._nested import Composed, any_schedule, chosen


class ThenState(NamedTuple):
    """States of both schedules, and the epochs that have ended, of shape (n_fits, 1)."""

    first: State
    second: State
    n_epochs: FitColumn


class Then(Composed):
    """Follow `first` until `at`, then `second`, whose time starts there.

    A schedule that stretches over the whole fit stretches over its part of it. One that reacts to
    the loss sees the epochs that began in its part.

    Parameters
    ----------
    first : str or Schedule, default="constant"
        What comes first; its end is `at`.
    second : str or Schedule, default="cosine"
        What comes then, until the end of the fit.
    at : float > 0, default=10.0
        Epochs after which `second` takes over.

    See Also
    --------
    Product : Both at the same time.
    Warmup : A rise before any schedule.
    MultiStep : Constant factors one after the other.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import Then
    >>> clf = MLPClassifier(schedule=Then("constant", "linear", at=40), max_iter=50)
    """

    parameters = {
        "first": any_schedule(),
        "second": any_schedule(),
        "at": Real(0, open_low=True, search=LogUniform(1, 100)),
    }

    def __init__(
        self,
        first: str | Schedule = "constant",
        second: str | Schedule = "cosine",
        at: float = 10.0,
    ) -> None:
        self.first: Any = first
        self.second: Any = second
        self.at = at

    def init(self, horizon: FitColumn) -> ThenState:
        """Return the states of both at the start."""
        return ThenState(
            first=self.first.init(self._end_of_first(horizon)),
            second=self.second.init(self._remaining(horizon)),
            n_epochs=namespace(horizon).zeros_like(horizon),
        )

    def factor_at(self, state: ThenState, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor of the one whose time it is."""
        both = self._ask_both("factor_at", state, time, horizon)
        return namespace(horizon).where(time < self._end_of_first(horizon), *both)

    def momentum_at(
        self, state: ThenState, time: Array | float, horizon: FitColumn
    ) -> Array | None:
        """Return the momentum of the one whose time it is."""
        both = self._ask_both("momentum_at", state, time, horizon)
        if all(momentum is None for momentum in both):
            return None
        xp = namespace(horizon)
        first, second = (xp.nan * horizon if said is None else said for said in both)
        return xp.where(time < self._end_of_first(horizon), first, second)

    def _ask_both(
        self, what: str, state: ThenState, time: Array | float, horizon: FitColumn
    ) -> tuple[Any, Any]:
        """Return what a method of both says, each at its own time."""
        xp = namespace(horizon)
        time, at = time * xp.ones_like(horizon), self._end_of_first(horizon)
        since = xp.clip(time - at, 0.0, None)
        return (
            getattr(self.first, what)(state.first, xp.minimum(time, at), at),
            getattr(self.second, what)(state.second, since, self._remaining(horizon)),
        )

    def observe(self, state: ThenState, loss: FitColumn) -> ThenState:
        """Let the one observe in whose part the epoch began."""
        was_first = state.n_epochs < self.at
        first, second = (
            self.first.observe(state.first, loss),
            self.second.observe(state.second, loss),
        )
        return ThenState(
            first=chosen(was_first, first, state.first),
            second=chosen(was_first, state.second, second),
            n_epochs=state.n_epochs + 1.0,
        )

    def _end_of_first(self, horizon: FitColumn) -> FitColumn:
        return self.at * namespace(horizon).ones_like(horizon)

    def _remaining(self, horizon: FitColumn) -> FitColumn:
        """Return the epochs that are left for `second`, at least one."""
        return namespace(horizon).clip(horizon - self.at, 1.0, None)
