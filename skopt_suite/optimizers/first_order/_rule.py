"""Rules that are a formula of every coordinate, written once for every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from skopt_suite._layout import Layout
from skopt_suite.backends import Array, FitColumn, Params, like, namespace
from skopt_suite.optimizers._base import Problem
from skopt_suite.optimizers.first_order._base import FirstOrder, zero_count

Formula = Callable[..., tuple[Params, Array]]
"""``(params, gradient, moments, n_steps, rate, numbers, n_weights) → (params, moments)``.

Arrays are params and gradient ``(n_fits, n_params)`` and moments ``(n_fits, n_moments,
n_params)``; numbers of steps, counting this one, and learning rates ``(n_fits, 1)``; and numbers
``(n_fits, n_hyperparameters)``. The first `n_weights` parameters are weights, the others biases.
"""


class RuleState(NamedTuple):
    """What a rule remembers."""

    n_steps: FitColumn  # float64
    moments: Array  # (n_fits, n_moments, n_params)
    owed: Array  # to the penalty; (n_fits, 2, n_weights), or (n_fits, 0, n_weights)


class Rule(FirstOrder):
    """A rule that declares itself: its formula, what it remembers, and its hyperparameters.

    Kernels that make many steps in one call know formulas by their names, so the rule and its
    `formula` are the same computation wherever it runs.
    """

    n_moments: ClassVar[int] = 0
    """How many arrays like the parameters it remembers; they begin as zeros."""
    hyperparameters: ClassVar[tuple[str, ...]] = ()
    """Beside the learning rate, in the order of the formula's numbers."""
    formula: ClassVar[Formula]

    def init(self, params: Params, problem: Problem) -> RuleState:
        """Return moments of zero."""
        xp, (n_fits, n_params) = namespace(params), params.shape
        shape = (n_fits, self.n_moments, n_params)
        moments = xp.zeros(shape, dtype=params.dtype, device=params.device)
        return RuleState(zero_count(params), moments, self.nothing_owed(params, problem))

    def update(
        self,
        state: RuleState,
        params: Params,
        gradient: Params,
        learning_rate: FitColumn,
        layout: Layout,
    ) -> tuple[Params, RuleState]:
        """Apply the formula."""
        n_steps, numbers = state.n_steps + 1, self.numbers(state.n_steps)
        params, moments = type(self).formula(
            params, gradient, state.moments, n_steps, learning_rate, numbers, layout.n_weights
        )
        return params, state._replace(n_steps=n_steps, moments=moments)

    def numbers(self, like: FitColumn) -> Array:
        """Return the hyperparameters, (n_fits, n_hyperparameters), in the precision of `like`."""
        xp = namespace(like)
        columns = [self._column(name, like) for name in self.hyperparameters]
        return xp.concat(columns, axis=1) if columns else like[:, :0]

    def _column(self, name: str, like: FitColumn) -> FitColumn:
        xp, value = namespace(like), getattr(self, name)
        value = xp.asarray(value, dtype=like.dtype, device=like.device)
        return xp.broadcast_to(value, like.shape)


def column(numbers: Array, position: int) -> Any:
    """Return one of the numbers of a formula, (n_fits, 1)."""
    return numbers[:, position : position + 1]


def decayed(params: Params, share: FitColumn, n_weights: int) -> Params:
    """Return parameters whose weights have lost a share, and whose biases have not."""
    (kept,) = like(params, 1 - share)
    weights, biases = params[:, :n_weights] * kept, params[:, n_weights:]
    return namespace(params).concat([weights, biases], axis=1)
