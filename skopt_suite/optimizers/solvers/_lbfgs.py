"""L-BFGS on a stack of fits: history and line search per fit."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, FitColumn, Params, PerFit, kernel, namespace, to_numpy
from skopt_suite.domains import Integer
from skopt_suite.optimizers._base import Optimizer, Problem, Step, rounds_to
from skopt_suite.optimizers.algebra._curvature import Curvature
from skopt_suite.optimizers.algebra._line_search import LineEnd, wolfe_line_search
from skopt_suite.optimizers.algebra._on_host import HostProblem, is_for_host, on_host


class LBFGSState(NamedTuple):
    """Value and gradient at the parameters, and the last steps and changes of the gradient."""

    value: PerFit
    gradient: Params
    steps: Array  # (n_fits, history_size, n_params), a ring
    changes: Array  # (n_fits, history_size, n_params), a ring
    curvature: Array  # (n_fits, history_size): 1 / (step · change), 0 where there is no pair
    scale: FitColumn  # of the initial inverse Hessian, where nothing bounds it
    share: FitColumn  # of the bound on the Hessian that the last step has met
    direction: Params  # of the next step
    n_steps: int = 0  # iterations so far, the same for all fits


class LBFGS(Optimizer):
    """Limited-memory BFGS with a line search for Wolfe's conditions.

    A full-batch solver for smooth losses and penalties. There is no learning rate: every step is
    of the length that the line search finds. For linear models it begins with the inverse of a
    bound on the Hessian: the covariance of X times the ``curvature`` of the loss, plus that of the
    penalty. The scale of features then matters little, and least squares takes one step. Of sparse
    X, and where there are thousands of samples and of features, it knows the variances only; of
    very many samples the variances, and correlations from a sample of them unless the loss is
    quadratic. Names: ``"lbfgs"``.

    Parameters
    ----------
    history_size : int >= 1, default=10
        Steps from which the Hessian is approximated.
    max_line_search : int >= 1, default=30
        Evaluations of the objective in one line search.

    See Also
    --------
    NewtonCholesky : Needs fewer iterations; linear models with few features.
    NewtonCG : Linear models with many features.
    FISTA : Takes penalties that are not smooth.
    Adam : Minibatches, for data of many rows and for networks.

    References
    ----------
    J. Nocedal, "Updating quasi-Newton matrices with limited storage", Mathematics of Computation
    35, 1980; J. Nocedal and S. Wright, "Numerical Optimization", 2nd edition, 2006, algorithm 7.4;
    D. Böhning and B. Lindsay, "Monotonicity of quadratic-approximation algorithms", Annals of the
    Institute of Statistical Mathematics 40, 1988 (the bound).

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.optimizers import LBFGS
    >>> clf = LinearClassifier(optimizer=LBFGS(history_size=20))
    """

    scratch_arrays = 8
    name = "lbfgs"
    reads_columns = True  # it asks for products with all rows only
    is_full_batch = True
    is_incremental = False
    takes_prox = False
    takes_kinks = False
    takes_schedule = False
    parameters = {"history_size": Integer(1), "max_line_search": Integer(1)}

    def __init__(self, history_size: int = 10, max_line_search: int = 30) -> None:
        self.history_size = history_size
        self.max_line_search = max_line_search

    def init(self, params: Params, problem: Problem) -> LBFGSState:
        """Return an empty history; the first step evaluates the objective."""
        params = to_numpy(params) if is_for_host(params) else params
        xp = namespace(params)
        n_fits, n_params = params.shape
        shape = (n_fits, self.history_size, n_params)
        new = {"dtype": params.dtype, "device": params.device}
        return LBFGSState(
            value=xp.zeros((n_fits,), **new),
            gradient=xp.zeros_like(params),
            steps=xp.zeros(shape, **new),
            changes=xp.zeros(shape, **new),
            curvature=xp.zeros(shape[:2], **new),
            scale=xp.ones((n_fits, 1), **new),
            share=xp.ones((n_fits, 1), **new),
            direction=xp.zeros_like(params),
        )

    def step(self, state: LBFGSState, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return the end of a line search along the quasi-Newton direction."""
        if not is_for_host(params):
            return self._step(state, params, problem)
        there = HostProblem(problem, params)
        step = self._step(on_host(state), to_numpy(params), there)
        return step._replace(params=there.placed(step.params))

    def _step(self, state: LBFGSState, params: Params, problem: Problem | HostProblem) -> Step:
        bound = problem.curvature()
        if state.n_steps == 0:
            state = _start(state, params, problem)
        end = wolfe_line_search(
            problem, params, state.value, state.gradient, state.direction, self.max_line_search
        )
        # A fit that cannot move along steepest descent either has reached its precision.
        without_history = ~namespace(params).any(state.curvature != 0, axis=1)
        stalled = (end.moved & rounds_to(end.params, params)) | (~end.moved & without_history)
        state = self._remember(state, end.params - params, end, bound)
        # As the quadratic model has it, whose minimum the direction leads to. That is too little
        # where the steps have not met the curvature yet, and the bound too much.
        optimality = -namespace(params).vecdot(end.gradient, state.direction)
        if bound is not None:
            optimality = (optimality * problem.optimality(end.params, end.gradient)) ** 0.5
        # Without a gradient a fit cannot move, whatever the value: that is divergence, not an end.
        xp = namespace(params)
        value = xp.where(xp.all(xp.isfinite(end.gradient), axis=1), end.value, xp.nan)
        return Step(end.params, state, value, optimality, stalled)

    def _remember(
        self, state: LBFGSState, step: Params, end: LineEnd, bound: Curvature | None
    ) -> LBFGSState:
        """Return the state after a step; pairs without positive curvature count for nothing."""
        xp = namespace(step)
        change = end.gradient - state.gradient
        product, square = xp.vecdot(step, change), xp.vecdot(change, change)
        rounding = xp.finfo(step.dtype).eps * xp.sqrt(xp.vecdot(step, step)) * xp.sqrt(square)
        usable = end.moved & (product > rounding)
        safe = xp.where(usable, product, 1.0)
        i = state.n_steps % self.history_size
        state.steps[:, i, :] = step
        state.changes[:, i, :] = change
        state.curvature[:, i] = xp.where(usable, 1 / safe, 0.0)
        scale = xp.where(usable, product / xp.where(usable, square, 1.0), state.scale[:, 0])
        share = state.share[:, 0]
        if bound is not None:
            seen = bound.share(step, change)
            share = xp.where(usable & (seen > 0), seen, share)
        # A fit that could not move forgets what it has seen and starts again.
        state = state._replace(
            value=end.value,
            gradient=end.gradient,
            curvature=xp.where(end.moved[:, None], state.curvature, 0.0),
            scale=scale[:, None],
            share=xp.where(end.moved, share, 1.0)[:, None],
            n_steps=state.n_steps + 1,
        )
        return state._replace(direction=_direction(state, bound))


def _start(state: LBFGSState, params: Params, problem: Problem | HostProblem) -> LBFGSState:
    """Return the state with the objective evaluated and a first step of length 1."""
    xp = namespace(params)
    value, gradient = problem.value_and_gradient(params)
    norm = xp.sqrt(xp.vecdot(gradient, gradient))[:, None]
    scale = xp.where(norm > 0, 1 / xp.where(norm > 0, norm, 1.0), 1.0)
    state = state._replace(value=value, gradient=gradient, scale=scale)
    return state._replace(direction=_direction(state, problem.curvature()))


def _direction(state: LBFGSState, bound: Curvature | None) -> Params:
    """Return minus the inverse Hessian times the gradient, by the two-loop recursion.

    It begins with the inverse of the bound on the Hessian, or of the share of it that the last
    step has met; with a multiple of the identity where there is no bound.
    """
    history = (state.steps, state.changes, state.curvature, state.n_steps)
    direction, weights = newest_to_oldest(state.gradient, *history)
    if bound is None:
        direction = direction * state.scale
    else:
        direction = bound.solve(direction, state.share)
    return oldest_to_newest(direction, weights, *history)


@kernel
def newest_to_oldest(
    gradient: Params, steps: Array, changes: Array, curvature: Array, n_steps: int
) -> tuple[Params, Array]:
    """Return minus the gradient less multiples of the changes, and those multiples.

    The first loop of the recursion. The last of `n_steps` pairs is at position
    ``(n_steps - 1) % history_size`` of the rings.
    """
    xp = namespace(gradient)
    direction, weights = -gradient, xp.zeros_like(curvature)
    for i in _newest_first(n_steps, steps.shape[1]):
        weights[:, i] = curvature[:, i] * xp.vecdot(steps[:, i, :], direction)
        direction = direction - weights[:, i][:, None] * changes[:, i, :]
    return direction, weights


@kernel
def oldest_to_newest(
    direction: Params, weights: Array, steps: Array, changes: Array, curvature: Array, n_steps: int
) -> Params:
    """Return the direction plus multiples of the steps: the second loop of the recursion."""
    xp = namespace(direction)
    for i in reversed(_newest_first(n_steps, steps.shape[1])):
        correction = curvature[:, i] * xp.vecdot(changes[:, i, :], direction)
        direction = direction + (weights[:, i] - correction)[:, None] * steps[:, i, :]
    return direction


def _newest_first(n_steps: int, history_size: int) -> list[int]:
    return [(n_steps - 1 - age) % history_size for age in range(min(n_steps, history_size))]
