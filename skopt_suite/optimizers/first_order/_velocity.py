"""What momentum and Nesterov's momentum share."""

from __future__ import annotations

from skopt_suite.domains import LogUniform, Real, Uniform
from skopt_suite.optimizers.first_order._rule import Rule


class VelocityRule(Rule):
    """Base of the rules that keep a share of their velocity."""

    n_moments = 1
    momentum_parameter = "momentum"
    hyperparameters = ("momentum", "weight_decay")
    # A momentum of 0.9 makes steps ten times as long in the long run, so the range of the learning
    # rate is that of SGD divided by ten.
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-4, 10)),
        "momentum": Real(0, 1, open_high=True, search=Uniform(0.8, 0.99)),
        "weight_decay": Real(0),
    }

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.9, weight_decay: float = 0.0
    ) -> None:
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
