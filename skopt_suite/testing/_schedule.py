"""The check of schedules."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import State
from skopt_suite.schedules import SCHEDULES, Schedule
from skopt_suite.testing._common import (
    check_specification,
    check_state,
    expect,
    expect_array,
    expect_close,
    stacked,
    unchanged,
    variants,
)

_HORIZON = np.array([[10.0], [14.0], [25.0]])
_N_EPOCHS = 30  # longer than any horizon: partial_fit may go on
_STEPS_PER_EPOCH = 4


def check_schedule(schedule: Schedule) -> None:
    """Check that a schedule keeps the contract of `skopt_suite.schedules.Schedule`.

    It stores its parameters and does nothing else; its factor is finite, not negative and of shape
    ``(n_fits, 1)``, before and after the horizon, and so is what it says of the momentum, which is
    below 1; the state keeps its structure; and a fit in a stack gets the same as alone.

    Parameters
    ----------
    schedule : Schedule
        Object of your own class.

    Raises
    ------
    AssertionError
        If it does not; the message says what was expected.

    See Also
    --------
    check_optimizer : The same for optimizers.
    check_penalty : The same for penalties.
    check_loss : The same for losses.

    Examples
    --------
    >>> from skopt_suite.schedules import Cosine
    >>> from skopt_suite.testing import check_schedule
    >>> check_schedule(Cosine(final_factor=0.1))
    """
    check_specification(schedule, Schedule)
    with unchanged(schedule):
        resolved: Schedule = SCHEDULES.resolve(schedule, owner="check_schedule")
        specifications = variants(resolved)
        together = _factors(specifications, _HORIZON)
        for k, specification in enumerate(specifications):
            alone = _factors([specification], _HORIZON[k : k + 1])
            expect_close(
                together[:, k],
                alone[:, 0],
                f"{type(schedule).__name__}: a fit in a stack must get the same factors as alone. "
                "Hyperparameters, time and horizon are arrays of shape (n_fits, 1).",
                rtol=1e-12,
            )


def _factors(specifications: list[Schedule], horizon: np.ndarray) -> np.ndarray:
    """Return factors and momenta of a whole training, (2 n_steps, n_fits), each checked."""
    schedule, n_fits = stacked(specifications), len(specifications)
    owner, factors = type(schedule).__name__, []
    with unchanged(schedule):
        state = schedule.init(horizon)
        structure = check_state(state, f"{owner}.init", n_fits)
        for epoch in range(_N_EPOCHS):
            for step in range(_STEPS_PER_EPOCH):
                now = state, epoch + step / _STEPS_PER_EPOCH, horizon
                factors += [_factor(schedule, *now), _momentum(schedule, *now)]
            state = schedule.observe(state, np.full((n_fits, 1), max(0.1, 1 - epoch / 5)))
            expect(
                check_state(state, f"{owner}.observe", n_fits) == structure,
                f"{owner}.observe must return a state like that of init: the same fields, shapes "
                f"and precisions; got {state!r}.",
            )
    return np.array(factors)


def _factor(schedule: Schedule, state: State, time: float, horizon: np.ndarray) -> np.ndarray:
    owner, shape = type(schedule).__name__, horizon.shape
    factor = schedule.factor_at(state, time, horizon)
    expect_array(factor, f"{owner}.factor_at(time={time:g})", shape, "float64")
    expect(
        (factor >= 0).all(),
        f"{owner}.factor_at must not be negative; got {factor.tolist()} at time {time:g}.",
    )
    per_fit = schedule.factor_at(state, np.full(shape, time), horizon)
    _expect_same(per_fit, factor, f"{owner}.factor_at")
    return factor[:, 0]


def _momentum(schedule: Schedule, state: State, time: float, horizon: np.ndarray) -> np.ndarray:
    """Return the momentum, -1 where the optimizer keeps its own."""
    owner = f"{type(schedule).__name__}.momentum_at"
    said: Any = schedule.momentum_at(state, time, horizon)
    expect(
        said is None or schedule.moves_momentum,
        f"{owner} must return None where moves_momentum is False; got {said!r}.",
    )
    if said is None:
        return np.full(len(horizon), -1.0)
    momentum = np.where(np.isnan(said), -1.0, said)
    expect_array(momentum, f"{owner}(time={time:g})", horizon.shape, "float64")
    expect(
        ((momentum >= 0) | np.isnan(said)).all() and (momentum < 1).all(),
        f"{owner} must be in [0, 1), or NaN; got {said.tolist()} at time {time:g}.",
    )
    per_fit: Any = schedule.momentum_at(state, np.full(horizon.shape, time), horizon)
    _expect_same(np.where(np.isnan(per_fit), -1.0, per_fit), momentum, owner)
    return momentum[:, 0]


def _expect_same(per_fit: np.ndarray, at_once: np.ndarray, what: str) -> None:
    expect_close(
        per_fit,
        at_once,
        f"{what} must give the same for a number as for an array (n_fits, 1) of times.",
        rtol=1e-12,
    )
