"""Momentum."""

from __future__ import annotations

from skopt_suite._layout import Layout
from skopt_suite.backends import FitColumn, Params, kernel, like
from skopt_suite.optimizers.first_order._velocity import VelocityRule, VelocityState


class Momentum(VelocityRule):
    """Stochastic gradient descent with Polyak's momentum.

    ``v ← momentum * v + g``, ``w ← w - learning_rate * v``

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        Step size. In the long run a constant gradient moves ``1 / (1 - momentum)`` times as far.
    momentum : float in [0, 1), default=0.9
        Share of the velocity that is kept.

    References
    ----------
    B. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR
    Computational Mathematics and Mathematical Physics 4, 1964; I. Sutskever et al., "On the
    importance of initialization and momentum in deep learning", ICML 2013, equations 1 and 2
    (with the learning rate outside the velocity, as in PyTorch).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Momentum
    >>> clf = MLPClassifier(optimizer=Momentum(learning_rate=0.05, momentum=0.8))
    """

    scratch_arrays = 0

    def update(
        self,
        state: VelocityState,
        params: Params,
        gradient: Params,
        learning_rate: FitColumn,
        layout: Layout,
    ) -> tuple[Params, VelocityState]:
        """Accelerate along the gradient, then move."""
        rate, momentum = like(params, learning_rate, self.momentum)
        params, velocity = momentum_update(params, gradient, state.velocity, rate, momentum)
        return params, VelocityState(state.n_steps + 1, velocity)

    def step_size(self, state: VelocityState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return the learning rate times the sum of the weights of past gradients."""
        return learning_rate * (1 - self.momentum**state.n_steps) / (1 - self.momentum)


@kernel
def momentum_update(
    params: Params,
    gradient: Params,
    velocity: Params,
    learning_rate: FitColumn,
    momentum: FitColumn,
) -> tuple[Params, Params]:
    """``v' = momentum v + g``; ``w - learning_rate v'``."""
    velocity = momentum * velocity + gradient
    return params - learning_rate * velocity, velocity
