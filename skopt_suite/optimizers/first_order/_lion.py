"""Lion."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers.first_order._rule import Rule, column, decayed


@kernel
def lion_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """``w - rate sign(beta1 m + (1 - beta1) g)``; ``m' = beta2 m + (1 - beta2) g``."""
    params = decayed(params, rate * column(numbers, 2), n_weights)
    rate, b1, b2 = like(params, rate, column(numbers, 0), column(numbers, 1))
    m = moments[:, 0, :]
    direction = namespace(params).sign(b1 * m + (1 - b1) * gradient)
    return params - rate * direction, (b2 * m + (1 - b2) * gradient)[:, None, :]


class Lion(Rule):
    """Lion: every parameter moves by the learning rate, in the direction of its momentum.

    ::

        w ← w - learning_rate sign(beta1 m + (1 - beta1) g)
        m ← beta2 m + (1 - beta2) g

    Weights, never biases, first decay: ``w ← w - learning_rate * weight_decay * w``. Steps do not
    shrink near an optimum, so let a schedule shrink them. It remembers half of what Adam does. As
    what it balances are signs, gradients that are small in most batches and large in few move its
    optimum a little; larger batches or betas help.

    With L1 the slope of the penalty comes with g, and where a step would cross 0, the slope turns
    from one side to the other instead, so weights are exactly 0 where it can balance g.

    Parameters
    ----------
    learning_rate : float > 0, default=1e-4
        Length of the step of every parameter; a third to a tenth of what Adam takes.
    beta1 : float in [0, 1), default=0.9
        Share of the momentum in the direction.
    beta2 : float in [0, 1), default=0.99
        Decay of the momentum.
    weight_decay : float >= 0, default=0.0
        Share of each weight that is taken off per step and unit of learning rate.

    See Also
    --------
    AdamW : Steps that adapt to each coordinate, with the same decay.
    Momentum : The same memory, and steps as large as gradients.
    Muon : Steps of equal size in all directions of a matrix.

    References
    ----------
    X. Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023, algorithm 2
    (defaults are those of the authors' code).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Lion
    >>> clf = MLPClassifier(optimizer=Lion(learning_rate=3e-4), schedule="cosine")
    """

    scratch_arrays = 0
    formula = lion_update
    n_moments = 1
    momentum_parameter = "beta1"
    hyperparameters = ("beta1", "beta2", "weight_decay")
    has_slopes = True
    # Steps are all as long as the longest of Adam: the range of Adam, divided by ten.
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-5, 1e-2)),
        "beta1": Real(0, 1, open_high=True),
        "beta2": Real(0, 1, open_high=True),
        "weight_decay": Real(0),
    }

    def __init__(
        self,
        learning_rate: float = 1e-4,
        beta1: float = 0.9,
        beta2: float = 0.99,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.weight_decay = weight_decay

    def refusal(self, demands: Demands) -> str | None:
        """Return why not; a sign does not say how far a step moves per unit of gradient."""
        if demands.penalty.needs_step_size:
            return (
                "moves by the sign of the gradient, whatever its size, so the penalty must act on "
                f"single weights by its slope, or project; got {demands.penalty!r}"
            )
        return super().refusal(demands)
