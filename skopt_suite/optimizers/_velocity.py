"""What momentum and Nesterov's momentum share."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, namespace
from skopt_suite.domains import Real
from skopt_suite.optimizers._base import FirstOrder, zero_count


class VelocityState(NamedTuple):
    """Number of steps, (n_fits, 1), and velocity, (n_fits, n_params)."""

    n_steps: Array
    velocity: Array


class VelocityRule(FirstOrder):
    """Base of the rules that keep a share of their velocity."""

    parameters = {
        "learning_rate": Real(0, open_low=True),
        "momentum": Real(0, 1, open_high=True),
    }

    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate = learning_rate
        self.momentum = momentum

    def init(self, params: Array) -> VelocityState:
        """Return a velocity of zero."""
        return VelocityState(zero_count(params), namespace(params).zeros_like(params))
