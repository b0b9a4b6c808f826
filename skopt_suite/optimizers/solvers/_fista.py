"""FISTA with backtracking and adaptive restart."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, FitColumn, Params, PerFit, namespace
from skopt_suite.optimizers._base import Optimizer, Problem, Step, rounds_to

_MAX_BACKTRACKS = 60


class FISTAState(NamedTuple):
    """Where it is and was, in centred parameters, the momentum sequence and the step size."""

    current: Params
    previous: Params
    t: FitColumn
    factor: FitColumn  # of the curvature by every parameter that is known
    n_steps: int = 0  # iterations so far, the same for all fits


class FISTA(Optimizer):
    """Accelerated proximal gradient with backtracking and adaptive restart.

    A full-batch solver for smooth losses and any penalty. There is no learning rate: the step
    size follows the curvature that it meets. For linear models it is in proportion to the inverse
    variance of every column, with columns centred, so that neither their scales nor their means
    matter much. (Sparse X stays sparse: centring moves the intercept only.)

    See Also
    --------
    CoordinateDescent : Made for linear models with L1 and its kin.
    LBFGS : Learns curvature; for smooth penalties.
    GradientDescent : Plain steps of all rows.

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

    scratch_arrays = 8
    name = "fista"
    is_full_batch = True
    is_incremental = False
    takes_kinks = False
    takes_schedule = False

    def init(self, params: Params, problem: Problem) -> FISTAState:
        """Return a state without momentum."""
        xp = namespace(params)
        ones = xp.ones((params.shape[0], 1), dtype=params.dtype, device=params.device)
        return FISTAState(params, params, ones, ones)

    def step(self, state: FISTAState, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return a proximal gradient step from the point that momentum leads to."""
        xp, diagonal = namespace(params), problem.diagonal()
        if state.n_steps == 0:
            start = diagonal.centred(params)
            state = state._replace(current=start, previous=start)
        t = (1 + xp.sqrt(1 + 4 * state.t * state.t)) / 2
        point = state.current + (state.t - 1) / t * (state.current - state.previous)
        value, gradient = problem.value_and_gradient(diagonal.uncentred(point))
        line = _Line(point, value, diagonal.centred_gradient(gradient), diagonal.values)
        if state.n_steps == 0:
            state = state._replace(factor=_initial_factor(problem, line))
        end = _backtrack(problem, line, state.factor)
        back = point - end.centred
        optimality = diagonal.remaining(end.centred, back, end.factor)
        # Momentum that points uphill is dropped.
        made = end.centred - state.current
        uphill = xp.vecdot(back, diagonal.values * made)[:, None] > 0
        stalled = _rounds(made, end.centred) & _rounds(back, end.centred)
        t = xp.where(uphill, 1.0, t)
        # The curvature may be lower here: a little less is tried in the next step.
        state = FISTAState(end.centred, state.current, t, 0.95 * end.factor, state.n_steps + 1)
        return Step(end.params, state, end.value, optimality, stalled)


class _Line(NamedTuple):
    """Where a step begins, in centred parameters."""

    point: Params
    value: PerFit
    gradient: Params
    curvature: Array  # (n_fits or 1, n_params or 1)


class _End(NamedTuple):
    """Where it ends."""

    params: Params
    centred: Params
    value: PerFit
    factor: FitColumn


def _initial_factor(problem: Problem, line: _Line) -> FitColumn:
    """Return how many times the known curvature it is along a step, from a finite difference.

    The step is one that does not end higher, as an exponential is curved beyond all proportion.
    """
    xp, diagonal = namespace(line.point), problem.diagonal()
    move = line.gradient / line.curvature
    highest = line.value + _rounding(line)
    for _ in range(_MAX_BACKTRACKS):
        value, moved = problem.value_and_gradient(diagonal.uncentred(line.point - move))
        is_lower = value <= highest
        if bool(xp.all(is_lower)):
            break
        move = xp.where(is_lower[:, None], move, move / 8)
    change = line.gradient - diagonal.centred_gradient(moved)
    square = xp.vecdot(move, line.curvature * move)[:, None]
    changed = xp.vecdot(change / line.curvature, change)[:, None]
    factor = xp.sqrt(changed / xp.where(square > 0, square, 1.0))
    return xp.where((factor > 0) & xp.isfinite(factor), factor, 1.0)


def _rounding(line: _Line) -> PerFit:
    """Return by how much values may differ where a step begins without saying anything."""
    xp = namespace(line.value)
    return 8 * xp.finfo(line.value.dtype).eps * xp.abs(line.value)


def _backtrack(problem: Problem, line: _Line, factor: FitColumn) -> _End:
    """Double the factor, per fit, until the quadratic model bounds the smooth part."""
    xp, diagonal = namespace(factor), problem.diagonal()
    rounding = _rounding(line)
    for _ in range(_MAX_BACKTRACKS):
        curvature = factor * line.curvature
        new = line.point - line.gradient / curvature
        if problem.has_prox:
            new = problem.prox(new, 1 / curvature)
        params = diagonal.uncentred(new)
        end = _End(params, new, problem.value(params), factor)
        move = new - line.point
        bound = line.value + xp.vecdot(line.gradient + curvature / 2 * move, move)
        bounded = end.value <= bound + rounding
        if bool(xp.all(bounded)):
            break
        factor = xp.where(bounded[:, None], factor, 2 * factor)
    return end


def _rounds(move: Params, params: Params) -> PerFit:
    """Return which fits have not moved by more than rounding, (n_fits,)."""
    return rounds_to(params + move, params)
