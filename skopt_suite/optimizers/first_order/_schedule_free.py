"""What schedule-free methods share: a rule moves z; gradients are taken between z and its mean."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

from skopt_suite._layout import Layout
from skopt_suite.backends import Array, FitColumn, Params, PerFit, like, namespace
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers._changed import Changed
from skopt_suite.optimizers.first_order._base import zero_count
from skopt_suite.optimizers.first_order._rule import Rule, RuleState


class ScheduleFreeState(NamedTuple):
    """The state of the rule, what it moves, and what weights of the mean need."""

    rule: RuleState
    z: Params
    largest_rate: FitColumn  # float64
    weight_sum: FitColumn  # float64


class ScheduleFree(Optimizer):
    """Base of the schedule-free methods.

    ::

        y = (1 - β) z + β x           the gradient g is taken here, where the parameters train
        z ← z - learning_rate g       or as another rule has it
        x ← (1 - c) x + c z           c = γ² / Σ γ², γ being the largest learning rate so far

    Predictions use x. A weight whose z a penalty holds at exactly 0 is 0 there, too.
    """

    learning_rate: FitColumn

    @property
    def is_schedule_free(self) -> bool:
        """Whether averages stand in for a rate that falls: they do."""
        return True

    @property
    @abstractmethod
    def interpolation(self) -> Any:
        """How much of y is x: β, a number or of shape (n_fits, 1)."""

    @abstractmethod
    def rule(self) -> Rule:
        """Return what moves z."""

    def init(self, params: Params, problem: Problem) -> ScheduleFreeState:
        """Return a state in which x, y and z are the same."""
        z, zero = namespace(params).asarray(params, copy=True), zero_count(params)
        return ScheduleFreeState(self.rule().init(params, problem), z, zero, zero)

    def resume(
        self, state: ScheduleFreeState, params: Params, problem: Problem
    ) -> ScheduleFreeState:
        """Return the state with which the rule goes on."""
        return state._replace(rule=self.rule().resume(state.rule, params, problem))

    def step(
        self, state: ScheduleFreeState, params: Params, problem: Problem, factor: FitColumn
    ) -> Step:
        """Return a step of the rule with the gradient at y, and y after it."""
        beta = like(params, self.interpolation)[0]
        problem = _between(problem, params)
        rest = params - (1 - beta) * state.z
        z = self.decayed(state.z, params, self.learning_rate * factor, problem.layout)
        step = self.rule().step(state.rule, z, problem, factor)
        state, share = self.counted(state, self.learning_rate * factor)
        kept = like(params, 1 - share)[0]
        params = kept * rest + (1 - beta * kept) * step.params
        return step._replace(params=params, state=state._replace(rule=step.state, z=step.params))

    def decayed(self, z: Params, y: Params, rate: FitColumn, layout: Layout) -> Params:
        """Return z before the step of the rule; weights may decay by as much as y is.

        Parameters
        ----------
        z, y : array of shape (n_fits, n_params)
            What the rule moves, and where the gradient was taken.
        rate : array of shape (n_fits, 1)
            The learning rate times the factor of the schedule.
        layout : Layout
            Where weights lie.
        """
        return z

    def eval_params(self, state: ScheduleFreeState, params: Params) -> Params:
        """Return x, with the zeros of z."""
        (beta,) = like(params, self.interpolation)
        x = state.z + (params - state.z) / beta
        return namespace(params).where(state.z == 0, state.z, x)

    def counted(self, state: ScheduleFreeState, rates: Array) -> tuple[ScheduleFreeState, Array]:
        """Return the state in which the weights of steps are counted, and the share of each.

        Parameters
        ----------
        state : ScheduleFreeState
            Before the steps.
        rates : array of shape (n_fits or 1, n_steps)
            The learning rate times the factor of the schedule.

        Returns
        -------
        state : ScheduleFreeState
            After the steps, but for z and the state of the rule.
        shares : array of shape (n_fits, n_steps)
            c: the weight of each as a share of all until then.
        """
        xp = namespace(state.weight_sum)
        largest = _running_largest(xp.maximum(state.largest_rate, rates + 0 * state.largest_rate))
        total = state.weight_sum + xp.cumulative_sum(largest**2, axis=1)
        shares = largest**2 / xp.where(total > 0, total, xp.ones_like(total))
        last = [xp.asarray(array[:, -1:], copy=True) for array in (largest, total)]
        return state._replace(largest_rate=last[0], weight_sum=last[1]), shares


def _running_largest(values: Array) -> Array:
    """Return the largest value until each of a row."""
    xp, n_known = namespace(values), 1
    while n_known < values.shape[1]:
        later = xp.maximum(values[:, n_known:], values[:, :-n_known])
        values, n_known = xp.concat([values[:, :n_known], later], axis=1), 2 * n_known
    return values


class _Given(Changed):
    """A problem whose gradient is known."""

    def __init__(self, problem: Problem, value: PerFit, gradient: Params) -> None:
        super().__init__(problem)
        self._known = value, gradient

    def value_and_gradient(self, params: Params) -> tuple[PerFit, Params]:
        """Return what is known, wherever that is."""
        return self._known


def _between(problem: Problem, y: Params) -> Any:
    """Return a problem whose gradient is that at y."""
    return _Given(problem, *problem.value_and_gradient(y))
