"""What a rule is.

Shapes: ``params`` and everything like them are ``(n_fits, n_params)``; hyperparameters and learning
rates ``(n_fits, 1)``.
"""

from __future__ import annotations

from abc import abstractmethod

from skopt_suite._layout import Layout
from skopt_suite.backends import FitColumn, Params, State, namespace
from skopt_suite.optimizers._base import Optimizer, Problem, Step


class FirstOrder(Optimizer):
    """Base class of rules that turn a gradient into an update.

    A rule of your own has a ``learning_rate`` and implements `init` and `update`; if a unit of
    constant gradient moves its parameters by something else than the learning rate, also
    `step_size`.
    """

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

    def step(self, state: State, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return one update, followed by the proximal operator if there is one."""
        loss, gradient = problem.value_and_gradient(params)
        optimality = problem.optimality(params, gradient) if self.is_full_batch else None
        learning_rate = self.learning_rate * factor
        params, state = self.update(state, params, gradient, learning_rate, problem.layout)
        if problem.has_prox:
            params = problem.prox(params, self.step_size(state, learning_rate))
        return Step(params, state, loss, optimality)


def zero_count(params: Params) -> FitColumn:
    """Return the number of steps made before the first, (n_fits, 1), in float64."""
    xp = namespace(params)
    return xp.zeros((params.shape[0], 1), dtype=xp.float64, device=params.device)
