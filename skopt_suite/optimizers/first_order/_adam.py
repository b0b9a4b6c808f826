"""Adam."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.optimizers.first_order._adam_rule import AdamRule, means, over_root, uncorrected
from skopt_suite.optimizers.first_order._rule import RuleState, column


@kernel
def adam_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """Moments, and parameters moved by ``rate m̂ / (√v̂ + epsilon)``."""
    xp, (m, v) = namespace(params), means(gradient, moments, numbers)
    beta1, beta2, epsilon = (column(numbers, i) for i in range(3))
    rate, epsilon = uncorrected(rate / (1 - beta1**n_steps), epsilon, beta2, n_steps)
    rate, epsilon = like(params, rate, epsilon)
    return params - rate * m / (xp.sqrt(v) + epsilon), xp.stack([m, v], axis=1)


class Adam(AdamRule):
    """Adam: steps of a size that adapts to each coordinate, with bias correction.

    With step t counted from 1::

        m ← beta1 m + (1 - beta1) g          m̂ = m / (1 - beta1^t)
        v ← beta2 v + (1 - beta2) g²         v̂ = v / (1 - beta2^t)
        w ← w - learning_rate m̂ / (√v̂ + epsilon)

    Parameters
    ----------
    learning_rate : float > 0, default=0.001
        Step size; about the largest change of a parameter in one step.
    beta1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Keeps the denominator from zero.

    See Also
    --------
    AdamW : Weight decay that is decoupled from the gradient.
    AMSGrad : Steps that never grow again.
    NAdam : Nesterov's momentum.
    RAdam : Needs no warmup.

    References
    ----------
    D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Adam
    >>> clf = MLPClassifier(optimizer=Adam(learning_rate=3e-4))
    """

    scratch_arrays = 0
    formula = adam_update

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return ``learning_rate / (√v̂ + epsilon)``, per coordinate."""
        v = state.moments[:, 1, :]
        return over_root(v, learning_rate, self.epsilon, self.beta2, state.n_steps)
