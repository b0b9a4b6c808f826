"""Coordinate descent on working sets of features."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._separable import Separable
from skopt_suite.backends import Array, FitColumn, Params, PerFit, RawPredictions
from skopt_suite.optimizers._base import LinearRows, Optimizer, Problem, Step
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers.algebra._coordinates import Terms, descend_by_moments
from skopt_suite.optimizers.algebra._strengths import spread
from skopt_suite.optimizers.algebra._working_set import WorkingSet, worth_a_look

_MOST_FEATURES, _ROWS_PER_FEATURE = 2000, 2  # where second moments are found
_MOST_EPOCHS = 1000
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

    A full-batch solver for linear models with L1, elastic net, weights of features, or a penalty
    that is concave in the sizes of weights (MCP, SCAD), which is bounded by its tangent in every
    iteration. One feature after the other goes to where the objective is least along it. With many
    more rows than features and a squared error it needs their second moments only. Else an
    iteration goes through the features whose weights are not 0 and those that are furthest from
    optimal, until these are solved, and then looks at all others once; losses that are not
    quadratic are approximated by quadratics (proximal Newton); outputs must not depend on one
    another, as those of a softmax do. Columns are centred by moving the
    intercept, so sparse X stays sparse, and neither means nor scales of columns matter.

    It stops where the objective is proven to be near the optimum: if ``d_j`` is how far the
    coordinate j is from stationary, a convex objective F can fall by no more than
    ``Σ_j d_j |w_j| + F · max_j d_j / l1_j``.

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
    L1: Faster and Better Sparse Models with skglm", NeurIPS 2022.

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

    scratch_arrays = 8
    is_full_batch = True
    is_incremental = False
    takes_kinks = False
    takes_schedule = False
    reads_columns = True
    only_linear = True
    takes_chunks = False
    takes_devices = False

    def refusal(self, demands: Demands) -> str | None:
        """Return why it cannot do a job, in words that go on from its name; None if it can."""
        return super().refusal(demands) or next(_refusals(demands), None)

    def init(self, params: Params, problem: Problem) -> CoordinateDescentState:
        """Return a state in which nothing is known but the parameters."""
        (layer,) = problem.layout.layers
        weights, bias = (
            np.array(part(params), dtype=np.float64) for part in (layer.weights, layer.bias)
        )
        raw = np.zeros((len(params), 0, layer.n_out))
        return CoordinateDescentState(weights, bias, np.zeros_like(weights), raw, weights)

    def step(
        self,
        state: CoordinateDescentState,
        params: Params,
        problem: Problem,
        factor: FitColumn,
    ) -> Step:
        """Return where the working set of every fit is solved."""
        rows, tangents = problem.linear_rows(), _Tangents(problem, params)
        solve = _solve_by_moments if _has_few_moments(rows) else _solve_by_columns
        state, loss, stalled = solve(state, rows, tangents)
        terms = tangents.at(state.weights)
        state = state._replace(distance=terms.distance(state.weights, state.gradient))
        (layer,) = problem.layout.layers
        layer.bias(params)[...] = state.bias
        value = loss + terms.smooth_value(state.weights)
        (optimality, gap), dtype = terms.can_fall(state, loss), params.dtype
        known = None if problem.separable is None else gap
        return Step(params, state, value.astype(dtype), optimality.astype(dtype), stalled, known)


def _refusals(demands: Demands) -> Iterator[str]:
    if not demands.penalty.has_tangent:
        yield f"needs a penalty that is a sum over weights; got {demands.penalty!r}"
    if demands.has_coupled_outputs:
        yield "needs outputs that do not depend on one another, as those of a softmax do"
    if not demands.loss.has_hessian:
        yield f"needs a loss that declares its second derivative; got {demands.loss.name!r}"


class _Terms(NamedTuple):
    """The penalties of all fits, (n_fits, n_features, n_outputs); see `Terms`."""

    l1: Array
    l2: Array
    lower: Array
    upper: Array

    @classmethod
    def of(cls, separable: Separable | None, shape: tuple[int, int, int]) -> _Terms:
        """Return them from how penalties describe themselves."""
        assert separable is not None
        lower = 0.0 if separable.is_positive else -np.inf
        parts = separable.l1, separable.l2, lower, np.inf
        return cls(*(spread(part, shape) for part in parts))

    def of_output(self, fit: int, output: int) -> Terms:
        """Return those of one fit and output."""
        return Terms(*(np.ascontiguousarray(part[fit, :, output]) for part in self))

    def of_set(self, at: WorkingSet) -> Terms:
        """Return those of a working set."""
        return Terms(*(part[at.fit, at.chosen, at.output] for part in self))

    def smooth_value(self, weights: Array) -> PerFit:
        """Return ``Σ_j l2_j / 2 w_j²``, (n_fits,)."""
        return (self.l2 * weights * weights).sum(axis=(1, 2)) / 2

    def distance(self, weights: Array, gradient: Array) -> Array:
        """Return how far weights are from stationary; see `Terms`."""
        return Terms(*self).distance(weights, gradient)

    def can_fall(self, state: CoordinateDescentState, loss: PerFit) -> tuple[PerFit, Array]:
        """Return how much a convex objective can fall at most, (n_fits,).

        And the part of every output, (n_fits, n_outputs). Weights without an l1 are taken to be as
        far from their optimum as from 0.
        """
        size, is_free, distance = np.abs(state.weights), self.l1 == 0, state.distance
        ratio = np.max(distance / np.where(is_free, np.inf, self.l1), axis=1)
        objective = loss + self.smooth_value(state.weights) + (self.l1 * size).sum(axis=(1, 2))
        of_weights = (distance * size * (1 + is_free)).sum(axis=1)
        whole = of_weights.sum(axis=1) + ratio.max(axis=1) * objective
        return whole, of_weights + ratio * objective[:, None]


class _Tangents:
    """Penalties; those that are concave in sizes of weights are bounded by a tangent."""

    def __init__(self, problem: Problem, params: Params) -> None:
        (layer,) = problem.layout.layers
        self.problem, self.params, self.weights = problem, params, layer.weights(params)
        self.are_fixed = problem.separable is not None

    def at(self, weights: Array) -> _Terms:
        """Return those at weights, which become those of the parameters."""
        self.weights[...] = weights
        if self.are_fixed:
            return self._fixed
        return _Terms.of(self.problem.linearised(self.params), weights.shape)

    @cached_property
    def _fixed(self) -> _Terms:
        return _Terms.of(self.problem.separable, self.weights.shape)


def _has_few_moments(rows: LinearRows) -> bool:
    """Whether second moments are found faster than several products with all rows."""
    n_samples, n_features = rows.X.shape
    is_tall = n_samples >= _ROWS_PER_FEATURE * n_features and n_features <= _MOST_FEATURES
    return is_tall and rows.loss.is_quadratic and not rows.columns.is_sparse


_Solved = tuple[CoordinateDescentState, PerFit, PerFit]


def _solve_by_moments(
    state: CoordinateDescentState, rows: LinearRows, tangents: _Tangents
) -> _Solved:
    """Return where fits with a squared error are solved, the mean losses, and who did not move."""
    known, weights, gradient = rows.moments(), state.weights.copy(), state.gradient.copy()
    loss, terms = np.zeros(len(weights)), tangents.at(weights)
    for k, output in np.ndindex(len(weights), weights.shape[2]):
        q, w = known.of_fit(k), np.ascontiguousarray(weights[k, :, output])
        cross = q.cross[:, output]
        begin, tol = q.second @ w - cross, _ROUNDING * np.abs(cross).max(initial=0.0)
        penalty = terms.of_output(k, output)
        w, slope = descend_by_moments(q.second, begin, w, *penalty, tol, _MOST_EPOCHS)
        weights[k, :, output], gradient[k, :, output] = w, slope
        loss[k] += max(w @ (slope - cross) + q.square[output], 0.0) / 2
        if state.bias.size:
            state.bias[k, 0, output] = q.mean_target[output] - q.mean @ w
    stalled = (weights == state.weights).all(axis=(1, 2))
    state = state._replace(weights=weights, gradient=gradient, n_steps=state.n_steps + 1)
    return state, loss, stalled


def _solve_by_columns(
    state: CoordinateDescentState, rows: LinearRows, tangents: _Tangents
) -> _Solved:
    """Return where working sets are solved, the mean losses, and which fits did not move."""
    terms = tangents.at(state.weights)
    if state.n_steps == 0:
        state = _looked_at(state, rows, terms)
    weights, bias, raw = state.weights.copy(), state.bias.copy(), state.raw
    sets, stalled = _working_sets(state, rows, terms, tangents), np.ones(len(weights), dtype=bool)
    for _ in range(_MOST_TANGENTS):
        sets = [at for at in sets if at.improve(terms.of_set(at), weights, bias, raw)]
        stalled[[at.fit for at in sets]] = False
        if tangents.are_fixed or not sets:
            break
        terms = tangents.at(weights)
        sets = [at for at in sets if not at.is_solved(terms.of_set(at), weights, raw)]
    at_end = rows.derivatives(raw)
    state = state._replace(
        weights=weights,
        bias=bias,
        gradient=rows.gradient(at_end.slope),
        raw=raw,
        n_steps=state.n_steps + 1,
    )
    return state, at_end.value, stalled


def _looked_at(state: CoordinateDescentState, rows: LinearRows, terms: _Terms) -> Any:
    """Return a state in which all is known."""
    raw = rows.raw(state.weights, state.bias)
    gradient = rows.gradient(rows.derivatives(raw).slope)
    distance = terms.distance(state.weights, gradient)
    return state._replace(raw=raw, gradient=gradient, distance=distance)


def _working_sets(
    state: CoordinateDescentState, rows: LinearRows, terms: _Terms, tangents: _Tangents
) -> list[WorkingSet]:
    """Return those of all fits and outputs."""
    is_in, solved = (state.weights != 0) | (terms.l1 == 0), _SOLVED[tangents.are_fixed]
    sets = []
    for k, j in np.ndindex(len(is_in), is_in.shape[2]):
        distance = state.distance[k, :, j]
        chosen, tol = worth_a_look(is_in[k, :, j], distance), solved * distance.max(initial=0.0)
        sets.append(WorkingSet(rows, k, j, chosen, tol))
    return sets
