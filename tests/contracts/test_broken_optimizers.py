"""Broken optimizers are told what is wrong with them."""

from typing import NamedTuple

import numpy as np
import pytest

from skopt_suite.optimizers import (
    FISTA,
    SGD,
    Adam,
    Momentum,
)
from skopt_suite.testing import check_optimizer


class Uphill(SGD):
    def update(self, state, params, gradient, learning_rate, layout):
        return super().update(state, params, -gradient, learning_rate, layout)


class WideStep(SGD):
    """The learning rate, which is float64, takes the parameters along."""

    def update(self, state, params, gradient, learning_rate, layout):
        return params - learning_rate * gradient, state


class Remembering(SGD):
    def update(self, state, params, gradient, learning_rate, layout):
        self.last = gradient
        return super().update(state, params, gradient, learning_rate, layout)


class Decaying(SGD):
    def update(self, state, params, gradient, learning_rate, layout):
        self.learning_rate *= 0.999
        return super().update(state, params, gradient, learning_rate, layout)


class Averaging(SGD):
    """Fits share what each should have for itself."""

    def update(self, state, params, gradient, learning_rate, layout):
        gradient = gradient.mean(axis=0, keepdims=True) + np.zeros_like(gradient)
        return super().update(state, params, gradient, learning_rate, layout)


class FirstRate(SGD):
    """The hyperparameters of the first fit are used for all."""

    def update(self, state, params, gradient, learning_rate, layout):
        learning_rate = np.broadcast_to(learning_rate[:1], learning_rate.shape).copy()
        return super().update(state, params, gradient, learning_rate, layout)


class ListState(SGD):
    def init(self, params, problem):
        return [np.zeros_like(params)]


class Count(NamedTuple):
    n_steps: np.ndarray


class SharedArray(SGD):
    def init(self, params, problem):
        return Count(np.zeros((1, 1)))


class GrowingState(SGD):
    def init(self, params, problem):
        return ()

    def update(self, state, params, gradient, learning_rate, layout):
        rate = learning_rate.astype(params.dtype)
        return params - rate * gradient, (*state, gradient)


class ShortStep(Momentum):
    def step_size(self, state, learning_rate):
        return learning_rate


class OneStepSize(Adam):
    def step_size(self, state, learning_rate):
        return learning_rate


class ProxForgotten(FISTA):
    def step(self, state, params, problem, factor):
        problem = _Smooth(problem)
        return super().step(state, params, problem, factor)


class _Smooth:
    """An objective that hides its part that is not smooth."""

    has_prox = False

    def __init__(self, problem):
        self.problem, self.layout = problem, problem.layout
        self.value, self.value_and_gradient = problem.value, problem.value_and_gradient
        self.prox, self.optimality, self.diagonal = (
            problem.prox,
            problem.optimality,
            problem.diagonal,
        )


@pytest.mark.parametrize(
    "optimizer, message",
    [
        (Uphill(), "Uphill: 1500 steps on a convex quadratic"),
        (SGD(learning_rate=1e-9), "SGD: 1500 steps on a convex quadratic"),
        (WideStep(), "params after a step must keep the precision of its input, float32"),
        (Remembering(), "must not change the object, but its attribute 'last' changed"),
        (Decaying(), "must not change the object, but its attribute 'learning_rate' changed"),
        (Averaging(), "Averaging: a fit in a stack of 3"),
        (FirstRate(), "FirstRate: a fit in a stack of 3"),
        (ListState(), "a state must be None, an int .* got list"),
        (
            SharedArray(),
            r"arrays of shape \(n_fits, ...\), here n_fits = 3; got ndarray .*\(1, 1\)",
        ),
        (GrowingState(), "the state after a step must be like that of init"),
        (ShortStep(), "with an L1 penalty 3000 steps must end in the lasso's solution"),
        (OneStepSize(), "with an L1 penalty 3000 steps must end in the lasso's solution"),
        (ProxForgotten(), "with an L1 penalty 3000 steps must end in the lasso's solution"),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # Uphill goes far
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_broken_optimizer(optimizer, message):
    with pytest.raises(AssertionError, match=message):
        check_optimizer(optimizer)
