"""FISTA with backtracking and adaptive restart."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, namespace
from skopt_suite.optimizers._base import Optimizer, Problem, Step, rounds_to

_MAX_BACKTRACKS = 60


class FISTAState(NamedTuple):
    """The point before, the momentum sequence and the estimate of the curvature."""

    previous: Array  # (n_fits, n_params)
    t: Array  # (n_fits, 1)
    curvature: Array  # (n_fits, 1): the step size is its inverse
    n_steps: int = 0  # iterations so far, the same for all fits


class FISTA(Optimizer):
    """Accelerated proximal gradient with backtracking and adaptive restart.

    A full-batch solver for smooth losses and any penalty. There is no learning rate: the step
    size follows the curvature that it meets.

    References
    ----------
    A. Beck and M. Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm for Linear Inverse
    Problems", SIAM Journal on Imaging Sciences 2, 2009; B. O'Donoghue and E. Candès, "Adaptive
    Restart for Accelerated Gradient Schemes", Foundations of Computational Mathematics 15, 2015
    (the gradient scheme).

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> lasso = LinearRegressor(penalty="l1", optimizer="fista")
    """

    name = "fista"
    is_full_batch = True
    is_incremental = False
    takes_kinks = False
    takes_schedule = False

    def init(self, params: Array, problem: Problem) -> FISTAState:
        """Return a state without momentum."""
        xp = namespace(params)
        ones = xp.ones((params.shape[0], 1), dtype=params.dtype, device=params.device)
        return FISTAState(params, ones, ones)

    def step(self, state: FISTAState, params: Array, problem: Problem, factor: Array) -> Step:
        """Return a proximal gradient step from the point that momentum leads to."""
        xp = namespace(params)
        t = (1 + xp.sqrt(1 + 4 * state.t * state.t)) / 2
        point = params + (state.t - 1) / t * (params - state.previous)
        value, gradient = problem.value_and_gradient(point)
        if state.n_steps == 0:
            state = state._replace(curvature=_initial_curvature(problem, point, gradient))
        new, new_value, curvature = _backtrack(problem, point, value, gradient, state.curvature)
        # Momentum that points uphill is dropped.
        uphill = xp.vecdot(point - new, new - params)[:, None] > 0
        optimality = xp.max(curvature * xp.abs(point - new), axis=-1)
        stalled = rounds_to(new, params) & rounds_to(new, point)
        t = xp.where(uphill, 1.0, t)
        # The curvature may be lower here: a little less is tried in the next step.
        state = FISTAState(params, t, 0.95 * curvature, state.n_steps + 1)
        return Step(new, state, new_value, optimality, stalled)


def _initial_curvature(problem: Problem, point: Array, gradient: Array) -> Array:
    """Return the curvature along the gradient, from a finite difference."""
    xp = namespace(point)
    norm = xp.sqrt(xp.vecdot(gradient, gradient))[:, None]
    safe = xp.where(norm > 0, norm, 1.0)
    _, moved = problem.value_and_gradient(point - gradient / safe)
    change = xp.sqrt(xp.vecdot(moved - gradient, moved - gradient))[:, None]
    return xp.where((norm > 0) & (change > 0) & xp.isfinite(change), change, 1.0)


def _backtrack(
    problem: Problem, point: Array, value: Array, gradient: Array, curvature: Array
) -> tuple[Array, Array, Array]:
    """Double the curvature, per fit, until the quadratic model bounds the smooth part."""
    xp = namespace(point)
    rounding = 8 * xp.finfo(point.dtype).eps * xp.abs(value)
    for _ in range(_MAX_BACKTRACKS):
        new = point - gradient / curvature
        if problem.has_prox:
            new = problem.prox(new, 1 / curvature)
        move = new - point
        new_value = problem.value(new)
        bound = value + xp.vecdot(gradient, move) + curvature[:, 0] / 2 * xp.vecdot(move, move)
        bounded = new_value <= bound + rounding
        if bool(xp.all(bounded)):
            break
        curvature = xp.where(bounded[:, None], curvature, 2 * curvature)
    return new, new_value, curvature
