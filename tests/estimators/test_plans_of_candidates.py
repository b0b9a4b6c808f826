"""What parameters say is found once for all that say the same."""

import numpy as np
import pytest

from skopt_suite import LinearRegressor
from skopt_suite.estimators._prepare import plan_of
from skopt_suite.losses import Huber
from skopt_suite.optimizers import LBFGS
from skopt_suite.penalties import L1


def plan_with(alpha):
    return plan_of(LinearRegressor(penalty=L1(alpha), random_state=0))


@pytest.mark.parametrize("kind", [float, int, np.float64, np.float32, np.int64])
def test_plans_share_components_of_numbers_of_any_kind(kind):
    assert plan_with(kind(3)).penalty is plan_with(kind(3)).penalty
    assert type(plan_with(kind(3)).penalty.alpha) is kind
    assert plan_with(kind(3)).penalty is not plan_with(kind(4)).penalty


def test_numbers_that_can_be_changed_are_looked_at_anew():
    alpha = np.array([0.1, 0.2])
    before = plan_with(alpha)
    alpha[0] = 7.0
    assert plan_with(alpha).penalty is not before.penalty


def test_plan_for_rows_is_the_same_as_long_as_they_ask_for_the_same():
    plan, optimizer = plan_with(0.1), LBFGS()
    one = plan.settled(optimizer, False, "auto")
    assert one is plan.settled(optimizer, False, "auto")
    assert one is one.settled(optimizer, False, "auto")
    other = plan.settled(optimizer, False, 32)
    assert (other.batch_size, one.batch_size) == (32, "auto")
    assert other.key != one.key
    assert plan.settled(LBFGS(history_size=3), False, "auto").optimizer.history_size == 3


def test_copies_of_plans_do_not_take_over_what_was_found():
    plan = plan_with(0.1)
    plan.settled(LBFGS(), False, 32)
    changed = plan.changed(loss=Huber(0.5))
    assert changed.loss_content != plan.loss_content
    assert changed.key != plan.key
    assert changed.settled(plan.optimizer, plan.early_stopping, plan.batch_size) is changed
