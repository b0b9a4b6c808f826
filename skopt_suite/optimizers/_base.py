"""What an optimizer is.

Shapes: ``params`` and everything like them are ``(n_fits, n_params)``; losses and optimality are
``(n_fits,)``; hyperparameters and learning rates ``(n_fits, 1)``.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from skopt_suite._component import Component
from skopt_suite._layout import Layout
from skopt_suite._separable import Blockwise, Separable
from skopt_suite.backends import (
    Array,
    FitColumn,
    Params,
    PerFit,
    RawPredictions,
    State,
    namespace,
)
from skopt_suite.optimizers._demands import Demands, refusals
from skopt_suite.optimizers.algebra._curvature import Curvature
from skopt_suite.optimizers.algebra._design import Design, Hessian
from skopt_suite.optimizers.algebra._diagonal import Diagonal
from skopt_suite.optimizers.algebra._quadratic import Quadratic
from skopt_suite.optimizers.algebra._sizes import Sizes
from skopt_suite.optimizers.algebra._sweeps import RowLoss


class LinearRows(Protocol):
    """Rows of a linear model, for solvers that go through features one by one; float64."""

    @property
    def X(self) -> Any:
        """All inputs, (n_samples, n_features)."""

    @property
    def loss(self) -> Any:
        """The stacked loss."""

    @property
    def columns(self) -> Any:
        """Features side by side: see `skopt_suite.training`."""

    @property
    def design(self) -> Design:
        """Inputs as products see them: centred, with a column for the intercept."""

    @property
    def deviations(self) -> Array:
        """Standard deviations of inputs, (n_fits or 1, n_features), infinite where they are noise.

        Without an intercept they are about 0.
        """

    @property
    def sizes(self) -> Sizes:
        """Sizes of inputs, centred where there is an intercept and they are dense."""

    def of_fit(self, fit: int) -> RowLoss:
        """Return the losses of the rows of one fit."""

    def raw(self, weights: Array, bias: Array) -> RawPredictions:
        """Return predictions of weights (n_fits, n_features, n_outputs)."""

    def derivatives(self, raw: RawPredictions, fit: int | None = None) -> Any:
        """Return value, slope and curvature of the mean loss by raw predictions."""

    def value_and_slope(
        self, raw: RawPredictions, fit: int | None = None
    ) -> tuple[PerFit, RawPredictions]:
        """Return mean losses and their gradients by raw predictions, of all fits or of one.

        Losses are on the host, gradients where predictions are.
        """

    def hessian(self, raw: RawPredictions, floor: PerFit) -> Hessian:
        """Return its second derivative, with at least `floor` times what bounds it.

        The floor is on the host.
        """

    def take(self, index: Array) -> LinearRows:
        """Return those of the fits that `index` names."""

    def gradient(self, slope: RawPredictions) -> Array:
        """Return the gradient by weights, (n_fits, n_features, n_outputs)."""

    def kinks(self, fit: int) -> Any:
        """Return at, below and above of all kinks, each (n_outputs, n_kinks, n_samples)."""

    def moments(self) -> Any:
        """Return means and second moments of inputs and targets."""


class Problem(Protocol):
    """What an optimizer may ask of the objective, bound to the rows of one step.

    The objective is the sum of a smooth part (the mean loss and the smooth part of the penalty)
    and of the part of the penalty that acts by its proximal operator.
    """

    @property
    def has_prox(self) -> bool:
        """Whether part of the penalty acts by its proximal operator."""

    @property
    def separable(self) -> Separable | None:
        """The strengths of a separable penalty; None of others."""

    @property
    def debts(self) -> tuple[int, int]:
        """The shape of what a fit remembers, for its penalty, of noisy steps."""

    @property
    def layout(self) -> Layout:
        """Where weights and biases lie in a row of parameters."""

    @property
    def time(self) -> float:
        """Epochs of training before the step, with fractions; 0 on all rows before training."""

    def value_and_gradient(self, params: Params) -> tuple[PerFit, Params]:
        """Return the smooth part, (n_fits,), and its gradient, (n_fits, n_params)."""

    def value(self, params: Params) -> PerFit:
        """Return the smooth part, (n_fits,)."""

    def prox(self, params: Params, step_size: FitColumn | Params) -> Params:
        """Return the proximal operator of the other part; may overwrite `params`."""

    def linearised(self, params: Params) -> Separable | None:
        """Return the other part as a separable one with the same slope there, or None."""

    def blockwise(self, params: Params) -> Blockwise | None:
        """Return the penalty, or its tangent there, as a sum over blocks of weights, or None."""

    def pay(
        self, params: Params, owed: Array, step_size: FitColumn | Params
    ) -> tuple[Params, Array]:
        """Return what `prox` does after noisy steps, where the other part is not linearised."""

    def take(self, index: Array) -> Problem:
        """Return the problem of the fits that `index` names."""

    def optimality(self, params: Params, gradient: Params) -> PerFit:
        """Return about how much the objective can still fall, (n_fits,)."""

    def curvature(self) -> Curvature | None:
        """Return a bound on the Hessian of a linear model, or something near it; None of others.

        Its methods are ``share(step, change)``: how much of the loss's part of the bound a step
        has met, given how it changed the gradient, (n_fits,); and ``solve(gradient, share)``: the
        inverse of the bound, less what was not met, times the gradient, (n_fits, n_params).
        """

    def diagonal(self) -> Diagonal:
        """Return the curvature by every parameter, for steps per coordinate.

        Its methods are ``values(params)``, (n_fits, n_params); ``remaining(params, move, factor)``:
        about how much the objective can still fall, (n_fits,), given a proximal step with `factor`
        times the curvature; and ``centred(params)``, ``uncentred(params)`` and
        ``centred_gradient(gradient)`` from and to parameters for centred inputs, which all of these
        are about.
        """

    def ridge(self) -> FitColumn | float:
        """Return the curvature of a quadratic penalty: (n_fits, 1 or n_outputs), or a number."""

    def linear_rows(self) -> LinearRows:
        """Return the rows of a linear model themselves, for solvers that are `only_linear`.

        On a device, `design`, `value_and_slope`, `hessian` and `take` are all that there is.
        """

    def quadratic(self) -> Quadratic:
        """Return the objective as a quadratic; only for optimizers that are ``only_quadratic``.

        Its methods are ``minimum(shape)``: parameters and which fits are not solved, (n_fits,);
        and ``value(params)``, (n_fits,). Parameters are in float64.
        """


class Step(NamedTuple):
    """What one step returns."""

    params: Params
    state: State
    loss: PerFit
    """The smooth part of the objective where the step began (solvers: where it ended)."""
    optimality: PerFit | None = None
    """About how much the objective can still fall; None where steps are too noisy to tell."""
    stalled: PerFit | None = None
    """Fits for which no further progress is possible in this precision."""
    dual_gap: Array | None = None
    """How much the part of the objective of every output can fall at most, (n_fits, n_outputs), if
    the dual problem says so and the loss is convex; None: nothing is known."""


class Optimizer(Component):
    """Base class of optimizers.

    An optimizer of your own is usually a `FirstOrder` rule. A solver that asks the objective for
    more than one gradient implements `step` itself.

    See Also
    --------
    FirstOrder : The base class of rules, where most of your own belong.
    Wrapper : The base class of what changes the steps of another one.
    skopt_suite.testing.check_optimizer : Says what is wrong with one of your own.
    """

    is_full_batch: ClassVar[bool] = False
    """Whether every step needs all rows; ``max_iter`` then counts iterations."""
    is_incremental: ClassVar[bool] = True
    """Whether ``partial_fit`` makes sense."""
    proves_optimality: ClassVar[bool] = False
    """Whether `Step.optimality` is a bound that soon falls to rounding: then ``tol`` is a share of
    the objective itself, too."""
    takes_prox: ClassVar[bool] = True
    """Whether penalties may act by their proximal operator."""
    takes_kinks: ClassVar[bool] = True
    """Whether the loss may have kinks (hinge, absolute error)."""
    takes_sparse: ClassVar[bool] = True
    """Whether X may be sparse."""
    takes_chunks: ClassVar[bool] = True
    """Whether it takes X that is read chunk by chunk."""
    takes_clusters: ClassVar[bool] = True
    """Whether it takes X that is on the workers of a cluster: it asks for no rows themselves."""
    reads_columns: ClassVar[bool] = False
    """Whether sparse X may stay column by column, where it is given so."""
    only_linear: ClassVar[bool] = False
    """Whether it solves linear models only."""
    takes_devices: ClassVar[bool] = True
    """Whether X may be anywhere but in the memory of the host."""
    only_quadratic: ClassVar[bool] = False
    """Whether it solves linear models with a quadratic objective to rounding, and no others."""
    scratch_squares: ClassVar[int] = 0
    """How many numbers in float64 a step takes for every pair of parameters of a fit."""
    takes_schedule: ClassVar[bool] = True
    """Whether there is a learning rate for a schedule to multiply."""
    momentum_parameter: ClassVar[str] = ""
    """Which hyperparameter a schedule that moves the momentum replaces; empty: there is none."""

    @property
    def is_schedule_free(self) -> bool:
        """Whether averages stand in for a rate that falls."""
        return False

    @property
    def has_momentum(self) -> bool:
        """Whether a schedule can move its momentum."""
        return bool(self.momentum_parameter)

    def with_momentum(self, momentum: FitColumn) -> Self:
        """Return a copy that has another momentum.

        Parameters
        ----------
        momentum : array of shape (n_fits, 1)
            The momentum, or NaN where it keeps its own.
        """
        xp, changed = namespace(momentum), copy.copy(self)
        own = getattr(self, self.momentum_parameter)
        setattr(changed, self.momentum_parameter, xp.where(xp.isnan(momentum), own, momentum))
        return changed

    def refusal(self, demands: Demands) -> str | None:
        """Return why it cannot do a job, in words that go on from its name; None if it can.

        The default answers from the class attributes.

        Parameters
        ----------
        demands : Demands
            What is known of the job before it starts.
        """
        return next(refusals(self, demands), None)

    def suits(self, demands: Demands) -> bool:
        """Whether `"auto"` may choose it for a job that it can do."""
        return True

    @abstractmethod
    def init(self, params: Params, problem: Problem) -> State:
        """Return the state before the first step: a NamedTuple of arrays ``(n_fits, ...)``.

        Parameters
        ----------
        params : array of shape (n_fits, n_params)
            Parameters; the state shares no memory with them.
        problem : Problem
            The objective on all rows.
        """

    def resume(self, state: State, params: Params, problem: Problem) -> State:
        """Return the state with which to go on from an earlier fit, whose penalty may be another.

        Parameters
        ----------
        state : NamedTuple
            As the earlier fit left it.
        params : array of shape (n_fits, n_params)
            Parameters.
        problem : Problem
            The objective on all rows.
        """
        return state

    @abstractmethod
    def step(self, state: State, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return where one step leads; `state` and `params` may be overwritten.

        Parameters
        ----------
        state : NamedTuple
            From `init` or the step before.
        params : array of shape (n_fits, n_params)
            Parameters.
        problem : Problem
            The objective on the rows of this step.
        factor : array of shape (n_fits, 1)
            What the schedule says.
        """

    def eval_params(self, state: State, params: Params) -> Params:
        """Return the parameters that predictions use, (n_fits, n_params): an average, say.

        Parameters
        ----------
        state : NamedTuple
            From the last step.
        params : array of shape (n_fits, n_params)
            The parameters that train.
        """
        return params


def rounds_to(new: Params, old: Params) -> PerFit:
    """Return which fits have not moved by more than rounding, (n_fits,)."""
    xp = namespace(new)
    distance, size = xp.max(xp.abs(new - old), axis=-1), xp.max(xp.abs(old), axis=-1)
    return distance <= 4 * xp.finfo(new.dtype).eps * size
