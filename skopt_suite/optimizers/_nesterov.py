"""Nesterov's accelerated gradient."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, kernel, like, namespace
from skopt_suite.domains import Real
from skopt_suite.optimizers._base import FirstOrder, zero_count


class NesterovState(NamedTuple):
    """Number of steps, (n_fits, 1), and velocity, (n_fits, n_params)."""

    n_steps: Array
    velocity: Array


class Nesterov(FirstOrder):
    """Stochastic gradient descent with Nesterov's momentum.

    ``v ← momentum * v + g``, ``w ← w - learning_rate * (g + momentum * v)``

    The parameters are the point that looks ahead, where the gradient is taken (Bengio's form of
    Sutskever's equations, as in PyTorch).

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        Step size. In the long run a constant gradient moves ``1 / (1 - momentum)`` times as far.
    momentum : float in [0, 1), default=0.9
        Share of the velocity that is kept.

    References
    ----------
    I. Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML
    2013, equations 3 and 4; Y. Bengio et al., "Advances in optimizing recurrent networks", ICASSP
    2013, equation 7.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Nesterov
    >>> clf = MLPClassifier(optimizer=Nesterov(learning_rate=0.05))
    """

    parameters = {
        "learning_rate": Real(0, open_low=True),
        "momentum": Real(0, 1, open_high=True),
    }

    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate = learning_rate
        self.momentum = momentum

    def init(self, params: Array) -> NesterovState:
        """Return a velocity of zero."""
        return NesterovState(zero_count(params), namespace(params).zeros_like(params))

    def update(
        self,
        state: NesterovState,
        params: Array,
        gradient: Array,
        learning_rate: Array,
        n_weights: int,
    ) -> tuple[Array, NesterovState]:
        """Accelerate along the gradient, then move and look ahead."""
        rate, momentum = like(params, learning_rate, self.momentum)
        params, velocity = nesterov_update(params, gradient, state.velocity, rate, momentum)
        return params, NesterovState(state.n_steps + 1, velocity)

    def step_size(self, state: NesterovState, learning_rate: Array) -> Array:
        """Return the learning rate times the sum of the weights of past gradients."""
        return learning_rate * (1 - self.momentum ** (state.n_steps + 1)) / (1 - self.momentum)


@kernel
def nesterov_update(
    params: Array, gradient: Array, velocity: Array, learning_rate: Array, momentum: Array
) -> tuple[Array, Array]:
    """``v' = momentum v + g``; ``w - learning_rate (g + momentum v')``."""
    velocity = momentum * velocity + gradient
    return params - learning_rate * (gradient + momentum * velocity), velocity
