"""Adam."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite._layout import Layout
from skopt_suite.backends import FitColumn, Params, kernel, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers._base import Problem
from skopt_suite.optimizers.first_order._base import FirstOrder, zero_count


class AdamState(NamedTuple):
    """Number of steps, (n_fits, 1), and moment estimates, (n_fits, n_params)."""

    n_steps: FitColumn
    first_moment: Params
    second_moment: Params


class Adam(FirstOrder):
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

    def init(self, params: Params, problem: Problem) -> AdamState:
        """Return moments of zero."""
        xp = namespace(params)
        return AdamState(zero_count(params), xp.zeros_like(params), xp.zeros_like(params))

    def update(
        self,
        state: AdamState,
        params: Params,
        gradient: Params,
        learning_rate: FitColumn,
        layout: Layout,
    ) -> tuple[Params, AdamState]:
        """Update the moments, then move by their ratio."""
        n_steps = state.n_steps + 1
        params, m, v = adam_update(
            params,
            gradient,
            state.first_moment,
            state.second_moment,
            n_steps,
            learning_rate,
            self.beta1,
            self.beta2,
            self.epsilon,
        )
        return params, AdamState(n_steps, m, v)

    def step_size(self, state: AdamState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return ``learning_rate / (√v̂ + epsilon)``, per coordinate."""
        xp = namespace(state.second_moment)
        correction = (1 - self.beta2**state.n_steps) ** 0.5
        rate, epsilon = like(
            state.second_moment, learning_rate * correction, self.epsilon * correction
        )
        return rate / (xp.sqrt(state.second_moment) + epsilon)


@kernel
def adam_update(
    params: Params,
    gradient: Params,
    m: Params,
    v: Params,
    n_steps: FitColumn,
    learning_rate: FitColumn,
    beta1: FitColumn,
    beta2: FitColumn,
    epsilon: FitColumn,
) -> tuple[Params, Params, Params]:
    """Moments, and parameters moved by ``learning_rate m̂ / (√v̂ + epsilon)``."""
    # m̂ / (√v̂ + ε) = m / (√v + ε √c₂) · √c₂ / c₁, with c the two corrections
    correction = (1 - beta2**n_steps) ** 0.5
    rate = learning_rate * correction / (1 - beta1**n_steps)
    rate, b1, b2, eps = like(params, rate, beta1, beta2, epsilon * correction)
    m = b1 * m + (1 - b1) * gradient
    v = b2 * v + (1 - b2) * gradient * gradient
    return params - rate * m / (namespace(v).sqrt(v) + eps), m, v
