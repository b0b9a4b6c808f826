"""AMSGrad."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.optimizers.first_order._adam_rule import AdamRule, means, over_root, uncorrected
from skopt_suite.optimizers.first_order._rule import RuleState, column


@kernel
def amsgrad_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """Moments and the largest v, and parameters moved by it as Adam moves them by v."""
    xp, (m, v) = namespace(params), means(gradient, moments, numbers)
    beta1, beta2, epsilon = (column(numbers, i) for i in range(3))
    rate, epsilon = uncorrected(rate / (1 - beta1**n_steps), epsilon, beta2, n_steps)
    rate, epsilon = like(params, rate, epsilon)
    largest = xp.maximum(moments[:, 2, :], v)
    return params - rate * m / (xp.sqrt(largest) + epsilon), xp.stack([m, v, largest], axis=1)


class AMSGrad(AdamRule):
    """Adam with steps that never grow again: it remembers the largest mean square.

    With step t counted from 1::

        m ← beta1 m + (1 - beta1) g          m̂ = m / (1 - beta1^t)
        v ← beta2 v + (1 - beta2) g²
        s ← max(s, v)                        ŝ = s / (1 - beta2^t)
        w ← w - learning_rate m̂ / (√ŝ + epsilon)

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
    Adam : Forgets large gradients.
    Adamax : The largest gradient of late in place of a mean square.
    AdamW : Adam with decoupled weight decay.

    References
    ----------
    S. Reddi, S. Kale and S. Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, algorithm 2
    (with the corrections of Adam, as in PyTorch and Keras).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import AMSGrad
    >>> clf = MLPClassifier(optimizer=AMSGrad(learning_rate=3e-4))
    """

    scratch_arrays = 0
    formula = amsgrad_update
    n_moments = 3

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return ``learning_rate / (√ŝ + epsilon)``, per coordinate."""
        largest = state.moments[:, 2, :]
        return over_root(largest, learning_rate, self.epsilon, self.beta2, state.n_steps)
