"""What holds for every proximal operator."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skopt_suite._component import stack
from skopt_suite._layout import Layout
from skopt_suite.backends import to_numpy
from skopt_suite.penalties import L1, L2, Box, ElasticNet, MaxNorm, SparseGroupLasso, WeightedL1

LAYOUT = Layout.dense((6, 1))
ELEMENTWISE = {"l1", "l2", "elastic_net", "weighted_l1", "box"}

numbers = st.floats(-1e3, 1e3, allow_subnormal=False)  # those have no reciprocal
weights = arrays(np.float64, (1, 6), elements=numbers)
step_sizes = arrays(np.float64, st.sampled_from([(1, 1), (1, 6)]), elements=st.floats(1e-6, 10.0))
penalties = st.one_of(
    st.builds(L1, alpha=st.floats(0, 10), positive=st.booleans()),
    st.builds(L2, alpha=st.floats(0, 10), positive=st.just(True)),
    st.builds(ElasticNet, alpha=st.floats(0, 10), l1_ratio=st.floats(0, 1), positive=st.booleans()),
    st.builds(
        WeightedL1,
        alpha=st.floats(0, 10),
        feature_weights=st.lists(st.floats(0, 10), min_size=6, max_size=6),
        positive=st.booleans(),
    ),
    st.builds(Box, low=st.floats(-10, 0), high=st.floats(0, 10)),
    st.builds(
        SparseGroupLasso,
        alpha=st.floats(0, 10),
        l1_ratio=st.floats(0, 1),
        groups=st.sampled_from(["units", "aabbab", [[0, 1, 2, 3, 4, 5]], [[5, 1], [2]]]).map(
            lambda groups: list(groups) if groups == "aabbab" else groups
        ),
        positive=st.booleans(),
    ),
    st.builds(MaxNorm, max_norm=st.floats(1e-3, 10)),
)


class Stacked:
    """A penalty on one fit; arrays go there and come back."""

    def __init__(self, penalty, place):
        self.penalty, self.place = stack([penalty], place).on(LAYOUT), place

    def prox(self, weights, step_size):
        there = self.place.asarray(weights.copy()), self.place.asarray(step_size)
        return to_numpy(self.penalty.prox(*there))

    def nonsmooth_value(self, weights):
        return to_numpy(self.penalty.nonsmooth_value(self.place.asarray(weights.copy())))


@given(penalty=penalties, a=weights, b=weights, step_size=step_sizes)
def test_prox_is_firmly_non_expansive(place, penalty, a, b, step_size):
    """In the metric of the step sizes: ``‖p - q‖² <= <a - b, p - q>``."""
    stacked = Stacked(penalty, place)
    moved, distance = stacked.prox(a, step_size) - stacked.prox(b, step_size), a - b
    slack = 1e-9 * (1 + (distance**2 / step_size).sum())
    assert (moved**2 / step_size).sum() <= (moved * distance / step_size).sum() + slack
    if penalty.name in ELEMENTWISE:
        assert (abs(moved) <= abs(distance) * (1 + 1e-12) + 1e-12).all()


@given(penalty=penalties, a=weights, step_size=step_sizes)
def test_prox_does_not_raise_the_penalty(place, penalty, a, step_size):
    stacked = Stacked(penalty, place)
    before = stacked.nonsmooth_value(a)
    after = stacked.nonsmooth_value(stacked.prox(a, step_size))
    assert (after <= before * (1 + 1e-12)).all()
