"""Adamax."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.optimizers.first_order._adam_rule import AdamRule
from skopt_suite.optimizers.first_order._rule import RuleState, column


@kernel
def adamax_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """Moments, and parameters moved by ``rate m̂ / u``."""
    xp, (beta1, beta2, epsilon) = namespace(params), (column(numbers, i) for i in range(3))
    rate, b1, b2, eps = like(params, rate / (1 - beta1**n_steps), beta1, beta2, epsilon)
    m = b1 * moments[:, 0, :] + (1 - b1) * gradient
    u = xp.maximum(b2 * moments[:, 1, :], xp.abs(gradient) + eps)
    return params - rate * m / u, xp.stack([m, u], axis=1)


class Adamax(AdamRule):
    """Adam with the largest of past gradients in place of the root of their mean square.

    With step t counted from 1::

        m ← beta1 m + (1 - beta1) g          m̂ = m / (1 - beta1^t)
        u ← max(beta2 u, |g| + epsilon)
        w ← w - learning_rate m̂ / u

    Parameters
    ----------
    learning_rate : float > 0, default=0.002
        Step size; about the largest change of a parameter in one step.
    beta1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta2 : float in [0, 1), default=0.999
        Decay of the largest gradient.
    epsilon : float > 0, default=1e-8
        Keeps the denominator from zero.

    See Also
    --------
    Adam : The root of the mean square in place of the largest.
    AMSGrad : The largest of the mean squares.

    References
    ----------
    D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 2 (which
    has no epsilon; it is that of PyTorch).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Adamax
    >>> clf = MLPClassifier(optimizer=Adamax(learning_rate=1e-3))
    """

    scratch_arrays = 0
    formula = adamax_update

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon)

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return ``learning_rate / u``, per coordinate."""
        u = state.moments[:, 1, :]
        (rate,) = like(u, learning_rate)
        return rate / u
