"""RAdam."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.optimizers.first_order._adam_rule import AdamRule, means
from skopt_suite.optimizers.first_order._rule import RuleState, column

_ENOUGH = 5.0  # squared gradients: from there on the variance of their mean is trusted


@kernel
def radam_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """Moments, and parameters moved by ``rate m̂`` times what `_scale` says."""
    m, v = means(gradient, moments, numbers)
    beta1, beta2, epsilon = (column(numbers, i) for i in range(3))
    (rate,) = like(params, rate / (1 - beta1**n_steps))
    scale = _scale(v, beta2, epsilon, n_steps)
    return params - rate * scale * m, namespace(m).stack([m, v], axis=1)


def _scale(v: Params, beta2: FitColumn, epsilon: FitColumn, n_steps: FitColumn) -> Params:
    """Return ``r √(1 - beta2^t) / (√v + epsilon)`` where there are enough gradients, else 1."""
    xp, correction = namespace(v), 1 - beta2**n_steps
    most = 2 / (1 - beta2) - 1
    length = most - 2 * n_steps * beta2**n_steps / correction
    is_enough = length > _ENOUGH
    factor, epsilon = like(v, _rectification(length, most) * correction**0.5, epsilon)
    return xp.where(is_enough, factor / (xp.sqrt(v) + epsilon), xp.ones_like(v))


def _rectification(length: FitColumn, most: FitColumn) -> FitColumn:
    """Return r; only what is of enough gradients counts."""
    xp = namespace(length)
    length, most = (xp.clip(value + 0 * length, _ENOUGH, None) for value in (length, most))
    return ((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)) ** 0.5


class RAdam(AdamRule):
    """Adam that takes steps of momentum until there are enough gradients to divide by.

    With step t counted from 1::

        m ← beta1 m + (1 - beta1) g          m̂ = m / (1 - beta1^t)
        v ← beta2 v + (1 - beta2) g²
        ρ∞ = 2 / (1 - beta2) - 1             ρ = ρ∞ - 2 t beta2^t / (1 - beta2^t)
        r = √((ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ))
        w ← w - learning_rate m̂ r √(1 - beta2^t) / (√v + epsilon)    if ρ > 5
        w ← w - learning_rate m̂                                      otherwise

    So it needs no warmup.

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
    Adam : Divides from the first step on.
    NAdam : Adam with Nesterov's momentum.
    skopt_suite.schedules.Warmup : Small first steps for any optimizer.

    References
    ----------
    L. Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", ICLR 2020, algorithm
    2 (with an epsilon, and 5 where the paper has 4, as in the authors' code and PyTorch).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import RAdam
    >>> clf = MLPClassifier(optimizer=RAdam(learning_rate=3e-4))
    """

    scratch_arrays = 0
    formula = radam_update

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return ``learning_rate`` times what divides, per coordinate."""
        v = state.moments[:, 1, :]
        (rate,) = like(v, learning_rate)
        return rate * _scale(v, self.beta2, self.epsilon, state.n_steps)
