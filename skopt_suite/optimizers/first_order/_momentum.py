"""Momentum."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like
from skopt_suite.optimizers.first_order._rule import RuleState, column, decayed
from skopt_suite.optimizers.first_order._velocity import VelocityRule


@kernel
def momentum_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """``v' = momentum v + g``; ``w - rate v'``."""
    params = decayed(params, rate * column(numbers, 1), n_weights)
    rate, momentum = like(params, rate, column(numbers, 0))
    velocity = momentum * moments[:, 0, :] + gradient
    return params - rate * velocity, velocity[:, None, :]


class Momentum(VelocityRule):
    """Stochastic gradient descent with Polyak's momentum.

    ``v ← momentum * v + g``, ``w ← w - learning_rate * v``

    Weights, never biases, first decay: ``w ← w - learning_rate * weight_decay * w``.

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        Step size. In the long run a constant gradient moves ``1 / (1 - momentum)`` times as far.
    momentum : float in [0, 1), default=0.9
        Share of the velocity that is kept.
    weight_decay : float >= 0, default=0.0
        Share of each weight that is taken off per step and unit of learning rate.

    See Also
    --------
    Nesterov : Takes the gradient where momentum leads.
    SGD : The same without memory.
    Adam : Momentum with steps that adapt to each coordinate.

    References
    ----------
    B. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR
    Computational Mathematics and Mathematical Physics 4, 1964; I. Sutskever et al., "On the
    importance of initialization and momentum in deep learning", ICML 2013, equations 1 and 2
    (with the learning rate outside the velocity, as in PyTorch); I. Loshchilov and F. Hutter,
    "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 1 (with the decay multiplied by
    the learning rate).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Momentum
    >>> clf = MLPClassifier(optimizer=Momentum(learning_rate=0.05, momentum=0.8))
    """

    scratch_arrays = 0
    formula = momentum_update

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return the learning rate times the sum of the weights of past gradients."""
        return learning_rate * (1 - self.momentum**state.n_steps) / (1 - self.momentum)
