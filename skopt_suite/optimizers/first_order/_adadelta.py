"""Adadelta."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers.first_order._rule import Rule, RuleState, column


@kernel
def adadelta_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """``w - rate r g`` with ``r = √((d + epsilon) / (v' + epsilon))``.

    Moments are the mean of g², the mean of the squared moves, d, and r.
    """
    xp = namespace(params)
    rate, rho, epsilon = like(params, rate, column(numbers, 0), column(numbers, 1))
    v = rho * moments[:, 0, :] + (1 - rho) * gradient * gradient
    ratio = xp.sqrt((moments[:, 1, :] + epsilon) / (v + epsilon))
    move = ratio * gradient
    d = rho * moments[:, 1, :] + (1 - rho) * move * move
    return params - rate * move, xp.stack([v, d, ratio], axis=1)


class Adadelta(Rule):
    """Adadelta: moves of about the size of those before, whatever the size of gradients.

    ::

        v ← rho v + (1 - rho) g²
        Δ ← g √((d + epsilon) / (v + epsilon))
        d ← rho d + (1 - rho) Δ²
        w ← w - learning_rate Δ

    The first moves are of about ``√(epsilon / (1 - rho))``, and grow from there; so there is hardly
    anything to tune.

    Parameters
    ----------
    learning_rate : float > 0, default=1.0
        Factor on moves, 1 in the paper.
    rho : float in [0, 1), default=0.95
        Decay of the means.
    epsilon : float > 0, default=1e-6
        Where moves begin; also keeps the denominator from zero.

    See Also
    --------
    RMSprop : Divides by the same mean, but has a learning rate to tune.
    Adagrad : Its steps shrink by all gradients so far.
    Prodigy : Adam that finds its learning rate.

    References
    ----------
    M. Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, algorithm 1 (with a learning
    rate, as in PyTorch).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Adadelta
    >>> clf = MLPClassifier(optimizer=Adadelta(rho=0.9))
    """

    scratch_arrays = 0
    formula = adadelta_update
    n_moments = 3
    hyperparameters = ("rho", "epsilon")
    # One, which needs no tuning as moves find their own size, and an order of magnitude about it.
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(0.1, 10)),
        "rho": Real(0, 1, open_high=True),
        "epsilon": Real(0, open_low=True),
    }

    def __init__(
        self, learning_rate: float = 1.0, rho: float = 0.95, epsilon: float = 1e-6
    ) -> None:
        self.learning_rate = learning_rate
        self.rho = rho
        self.epsilon = epsilon

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return the learning rate times the ratio of the roots, per coordinate."""
        ratio = state.moments[:, 2, :]
        (rate,) = like(ratio, learning_rate)
        return rate * ratio
