"""Prodigy."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from skopt_suite._layout import Layout
from skopt_suite.backends import Array, FitColumn, Params, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers._base import Problem
from skopt_suite.optimizers.first_order._base import FirstOrder, zero_count
from skopt_suite.optimizers.first_order._rule import decayed


class ProdigyState(NamedTuple):
    """Moments, where training began, and what is known of the distance to the optimum."""

    moments: Array  # (n_fits, 3, n_params): of gradients, of their squares, and their weighted sum
    start: Params
    distance: FitColumn  # d, in float64, as are all columns
    rate: FitColumn  # γ d of the last step
    numerator: FitColumn
    mass: FitColumn  # what the mean of gradients would be if all of them had been 1
    owed: Array  # to the penalty; (n_fits, 2, n_weights), or (n_fits, 0, n_weights)


class Prodigy(FirstOrder):
    """Adam with a learning rate that finds itself: an estimate d of the distance to the optimum.

    With w₀ the parameters at the start, γ the learning rate and b = √beta2::

        r ← b r + γ d² ⟨g, w₀ - w⟩                       s ← b s + γ d² g
        m ← beta1 m + (1 - beta1) d g                    v ← beta2 v + (1 - beta2) d² g²
        w ← w - γ d m / (√v + d' epsilon)                d' = max(d, d_coef r / ‖s‖₁)

    d' is the d of the next step. Inner product and norm are over all weights and biases of a model,
    so there is one d for a model.

    Parameters
    ----------
    learning_rate : float > 0, default=1.0
        Factor on the step size that is found, γ. Leave it at 1, and take a schedule such as
        ``"cosine"``.
    beta1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Keeps the denominator from zero.
    weight_decay : float >= 0, default=0.0
        Share of each weight that is taken off per step and unit of ``γ d``, before the step.
    d_coef : float > 0, default=1.0
        Factor on the estimate of d.
    d0 : float > 0, default=1e-6
        The first d, which should be too small.

    See Also
    --------
    Adam : Needs a learning rate.
    ScheduleFreeAdamW : Needs a learning rate, but no schedule.
    skopt_suite.schedules.Cosine : A schedule that suits it.

    References
    ----------
    K. Mishchenko and A. Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", ICML
    2024, algorithm 4 (with √v + d epsilon, as in the authors' package ``prodigyopt``).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Prodigy
    >>> clf = MLPClassifier(optimizer=Prodigy(), schedule="cosine")
    """

    scratch_arrays = 8
    hyperparameters: ClassVar = "beta1", "beta2", "epsilon", "weight_decay", "d_coef", "d0"
    momentum_parameter = "beta1"
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(0.5, 2)),
        "beta1": Real(0, 1, open_high=True),
        "beta2": Real(0, 1, open_high=True),
        "epsilon": Real(0, open_low=True),
        "weight_decay": Real(0),
        "d_coef": Real(0, open_low=True),
        "d0": Real(0, open_low=True),
    }

    def __init__(
        self,
        learning_rate: float = 1.0,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        d_coef: float = 1.0,
        d0: float = 1e-6,
    ) -> None:
        self.learning_rate: Any = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.d_coef = d_coef
        self.d0 = d0

    def init(self, params: Params, problem: Problem) -> ProdigyState:
        """Return moments of zero, and the first distance."""
        xp, (n_fits, n_params), zero = namespace(params), params.shape, zero_count(params)
        return ProdigyState(
            moments=xp.zeros((n_fits, 3, n_params), dtype=params.dtype, device=params.device),
            start=xp.asarray(params, copy=True),
            distance=self.d0 + zero,
            rate=zero,
            numerator=zero,
            mass=zero,
            owed=self.nothing_owed(params, problem),
        )

    def update(
        self,
        state: ProdigyState,
        params: Params,
        gradient: Params,
        learning_rate: FitColumn,
        layout: Layout,
    ) -> tuple[Params, ProdigyState]:
        """Return parameters after a step, with a distance for the next."""
        state = self._seen(state, params, gradient, learning_rate)
        params = decayed(params, state.rate * self.weight_decay, layout.n_weights)
        (rate,) = like(params, state.rate)
        return params - rate * state.moments[:, 0, :] / self._spread(state), state

    def step_size(self, state: ProdigyState, learning_rate: FitColumn) -> Params:
        """Return how far the last step moved per unit of constant gradient."""
        spread = self._spread(state)
        return like(spread, state.rate * state.mass)[0] / spread

    def _seen(
        self, state: ProdigyState, params: Params, gradient: Params, learning_rate: FitColumn
    ) -> ProdigyState:
        """Return the state with one more gradient."""
        xp, d = namespace(params), state.distance
        rate, keep = d * learning_rate, self.beta2**0.5
        weight = d / self.d0 * rate  # not d², which may be too small for single precision
        moments = self._moments(state, gradient, weight)
        progress = xp.vecdot(gradient, state.start - params)[:, None]
        numerator = keep * state.numerator + weight * xp.astype(progress, xp.float64)
        size = xp.astype(xp.sum(xp.abs(moments[:, 2, :]), axis=-1, keepdims=True), xp.float64)
        found = self.d_coef * numerator / xp.where(size == 0, xp.ones_like(size), size)
        return state._replace(
            moments=moments,
            distance=xp.maximum(d, found),
            rate=rate,
            numerator=numerator,
            mass=self.beta1 * state.mass + (1 - self.beta1) * d,
        )

    def _moments(self, state: ProdigyState, gradient: Params, weight: FitColumn) -> Array:
        """Return the means of gradients and of their squares, and their weighted sum."""
        decay = self.beta1, self.beta2, self.beta2**0.5
        d, old = state.distance, state.moments
        keep1, keep2, keep3 = like(gradient, *decay)
        new1, new2, new3 = like(gradient, d * (1 - decay[0]), d * d * (1 - decay[1]), weight)
        return namespace(gradient).stack(
            [
                keep1 * old[:, 0, :] + new1 * gradient,
                keep2 * old[:, 1, :] + new2 * gradient * gradient,
                keep3 * old[:, 2, :] + new3 * gradient,
            ],
            axis=1,
        )

    def _spread(self, state: ProdigyState) -> Params:
        """Return what divides the mean of gradients."""
        v = state.moments[:, 1, :]
        (least,) = like(v, state.distance * self.epsilon)
        return namespace(v).sqrt(v) + least
