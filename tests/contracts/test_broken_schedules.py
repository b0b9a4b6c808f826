"""Broken schedules are told what is wrong with them."""

import numpy as np
import pytest

from skopt_suite.schedules import (
    Constant,
    ReduceOnPlateau,
    Schedule,
)
from skopt_suite.testing import check_schedule


class Negative(Schedule):
    def factor_at(self, state, time, horizon):
        return 1 - time / horizon


class Scalar(Schedule):
    def factor_at(self, state, time, horizon):
        return 1.0


class Infinite(Schedule):
    def factor_at(self, state, time, horizon):
        return np.where(time > 20, np.inf, 1.0) * np.ones_like(horizon)


class SharedHorizon(Schedule):
    def factor_at(self, state, time, horizon):
        return np.clip(1 - time / horizon.max(), 0, None) * np.ones_like(horizon)


class NumberOfTime(Schedule):
    """Does not take one time per fit, as `Warmup` gives."""

    def factor_at(self, state, time, horizon):
        return np.full_like(horizon, 0.5 ** np.max(time) if np.ndim(time) == 0 else 1.0)


class ForgetfulPlateau(ReduceOnPlateau):
    def observe(self, state, loss):
        return tuple(super().observe(state, loss))[:2]


class Momentous(Constant):
    moves_momentum = True

    def momentum_at(self, state, time, horizon):
        return 1.1 - np.clip(time / horizon, 0, 1)


class Unannounced(Constant):
    def momentum_at(self, state, time, horizon):
        return 0.5 * np.ones_like(horizon)


class CountingCalls(Constant):
    def factor_at(self, state, time, horizon):
        self.n_calls = getattr(self, "n_calls", 0) + 1
        return super().factor_at(state, time, horizon)


@pytest.mark.parametrize(
    "schedule, message",
    [
        (Negative(), r"Negative\.factor_at must not be negative; got .* at time 10\.25"),
        (Scalar(), r"Scalar\.factor_at\(time=0\) must be an array of shape \(3, 1\); got \(\)"),
        (Infinite(), r"Infinite\.factor_at\(time=20\.25\) must be finite"),
        (SharedHorizon(), "a fit in a stack must get the same factors as alone"),
        (NumberOfTime(), "must give the same for a number as for an array"),
        (Momentous(), r"Momentous\.momentum_at must be in \[0, 1\), or NaN; got .* at time 0\."),
        (Unannounced(), r"momentum_at must return None where moves_momentum is False; got"),
        (ForgetfulPlateau(), "observe must return a state like that of init"),
        (CountingCalls(), "must not change the object, but its attribute 'n_calls' changed"),
    ],
    ids=repr,
)
def test_broken_schedule(schedule, message):
    with pytest.raises(AssertionError, match=message):
        check_schedule(schedule)
