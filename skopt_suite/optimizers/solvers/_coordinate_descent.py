"""Coordinate descent on working sets of features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, FitColumn, Params, PerFit, RawPredictions
from skopt_suite.optimizers._base import LinearRows, Optimizer, Problem, Step
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers.algebra._coordinates import descend_by_moments
from skopt_suite.optimizers.algebra._stacked_terms import StackedTerms, Tangents
from skopt_suite.optimizers.algebra._working_blocks import WorkingBlocks
from skopt_suite.optimizers.algebra._working_set import WorkingSet

_MOST_FEATURES, _ROWS_PER_FEATURE = 2000, 2  # where second moments are found
_MOST_EPOCHS = 1000
_AT_ONCE = 2**20  # numbers of moments
_SOLVED = {True: 0.1, False: 1e-3}  # of the distance from stationary: what working sets are left
_MOST_TANGENTS = 30
_ROUNDING = 1e-14  # of the gradient at 0: an epoch that changes it by no more is the last


class CoordinateDescentState(NamedTuple):
    """Where fits are, in float64."""

    weights: Array  # (n_fits, n_features, n_outputs)
    bias: Array  # (n_fits, 1, n_outputs), or no columns
    gradient: Array  # of the mean loss by weights
    raw: RawPredictions  # of no rows where moments are used
    distance: Array  # of weights from stationary
    n_steps: int = 0


class CoordinateDescent(Optimizer):
    """Coordinate descent on working sets, with Anderson acceleration.

    A full-batch solver for linear models with L1, elastic net, weights of features, bounds, groups,
    or a penalty that is concave in the sizes of weights (MCP, SCAD), which is bounded by its
    tangent, again and again. One feature or group after the other goes to where the objective is
    least along it. With many more rows than features and a squared error it needs their second
    moments only. Else an iteration goes through the features or groups whose weights are not 0 and
    those that are furthest from optimal, until these are solved, and then looks at all others once.
    Losses that are not quadratic are approximated by quadratics (proximal Newton); that of a
    softmax has the whole Hessian, as rows keep what all outputs do to them together. Columns are
    centred by moving the intercept, so sparse X stays sparse (and CSC as it is), and neither means
    nor scales of columns matter.

    It stops where the objective is proven to be near the optimum: if ``d_j`` is how far the
    coordinate or group j is from stationary, a convex objective F can fall by no more than
    ``Σ_j d_j ‖w_j‖ + F · max_j d_j / λ_j``, λ being the strengths; where only L2 acts, with a
    strength of α, the part of a coordinate is ``d_j² / 2α``. What has no penalty is taken to be as
    far from its optimum as from 0; with losses that are not quadratic, at least as far as makes
    predictions differ by the mean loss over the mean slope.

    See Also
    --------
    FISTA : Any penalty, and networks.
    ClosedForm : Least squares with L2 or without penalty.
    InteriorPoint : Losses with kinks.
    skopt_suite.penalties.L1 : The penalty that it is mostly for.

    References
    ----------
    J. Friedman, T. Hastie and R. Tibshirani, "Regularization Paths for Generalized Linear Models
    via Coordinate Descent", Journal of Statistical Software 33, 2010; Q. Bertrand et al., "Beyond
    L1: Faster and Better Sparse Models with skglm", NeurIPS 2022; N. Simon, J. Friedman,
    T. Hastie and R. Tibshirani, "A Sparse-Group Lasso", Journal of Computational and Graphical
    Statistics 22, 2013 (groups).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import L1
    >>> X, y = load_diabetes(return_X_y=True)
    >>> lasso = LinearRegressor(penalty=L1(1.0), optimizer="coordinate_descent")
    >>> int((lasso.fit(X, y).coef_ != 0).sum())
    3
    """

    scratch_arrays = 9
    is_full_batch = True
    is_incremental = False
    takes_kinks = False
    takes_schedule = False
    reads_columns = True
    only_linear = True
    takes_chunks = False
    takes_clusters = False
    takes_devices = False

    def refusal(self, demands: Demands) -> str | None:
        """Return why it cannot do a job, in words that go on from its name; None if it can."""
        return super().refusal(demands) or next(_refusals(demands), None)

    def suits(self, demands: Demands) -> bool:
        """Whether `"auto"` may choose it.

        It may not for a softmax, where it is slow with many rows; nor for bounds alone with losses
        that are not quadratic, which may go on to fall forever.
        """
        penalty, loss = demands.penalty, demands.loss
        only_projects = not (penalty.has_tangent or penalty.needs_step_size)
        can_fall_forever = only_projects and not loss.is_quadratic
        return not (demands.has_coupled_outputs or can_fall_forever)

    def init(self, params: Params, problem: Problem) -> CoordinateDescentState:
        """Return a state in which nothing is known but the parameters."""
        (layer,) = problem.layout.layers
        weights = np.array(layer.weights(params), dtype=np.float64)
        bias = np.array(layer.bias(params), dtype=np.float64)
        raw, unknown = np.zeros((len(params), 0, layer.n_out)), np.zeros(weights.shape)
        return CoordinateDescentState(weights, bias, unknown, raw, unknown.copy())

    def step(
        self,
        state: CoordinateDescentState,
        params: Params,
        problem: Problem,
        factor: FitColumn,
    ) -> Step:
        """Return where the working set of every fit is solved."""
        rows = problem.linear_rows()
        tangents = Tangents(problem, params, rows.loss.has_coupled_outputs)
        solve = _solve_by_moments if _has_few_moments(rows, tangents) else _solve_by_columns
        state, loss, stalled, way = solve(state, rows, tangents)
        terms = tangents.at(state.weights)
        state = state._replace(distance=terms.distance(state.weights, state.gradient))
        (layer,) = problem.layout.layers
        layer.bias(params)[...] = state.bias
        value = loss + terms.smooth_value(state.weights)
        optimality, gap = terms.can_fall(state.weights, state.distance, value, way)
        known, dtype = None if problem.separable is None else gap, params.dtype
        return Step(params, state, value.astype(dtype), optimality.astype(dtype), stalled, known)


def _refusals(demands: Demands) -> Iterator[str]:
    if not demands.penalty.is_blockwise:
        yield (
            f"needs a penalty that is a sum over weights or groups of them; got {demands.penalty!r}"
        )
    if not demands.loss.has_hessian:
        yield f"needs a loss that declares its second derivative; got {demands.loss.name!r}"


def _has_few_moments(rows: LinearRows, tangents: Tangents) -> bool:
    """Whether second moments are found faster than several products with all rows."""
    n_samples, n_features = rows.X.shape
    is_tall = n_samples >= _ROWS_PER_FEATURE * n_features and n_features <= _MOST_FEATURES
    is_simple = rows.loss.is_quadratic and isinstance(rows.X, np.ndarray)
    return is_tall and is_simple and tangents.at(tangents.weights).norm is None


_Solved = tuple[CoordinateDescentState, PerFit, PerFit, Array | float]
"""Where fits are, the mean losses, which fits did not move, and the least way of free weights."""


def _solve_by_moments(
    state: CoordinateDescentState, rows: LinearRows, tangents: Tangents
) -> _Solved:
    """Return where fits with a squared error are solved: each of them at once."""
    known, shape, terms = rows.moments(), state.weights.shape, tangents.at(state.weights)
    begin = np.matmul(known.second, state.weights) - known.cross
    weights, gradient = np.empty(shape), np.empty(shape)
    for some in _few_at_once(*shape[:2]):
        q = known if len(known.second) == 1 else known.take(some)
        given = [_by_problem(part[some]) for part in (begin, state.weights, *terms[:4])]
        tol = np.empty((len(weights[some]), shape[2]))
        tol[...] = _ROUNDING * np.abs(q.cross).max(axis=1, initial=0.0)
        found = descend_by_moments(q.second, *given, tol.reshape(-1), _MOST_EPOCHS)
        for whole, part in zip((weights, gradient), found, strict=True):
            whole[some] = part.reshape(-1, shape[2], shape[1]).swapaxes(1, 2)
    squares = (weights * (gradient - known.cross)).sum(axis=1) + known.square
    loss = np.maximum(squares, 0.0).sum(axis=1) / 2
    bias = state.bias
    if bias.size:
        bias = known.mean_target[:, None, :] - np.matmul(known.mean[:, None, :], weights)
    stalled = (weights == state.weights).all(axis=(1, 2))
    n_steps = state.n_steps + 1
    state = state._replace(weights=weights, bias=bias, gradient=gradient, n_steps=n_steps)
    return state, loss, stalled, 0.0


def _few_at_once(n_fits: int, n_features: int) -> list[slice]:
    """Return the fits that one call solves, which nothing interrupts."""
    size = max(1, _AT_ONCE // n_features**2)
    return [slice(start, start + size) for start in range(0, n_fits, size)]


def _by_problem(part: Array) -> Array:
    """Return numbers of weights, those of every output of a fit one after the other."""
    return part.swapaxes(1, 2).reshape(-1, part.shape[1])


def _solve_by_columns(
    state: CoordinateDescentState, rows: LinearRows, tangents: Tangents
) -> _Solved:
    """Return where working sets are solved."""
    terms = tangents.at(state.weights)
    if state.n_steps == 0:
        state = _looked_at(state, rows, terms)
    weights, bias, raw = state.weights.copy(), state.bias.copy(), state.raw
    sets = _working_sets(state, rows, terms, _SOLVED[tangents.are_fixed])
    stalled = np.ones(len(weights), dtype=bool)
    for _ in range(_MOST_TANGENTS):
        sets = [at for at in sets if at.improve(at.terms(terms), weights, bias, raw)]
        stalled[[at.fit for at in sets]] = False
        if tangents.are_fixed or not sets:
            break
        terms = tangents.at(weights)
        sets = [at for at in sets if not at.is_solved(at.terms(terms), weights, raw)]
    at_end = rows.derivatives(raw)
    state = state._replace(
        weights=weights,
        bias=bias,
        gradient=rows.gradient(at_end.slope),
        raw=raw,
        n_steps=state.n_steps + 1,
    )
    return state, at_end.value, stalled, _least_way(rows, at_end, terms)


def _least_way(rows: LinearRows, at: Any, terms: StackedTerms) -> Array | float:
    """Return how far from its optimum a weight without penalty may be that hardly is one.

    By convexity raw predictions are at least ``loss / slope`` from those that fit perfectly. A
    gradient by weights near 0 that is small beside that may be all that there is of a loss which
    grows as its argument does.
    """
    if rows.loss.is_quadratic or not terms.is_free.any():
        return 0.0
    total = np.abs(at.slope).sum(axis=(1, 2))
    raw = at.value / np.where(total > 0, total, np.inf)
    return (raw[:, None] / rows.deviations)[..., None]


def _looked_at(state: CoordinateDescentState, rows: LinearRows, terms: StackedTerms) -> Any:
    """Return a state in which all is known."""
    raw = rows.raw(state.weights, state.bias)
    gradient = rows.gradient(rows.derivatives(raw).slope)
    distance = terms.distance(state.weights, gradient)
    return state._replace(raw=raw, gradient=gradient, distance=distance)


def _working_sets(
    state: CoordinateDescentState, rows: LinearRows, terms: StackedTerms, solved: float
) -> list[WorkingSet]:
    """Return those of all fits, and of outputs that have nothing to do with one another."""
    is_in = (terms.sizes(state.weights) > 0) | (terms.strength == 0)
    distance, n_fits, n_outputs = terms.sizes(state.distance), len(is_in), state.weights.shape[2]
    if terms.norm is not None:
        return [
            WorkingBlocks.of_fit(rows, k, terms, is_in[k], distance[k], solved)
            for k in range(n_fits)
        ]
    is_in, distance = (part.reshape(n_fits, -1, n_outputs) for part in (is_in, distance))
    return [
        WorkingSet.of(rows, k, j, is_in[k, :, j], distance[k, :, j], solved)
        for k, j in np.ndindex(n_fits, n_outputs)
    ]
