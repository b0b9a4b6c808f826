"""The check of schedules."""

from __future__ import annotations

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
    ``(n_fits, 1)``, before and after the horizon; the state keeps its structure; and a fit in a
    stack gets the same factors as alone.

    Parameters
    ----------
    schedule : Schedule
        Object of your own class.

    Raises
    ------
    AssertionError
        If it does not; the message says what was expected.

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
    """Return the factors of a whole training, (n_steps, n_fits), each checked."""
    schedule, n_fits = stacked(specifications), len(specifications)
    owner, factors = type(schedule).__name__, []
    with unchanged(schedule):
        state = schedule.init(horizon)
        structure = check_state(state, f"{owner}.init", n_fits)
        for epoch in range(_N_EPOCHS):
            for step in range(_STEPS_PER_EPOCH):
                factors.append(_factor(schedule, state, epoch + step / _STEPS_PER_EPOCH, horizon))
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
    expect_close(
        per_fit,
        factor,
        f"{owner}.factor_at must give the same for a number as for an array (n_fits, 1) of times.",
        rtol=1e-12,
    )
    return factor[:, 0]
