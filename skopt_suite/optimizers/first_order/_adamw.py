"""Adam with decoupled weight decay."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers.first_order._adam import Adam, adam_update
from skopt_suite.optimizers.first_order._rule import Rule, column, decayed


@kernel
def adamw_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """Weights that have decayed, and then the update of Adam."""
    params = decayed(params, rate * column(numbers, 3), n_weights)
    return adam_update(params, gradient, moments, n_steps, rate, numbers, n_weights)


class AdamW(Rule):
    """Adam with weight decay that is decoupled from the gradient.

    ``w ← w - learning_rate * weight_decay * w`` before the step of `Adam`. Only weights decay,
    never biases or intercepts. The decay comes on top of the estimator's ``penalty``.

    Parameters
    ----------
    learning_rate : float > 0, default=0.001
        Step size.
    beta1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Keeps the denominator from zero.
    weight_decay : float >= 0, default=0.01
        Share of each weight that is taken off per step and unit of learning rate.

    See Also
    --------
    Adam : The same without weight decay.
    ScheduleFreeAdamW : An average takes the place of a schedule.
    Muon : Orthogonal steps for hidden layers, AdamW for all else.
    skopt_suite.penalties.L2 : Weight decay that is part of the objective.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2
    (with the decay multiplied by the learning rate, as in PyTorch).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import AdamW
    >>> clf = MLPClassifier(optimizer=AdamW(weight_decay=0.1), penalty="none")
    """

    scratch_arrays = 0
    formula = adamw_update
    n_moments = 2
    momentum_parameter = "beta1"
    hyperparameters = (*Adam.hyperparameters, "weight_decay")
    name = "adamw"
    parameters = {**Adam.parameters, "weight_decay": Real(0, search=LogUniform(1e-4, 1))}

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    step_size = Adam.step_size
