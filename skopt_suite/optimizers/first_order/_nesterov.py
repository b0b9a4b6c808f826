"""Nesterov's accelerated gradient."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like
from skopt_suite.optimizers.first_order._rule import RuleState, column, decayed
from skopt_suite.optimizers.first_order._velocity import VelocityRule


@kernel
def nesterov_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """``v' = momentum v + g``; ``w - rate (g + momentum v')``."""
    params = decayed(params, rate * column(numbers, 1), n_weights)
    rate, momentum = like(params, rate, column(numbers, 0))
    velocity = momentum * moments[:, 0, :] + gradient
    return params - rate * (gradient + momentum * velocity), velocity[:, None, :]


class Nesterov(VelocityRule):
    """Stochastic gradient descent with Nesterov's momentum.

    ``v ← momentum * v + g``, ``w ← w - learning_rate * (g + momentum * v)``

    The parameters are the point that looks ahead, where the gradient is taken (Bengio's form of
    Sutskever's equations, as in PyTorch).

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
    Momentum : The same without looking ahead.
    NAdam : Nesterov's momentum in Adam.
    FISTA : Nesterov's acceleration of steps that see all rows.

    References
    ----------
    I. Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML
    2013, equations 3 and 4; Y. Bengio et al., "Advances in optimizing recurrent networks", ICASSP
    2013, equation 7; I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR
    2019 (with the decay multiplied by the learning rate).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Nesterov
    >>> clf = MLPClassifier(optimizer=Nesterov(learning_rate=0.05))
    """

    scratch_arrays = 0
    formula = nesterov_update

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return the learning rate times the sum of the weights of past gradients."""
        return learning_rate * (1 - self.momentum ** (state.n_steps + 1)) / (1 - self.momentum)
