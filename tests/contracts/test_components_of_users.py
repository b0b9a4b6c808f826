"""What users write passes the public checks, or hears what is wrong with it."""

import math
import re

import numpy as np
import pytest

from skopt_suite.domains import Real
from skopt_suite.optimizers import (
    FirstOrder,
)
from skopt_suite.penalties import Penalty
from skopt_suite.schedules import (
    Schedule,
)
from skopt_suite.testing import check_optimizer, check_penalty, check_schedule


class SignDescent(FirstOrder):
    """A rule with `init` and `update` only."""

    takes_prox = False
    parameters = {"learning_rate": Real(0, open_low=True)}

    def __init__(self, learning_rate=1e-3):
        self.learning_rate = learning_rate

    def init(self, params, problem):
        return ()

    def update(self, state, params, gradient, learning_rate, layout):
        return params - learning_rate.astype(params.dtype) * np.sign(gradient), state


class Ripple(Schedule):
    """A schedule without parameters."""

    def factor_at(self, state, time, horizon):
        return (1 + np.cos(2 * math.pi * time / horizon)) / 2


class GroupLasso(Penalty):
    """All weights are one group; not separable."""

    parameters = {"alpha": Real(0)}
    has_prox = True

    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def nonsmooth_value(self, weights):
        norm = np.sqrt((weights * weights).sum(axis=1))
        return norm * self.alpha[:, 0].astype(weights.dtype)

    def prox(self, weights, step_size):
        # one step size only: the mean of those per coordinate
        step_size = step_size.mean(axis=1, keepdims=True)
        norm = np.sqrt((weights * weights).sum(axis=1, keepdims=True))
        kept = np.clip(1 - self.alpha * step_size / np.where(norm > 0, norm, 1), 0, None)
        return weights * kept.astype(weights.dtype)


def test_a_rule_with_only_init_and_update_passes():
    check_optimizer(SignDescent())


def test_a_schedule_without_parameters_passes():
    check_schedule(Ripple())


def test_the_prox_of_a_group_is_right_for_one_step_size_and_wrong_for_many():
    with pytest.raises(AssertionError, match=r"GroupLasso\.prox must return argmin") as error:
        check_penalty(GroupLasso())
    assert re.search(r"step_size \[[\d., ]+,[\d., ]+\]", str(error.value))
