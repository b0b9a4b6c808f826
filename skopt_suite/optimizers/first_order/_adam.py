"""Adam."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers.first_order._rule import Rule, RuleState, column


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
    # m̂ / (√v̂ + ε) = m / (√v + ε √c₂) · √c₂ / c₁, with c the two corrections
    beta1, beta2, epsilon = (column(numbers, i) for i in range(3))
    correction = (1 - beta2**n_steps) ** 0.5
    rate = rate * correction / (1 - beta1**n_steps)
    rate, b1, b2, eps = like(params, rate, beta1, beta2, epsilon * correction)
    m = b1 * moments[:, 0, :] + (1 - b1) * gradient
    v = b2 * moments[:, 1, :] + (1 - b2) * gradient * gradient
    xp = namespace(v)
    return params - rate * m / (xp.sqrt(v) + eps), xp.stack([m, v], axis=1)


class Adam(Rule):
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
    n_moments = 2
    hyperparameters = ("beta1", "beta2", "epsilon")
    # The default, and two orders of magnitude up, because small networks take long steps: that of
    # auto-sklearn's multilayer perceptrons is 1e-4 to 0.5. Moments are rarely worth the trials.
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-4, 1e-1)),
        "beta1": Real(0, 1, open_high=True),
        "beta2": Real(0, 1, open_high=True),
        "epsilon": Real(0, open_low=True),
    }

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return ``learning_rate / (√v̂ + epsilon)``, per coordinate."""
        v = state.moments[:, 1, :]
        correction = (1 - self.beta2**state.n_steps) ** 0.5
        rate, epsilon = like(v, learning_rate * correction, self.epsilon * correction)
        return rate / (namespace(v).sqrt(v) + epsilon)
