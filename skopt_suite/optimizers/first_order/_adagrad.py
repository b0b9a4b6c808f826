"""AdaGrad."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers.first_order._rule import Rule, RuleState, column


@kernel
def adagrad_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """``s' = s + g²``; ``w - rate g / (√s' + epsilon)``."""
    rate, epsilon = like(params, rate, column(numbers, 0))
    total = moments[:, 0, :] + gradient * gradient
    move = rate * gradient / (namespace(total).sqrt(total) + epsilon)
    return params - move, total[:, None, :]


class Adagrad(Rule):
    """AdaGrad: steps that shrink by all gradients that a coordinate has met.

    ``s ← s + g²``, ``w ← w - learning_rate * g / (√s + epsilon)``

    What is rare, such as most words of a text, keeps long steps; no schedule is needed.

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        Step size; the length of the first step of every parameter.
    epsilon : float > 0, default=1e-10
        Keeps the denominator from zero.

    See Also
    --------
    RMSprop : Forgets old gradients, so steps do not vanish.
    Adam : The same with momentum.
    Adadelta : Hardly has anything to tune.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive Subgradient Methods for Online Learning and
    Stochastic Optimization", JMLR 12, 2011, figure 1, with the diagonal matrix. Defaults are
    PyTorch's.

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.optimizers import Adagrad
    >>> clf = LinearClassifier(optimizer=Adagrad(learning_rate=0.1))
    """

    scratch_arrays = 0
    formula = adagrad_update
    n_moments = 1
    hyperparameters = ("epsilon",)
    # Steps shrink as 1/√t, so the range reaches to those that begin ten times as long as Adam's.
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-3, 1)),
        "epsilon": Real(0, open_low=True),
    }

    def __init__(self, learning_rate: float = 0.01, epsilon: float = 1e-10) -> None:
        self.learning_rate = learning_rate
        self.epsilon = epsilon

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return ``learning_rate / (√s + epsilon)``, per coordinate."""
        total = state.moments[:, 0, :]
        rate, epsilon = like(total, learning_rate, self.epsilon)
        return rate / (namespace(total).sqrt(total) + epsilon)
