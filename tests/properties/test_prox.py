"""What holds for every proximal operator."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skopt_suite._component import stack
from skopt_suite.backends import Placement
from skopt_suite.penalties import L1, L2, ElasticNet

NUMPY = Placement(np)

numbers = st.floats(-1e3, 1e3)
weights = arrays(np.float64, (1, 6), elements=numbers)
step_sizes = arrays(np.float64, st.sampled_from([(1, 1), (1, 6)]), elements=st.floats(1e-6, 10.0))
penalties = st.one_of(
    st.builds(L1, alpha=st.floats(0, 10), positive=st.booleans()),
    st.builds(L2, alpha=st.floats(0, 10), positive=st.just(True)),
    st.builds(ElasticNet, alpha=st.floats(0, 10), l1_ratio=st.floats(0, 1), positive=st.booleans()),
)


@given(penalties, weights, weights, step_sizes)
def test_prox_is_firmly_non_expansive(penalty, a, b, step_size):
    """In the metric of the step sizes: ``‖p - q‖² <= <a - b, p - q>``."""
    stacked = stack([penalty], NUMPY)
    p, q = stacked.prox(a.copy(), step_size), stacked.prox(b.copy(), step_size)
    moved, distance = p - q, a - b
    slack = 1e-9 * (1 + (distance**2 / step_size).sum())
    assert (moved**2 / step_size).sum() <= (moved * distance / step_size).sum() + slack
    assert (abs(moved) <= abs(distance) * (1 + 1e-12) + 1e-12).all()


@given(penalties, weights, step_sizes)
def test_prox_does_not_raise_the_penalty(penalty, a, step_size):
    stacked = stack([penalty], NUMPY)
    before = stacked.nonsmooth_value(a)
    after = stacked.nonsmooth_value(stacked.prox(a.copy(), step_size))
    assert (after <= before * (1 + 1e-12)).all()
