"""What holds for every schedule."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skopt_suite._component import stack
from skopt_suite.backends import Placement
from skopt_suite.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Cyclic,
    Exponential,
    InverseTime,
    Invscaling,
    Linear,
    MultiStep,
    Noam,
    OneCycle,
    Optimal,
    Polynomial,
    Product,
    Schedule,
    Step,
    Then,
    Warmup,
    WarmupStableDecay,
)

NUMPY = Placement(np)

shares = st.floats(0, 1)
shares_above_zero = st.floats(1e-3, 1)

n_epochs = st.one_of(st.none(), st.floats(0.1, 100))
simple_schedules = st.one_of(
    st.just(Constant()),
    st.builds(Step, step_size=st.integers(1, 50), gamma=shares_above_zero),
    st.builds(Exponential, gamma=shares_above_zero),
    st.builds(InverseTime, decay=st.floats(0, 100), power=st.floats(1e-3, 3)),
    st.builds(Invscaling, power=st.floats(1e-3, 3), rows_per_epoch=st.floats(1, 1e6)),
    st.builds(Optimal, alpha=st.floats(1e-8, 100), rows_per_epoch=st.floats(1, 1e6)),
    st.builds(Polynomial, power=st.floats(1e-3, 5), final_factor=shares, n_epochs=n_epochs),
    st.builds(Cosine, final_factor=shares, n_epochs=n_epochs),
    st.builds(Linear, final_factor=shares, n_epochs=n_epochs),
    st.builds(MultiStep, st.lists(st.floats(0.1, 300), min_size=1), gamma=shares_above_zero),
)
rising_schedules = st.one_of(
    st.builds(Linear, start_factor=shares, final_factor=shares, n_epochs=n_epochs),
    st.builds(
        CosineRestarts,
        period=st.floats(0.1, 100),
        growth=st.one_of(st.just(1.0), st.floats(1, 4)),
        final_factor=shares,
    ),
    st.builds(
        OneCycle,
        rise=st.floats(1e-3, 0.999),
        start_factor=shares,
        final_factor=shares,
        shape=st.sampled_from(["cosine", "linear"]),
        n_epochs=n_epochs,
    ),
    st.builds(
        Cyclic,
        step_size=st.floats(0.1, 100),
        low_factor=shares,
        mode=st.sampled_from(["triangular", "triangular2", "exp_range"]),
        gamma=shares_above_zero,
    ),
    st.builds(
        WarmupStableDecay,
        warmup=shares,
        decay=shares_above_zero,
        final_factor=shares,
        shape=st.sampled_from(["sqrt", "linear", "cosine"]),
    ),
    st.builds(Noam, n_epochs=st.floats(0.1, 100)),
)
schedules = st.one_of(
    simple_schedules,
    rising_schedules,
    st.builds(Product, simple_schedules, rising_schedules),
    st.builds(Then, simple_schedules, rising_schedules, at=st.floats(0.1, 200)),
    st.builds(
        Warmup, simple_schedules, n_epochs=st.floats(0.1, 20), start_factor=shares_above_zero
    ),
)


@given(schedules, st.floats(0, 300), st.integers(1, 200))
def test_schedules_stay_between_0_and_1(schedule, time, max_iter):
    stacked, horizon = stack([schedule], NUMPY), np.array([[float(max_iter)]])
    factor = stacked.factor_at(stacked.init(horizon), time, horizon)
    assert factor.shape == (1, 1)
    assert -1e-15 <= factor[0, 0] <= 1 + 1e-12


@given(simple_schedules, st.lists(st.floats(0, 300), min_size=2, max_size=10))
def test_schedules_without_warmup_never_rise(schedule, times):
    stacked, horizon = stack([schedule], NUMPY), np.array([[50.0]])
    factors = [stacked.factor_at(None, time, horizon)[0, 0] for time in sorted(times)]
    assert factors[0] <= 1 + 1e-12
    assert (np.diff(factors) <= 1e-12).all()


class Half(Schedule):
    """Both the factor and the momentum are the same for all fits at all times."""

    def factor_at(self, state, time, horizon):
        return 0.5

    def momentum_at(self, state, time, horizon):
        return 0.5


def test_a_schedule_may_return_one_number():
    given = None, np.arange(3.0), np.full((2, 1), 10.0)
    for found in (Half().factors(*given), Half().momenta(*given)):
        np.testing.assert_array_equal(found, np.full((2, 3), 0.5), strict=True)
