"""Orders of rows in epochs are drawn independently of one another."""

from itertools import pairwise

import numpy as np
import pytest

from skopt_suite.backends import Placement
from skopt_suite.training._orders import shuffled


@pytest.mark.parametrize("seed", [0, 7])
def test_no_order_goes_on_with_what_another_was_drawn_from(seed):
    orders = [shuffled(1000, seed, epoch, Placement(np)) for epoch in range(4)]
    for first, second in pairwise(orders):
        agree = [np.mean(first == np.roll(second, shift)) for shift in range(-50, 51)]
        assert max(agree) < 0.01
    assert all((np.sort(order) == np.arange(1000)).all() for order in orders)
