"""NAdam."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.optimizers.first_order._adam_rule import AdamRule, means, over_root, uncorrected
from skopt_suite.optimizers.first_order._rule import RuleState, column

_BEND = 0.004 * math.log(0.96)  # log of what the distance to beta1 shrinks by with every step


class _Shares(NamedTuple):
    """Corrected shares of the gradient and of the mean in a step."""

    of_gradient: FitColumn
    of_mean: FitColumn


def _shares(beta1: FitColumn, n_steps: FitColumn) -> _Shares:
    now, following = (_momentum(beta1, t) for t in (n_steps, n_steps + 1))
    product = _product(beta1, n_steps)
    return _Shares((1 - now) / (1 - product), following / (1 - product * following))


def _momentum(beta1: FitColumn, t: FitColumn) -> FitColumn:
    """Return ``beta1 (1 - ½ 0.96^(t / 250))``."""
    return beta1 * (1 - 0.5 * namespace(t).exp(_BEND * t))


def _product(beta1: FitColumn, t: FitColumn) -> FitColumn:
    """Return the product of all momenta up to step t, (n_fits, 1).

    As ``log(1 - ½ q^i) = -Σ_k (q^i / 2)^k / k``, the sum of logarithms over i is geometric.
    """
    xp, k = namespace(t), np.arange(1, 54)
    factors, powers = 0.5**k / (k * np.expm1(-_BEND * k)), _BEND * k
    factors, powers = (
        xp.asarray(values.tolist(), dtype=t.dtype, device=t.device) for values in (factors, powers)
    )
    logarithm = xp.sum(factors * xp.expm1(powers * t), axis=-1, keepdims=True)
    return beta1**t * xp.exp(logarithm)


@kernel
def nadam_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """Moments, and parameters moved by gradient and mean over the root of the mean square."""
    xp, (m, v) = namespace(params), means(gradient, moments, numbers)
    beta1, beta2, epsilon = (column(numbers, i) for i in range(3))
    shares = _shares(beta1, n_steps)
    rate, epsilon = uncorrected(rate, epsilon, beta2, n_steps)
    of_gradient, of_mean, epsilon = like(params, *(rate * share for share in shares), epsilon)
    move = (of_gradient * gradient + of_mean * m) / (xp.sqrt(v) + epsilon)
    return params - move, xp.stack([m, v], axis=1)


class NAdam(AdamRule):
    """Adam with Nesterov's momentum.

    With step t counted from 1::

        μ_t = beta1 (1 - ½ · 0.96^(t / 250))
        m ← beta1 m + (1 - beta1) g
        v ← beta2 v + (1 - beta2) g²         v̂ = v / (1 - beta2^t)
        m̂ = μ_{t+1} m / (1 - μ_1 ⋯ μ_{t+1}) + (1 - μ_t) g / (1 - μ_1 ⋯ μ_t)
        w ← w - learning_rate m̂ / (√v̂ + epsilon)

    Parameters
    ----------
    learning_rate : float > 0, default=0.002
        Step size; about the largest change of a parameter in one step.
    beta1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Keeps the denominator from zero.

    See Also
    --------
    Adam : The same with plain momentum.
    Nesterov : Its momentum without steps that adapt.
    RAdam : Adam that needs no warmup.

    References
    ----------
    T. Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, algorithm 2, with the
    momenta of I. Sutskever et al., 2013 (the mean m decays by beta1, as in PyTorch and Keras).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import NAdam
    >>> clf = MLPClassifier(optimizer=NAdam(learning_rate=1e-3))
    """

    scratch_arrays = 0
    formula = nadam_update

    def __init__(
        self,
        learning_rate: float = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon)

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return the move for a unit of constant gradient, over ``√v̂ + epsilon``."""
        v, t = state.moments[:, 1, :], state.n_steps
        shares = _shares(self.beta1, t)
        of_unit = shares.of_gradient + shares.of_mean * (1 - self.beta1**t)
        return over_root(v, learning_rate * of_unit, self.epsilon, self.beta2, t)
