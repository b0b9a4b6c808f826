"""What a rule is.

Shapes: ``params`` and everything like them are ``(n_fits, n_params)``; hyperparameters and learning
rates ``(n_fits, 1)``.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from skopt_suite._layout import Layout
from skopt_suite._separable import Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, Params, State, like, namespace
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers.first_order._owed import pay
from skopt_suite.optimizers.first_order._slopes import add_slopes, turn


class FirstOrder(Optimizer):
    """Base class of rules that turn a gradient into an update.

    A rule of your own has a ``learning_rate`` and implements `init` and `update`; if a unit of
    constant gradient moves its parameters by something else than the learning rate, also
    `step_size`. If its state has a field ``owed``, which begins as `nothing_owed`, weights remember
    what they owe to a separable penalty, and are exactly 0 also where steps are noisy.

    See Also
    --------
    Optimizer : The base class of all optimizers.
    Wrapper : The base class of what changes the steps of another one.
    skopt_suite.testing.check_optimizer : Says what is wrong with one of your own.
    """

    has_implicit_l2: ClassVar[bool] = False
    """Whether the gradient of L2 is that where the step ends, so that no strength is too large."""
    has_slopes: ClassVar[bool] = False
    """Whether the slope of L1 comes with the gradient, as steps are not proportional to it."""
    learning_rate: FitColumn

    @abstractmethod
    def update(
        self,
        state: State,
        params: Params,
        gradient: Params,
        learning_rate: FitColumn,
        layout: Layout,
    ) -> tuple[Params, State]:
        """Return parameters and state after one step; arguments may be overwritten.

        Parameters
        ----------
        state : NamedTuple
            From `init` or the update before.
        params, gradient : array of shape (n_fits, n_params)
            Parameters and the gradient there.
        learning_rate : array of shape (n_fits, 1)
            The learning rate times the factor of the schedule.
        layout : Layout
            Where weights and biases lie in a row of parameters.
        """

    def step_size(self, state: State, learning_rate: FitColumn) -> FitColumn | Params:
        """Return how far the step just made moves per unit of constant gradient.

        Proximal operators use it, per coordinate where the rule is adaptive; this makes the
        minimum of the whole objective the fixed point of the rule.

        Returns
        -------
        step_size : array of shape (n_fits, 1) or (n_fits, n_params)
            The step size.
        """
        return learning_rate

    def nothing_owed(self, params: Params, problem: Problem) -> Array:
        """Return debts of zero to the penalty.

        Parameters
        ----------
        params : array of shape (n_fits, n_params)
            Parameters.
        problem : Problem
            The objective.

        Returns
        -------
        owed : array of shape (n_fits, 2, n_weights)
            Of shape (n_fits, 0, n_weights) where nothing will be owed; of another one for penalties
            that say how weights pay.
        """
        xp, debts = namespace(params), (0, problem.layout.n_weights)
        if problem.has_prox and not self.is_full_batch:
            debts = problem.debts
        return xp.zeros((params.shape[0], *debts), dtype=params.dtype, device=params.device)

    def resume(self, state: State, params: Params, problem: Problem) -> State:
        """Return the state; nothing is owed to a penalty that comes where there was none."""
        owed = getattr(state, "owed", None)
        if owed is None:
            return state
        nothing = self.nothing_owed(params, problem)
        return state if owed.shape == nothing.shape else state._replace(owed=nothing)

    def step(self, state: State, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return one update, followed by the part of the penalty that is not smooth."""
        loss, gradient = problem.value_and_gradient(params)
        optimality = problem.optimality(params, gradient) if self.is_full_batch else None
        learning_rate = self.learning_rate * factor
        damping = self._damping(problem, learning_rate)
        tangent = self._tangent(problem, params)
        if damping is not None:
            of_weights = problem.layout.weights(gradient)
            of_weights /= like(gradient, damping)[0]
        if self.has_slopes and tangent is not None:
            add_slopes(problem.layout.weights(gradient), state.owed, tangent)
        params, state = self.update(state, params, gradient, learning_rate, problem.layout)
        if problem.has_prox:
            step_size = self.step_size(state, learning_rate)
            if damping is not None:
                step_size = _of_weights(problem, step_size) / damping
            params, state = self._penalised(state, params, problem, step_size, tangent)
        return Step(params, state, loss, optimality)

    def _damping(
        self, problem: Problem, learning_rate: FitColumn
    ) -> FitColumn | FlatWeights | None:
        """Return what divides steps of weights whose L2 is implicit; None: nothing.

        ``(w - rate g) / (1 + rate l2)`` is ``w - rate (g + l2 w) / (1 + rate l2)``.
        """
        separable = problem.separable if self.has_implicit_l2 else None
        if separable is None or separable.l2 is None:
            return None
        return 1 + learning_rate * separable.l2

    def _tangent(self, problem: Problem, params: Params) -> Separable | None:
        """Return what weights owe where a noisy step begins; None: not each for itself."""
        is_noisy = problem.has_prox and not self.is_full_batch
        return problem.linearised(params) if is_noisy else None

    def _penalised(
        self,
        state: State,
        params: Params,
        problem: Problem,
        step_size: FitColumn | Params,
        tangent: Separable | None,
    ) -> tuple[Params, State]:
        """Return parameters and state after the part of the penalty that is not smooth."""
        owed = getattr(state, "owed", None)
        if self.is_full_batch or owed is None or owed.shape[1] == 0:
            return problem.prox(params, step_size), state
        if tangent is None:
            params, owed = problem.pay(params, owed, step_size)
        else:
            weights = problem.layout.weights(params)
            end = turn if self.has_slopes else pay
            weights[...], owed = end(weights, owed, _of_weights(problem, step_size), tangent)
        return params, state._replace(owed=owed)


def _of_weights(problem: Problem, step_size: FitColumn | Params) -> FitColumn | FlatWeights:
    """Return the step sizes of weights only."""
    return step_size if step_size.shape[1] == 1 else problem.layout.weights(step_size)


def zero_count(params: Params) -> FitColumn:
    """Return the number of steps made before the first, (n_fits, 1), in float64."""
    xp = namespace(params)
    return xp.zeros((params.shape[0], 1), dtype=xp.float64, device=params.device)
