"""Linear warm-up, then any other schedule."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.schedules._base import Schedule
from skopt_suite.schedules._nested import Composed, any_schedule, chosen


class WarmupState(NamedTuple):
    """The state of the schedule that follows, and the epochs that have ended, (n_fits, 1)."""

    schedule: State
    n_epochs: FitColumn


class Warmup(Composed):
    """Rise linearly from `start_factor` to 1, then follow `schedule`, whose time starts there.

    If that reacts to the loss, it sees the epochs that began after the rise.

    Parameters
    ----------
    schedule : str or Schedule, default="constant"
        What follows the warm-up.
    n_epochs : float > 0, default=1.0
        Epochs that the rise lasts.
    start_factor : float in (0, 1], default=0.1
        Factor of the first step.

    See Also
    --------
    Then : Any schedule before another.
    WarmupStableDecay : A rise, a plateau and a fall.
    Noam : A rise and a decay in one formula.
    skopt_suite.optimizers.RAdam : Adam that needs no warmup.

    References
    ----------
    P. Goyal et al., "Accurate, Large Minibatch SGD", arXiv:1706.02677, 2017, section 2.2.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import Warmup
    >>> clf = MLPClassifier(schedule=Warmup("cosine", n_epochs=5))
    """

    parameters = {
        "schedule": any_schedule(),
        "n_epochs": Real(0, open_low=True, search=LogUniform(0.5, 10)),
        "start_factor": Real(0, 1, open_low=True),
    }

    def __init__(
        self,
        schedule: str | Schedule = "constant",
        n_epochs: float = 1.0,
        start_factor: float = 0.1,
    ) -> None:
        self.schedule: Any = schedule
        self.n_epochs = n_epochs
        self.start_factor = start_factor

    def init(self, horizon: FitColumn) -> WarmupState:
        """Return the state of the schedule that follows, at its start."""
        state = self.schedule.init(self._remaining(horizon))
        return WarmupState(state, namespace(horizon).zeros_like(horizon))

    def factor_at(self, state: WarmupState, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor of the warm-up times that of the schedule that follows."""
        xp, remaining = namespace(horizon), self._remaining(horizon)
        risen = xp.clip(time / self.n_epochs, 0.0, 1.0) * xp.ones_like(horizon)
        after = self.schedule.factor_at(state.schedule, self._since(time, horizon), remaining)
        return (self.start_factor + (1.0 - self.start_factor) * risen) * after

    def momentum_at(
        self, state: WarmupState, time: Array | float, horizon: FitColumn
    ) -> Array | None:
        """Return that of the schedule that follows, where it begins during the warm-up."""
        remaining = self._remaining(horizon)
        return self.schedule.momentum_at(state.schedule, self._since(time, horizon), remaining)

    def observe(self, state: WarmupState, loss: FitColumn) -> WarmupState:
        """Let the schedule that follows observe, if the epoch began in its time."""
        after = self.schedule.observe(state.schedule, loss)
        is_warm = state.n_epochs >= self.n_epochs
        return WarmupState(chosen(is_warm, after, state.schedule), state.n_epochs + 1.0)

    def _since(self, time: Array | float, horizon: FitColumn) -> Array:
        """Return the time since the warm-up, which fits of a stack may end at different times."""
        xp = namespace(horizon)
        return xp.clip(time - self.n_epochs * xp.ones_like(horizon), 0.0, None)

    def _remaining(self, horizon: FitColumn) -> FitColumn:
        """Return the epochs after the warm-up, at least one."""
        return namespace(horizon).clip(horizon - self.n_epochs, 1.0, None)
