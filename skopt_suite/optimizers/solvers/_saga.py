"""SAGA: steps with one row after the other, whose gradients are remembered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, FitColumn, Params, PerFit, RawPredictions
from skopt_suite.optimizers._base import LinearRows, Optimizer, Problem, Step, rounds_to
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers.algebra._stacked_terms import StackedTerms
from skopt_suite.optimizers.algebra._sweeps import (
    Point,
    Remembered,
    Steps,
    sweep_rows,
    sweep_sparse_rows,
)

_SAFE = 1 / 3  # over the largest curvature of a row: what is proven for all data
_SLOW = 0.5  # of what there was left to fall: if there is more left, steps are made longer
_APART = 128  # bits: what is drawn in one iteration does not overlap with the next
_LONGER, _SHORTER = 1.5, 0.25
_SHORTEST = 1e-6  # of the safe step
_ROUNDING = 8.0  # units in the last place of the objective


class SAGAState(NamedTuple):
    """Where fits are, in float64."""

    weights: Array  # (n_fits, n_features, n_outputs)
    bias: Array  # (n_fits, 1, n_outputs), or no columns
    loss: PerFit
    slopes: RawPredictions  # of the mean loss by raw predictions
    gradient: Array  # of the mean loss by weights
    length: FitColumn  # of steps, in units of what is safe
    longest: FitColumn  # that has not failed
    remaining: PerFit
    n_steps: int = 0


class SAGA(Optimizer):
    """Proximal stochastic average gradients, for linear models of many rows.

    A solver for smooth losses and penalties that are sums over weights. It steps with one row after
    the other, drawn at random, as SGD does; but the gradients of all rows are remembered, so that
    noise vanishes and the optimum is reached, without a schedule. An iteration sees as many rows as
    there are, and then all of them at once, by which what is remembered is brought up to date and
    the objective is known. With s_i the remembered gradient of row i and a their mean, a step is

        w ← prox(w - η (∇f_i(w) - s_i + a)).

    Steps begin with a third of the inverse of the largest curvature of a row. They become longer
    where little is won, and an iteration after which the objective is higher is made anew with
    shorter ones. Features that are large, or seldom 0, take shorter steps, so the scale of columns
    does not matter; neither do means of dense ones. A step costs in proportion to the values of its
    row that are not 0. Rows are drawn in the same order in every fit, whatever ``random_state``.

    Full-batch ``lbfgs`` is mostly faster. Names: ``"saga"``.

    See Also
    --------
    SGD : Without a memory of gradients, with a schedule; networks, too.
    LBFGS : Mostly faster, where the penalty is smooth.
    CoordinateDescent : Feature by feature in place of row by row.

    References
    ----------
    A. Defazio, F. Bach and S. Lacoste-Julien, "SAGA: A Fast Incremental Gradient Method With
    Support for Non-Strongly Convex Composite Objectives", NeurIPS 2014; memory that is renewed is
    that of T. Hofmann et al., "Variance Reduced Stochastic Gradient Descent with Neighbors",
    NeurIPS 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.penalties import L1
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = LinearClassifier(penalty=L1(0.01), optimizer="saga").fit(X, y)
    >>> clf.stop_reason_
    'converged'
    """

    scratch_arrays = 14
    name = "saga"
    is_full_batch = True
    is_incremental = False
    takes_kinks = False
    takes_schedule = False
    only_linear = True
    takes_chunks = False
    takes_clusters = False
    takes_devices = False

    def refusal(self, demands: Demands) -> str | None:
        """Return why it cannot do a job, in words that go on from its name; None if it can."""
        return super().refusal(demands) or next(_refusals(demands), None)

    def init(self, params: Params, problem: Problem) -> SAGAState:
        """Return what all rows say of where fits begin."""
        (layer,) = problem.layout.layers
        weights, bias = (
            np.array(part(params), dtype=np.float64) for part in (layer.weights, layer.bias)
        )
        none, ones = np.zeros((len(params), 0, layer.n_out)), np.ones((len(params), 1))
        of_fits = np.zeros(len(params)), none, weights * 0.0
        state = SAGAState(weights, bias, *of_fits, ones, ones * np.inf, ones[:, 0] * np.inf)
        return _seen(state, problem.linear_rows())

    def step(self, state: SAGAState, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return where steps with as many rows as there are lead."""
        rows, penalty = problem.linear_rows(), problem.blockwise(params)
        terms = StackedTerms.of(penalty, state.weights.shape, is_coupled=False)
        new = _seen(_swept(state, rows, terms), rows)
        before, after = (at.loss + terms.value(at.weights) for at in (state, new))
        eps = np.finfo(np.float64).eps
        is_better = after <= before + _ROUNDING * eps * np.abs(before)
        state, last = _chosen(is_better, new, state), params.copy()
        (layer,) = problem.layout.layers
        layer.weights(params)[...], layer.bias(params)[...] = state.weights, state.bias
        gradient = np.empty_like(params)
        layer.weights(gradient)[...] = state.gradient + terms.l2 * state.weights
        if state.bias.size:
            layer.bias(gradient)[...] = state.slopes.sum(axis=1, keepdims=True)
        fallen = np.where(is_better, np.maximum(before - after, eps * np.abs(before)), np.inf)
        optimality = problem.optimality(params, gradient)
        optimality = np.minimum(optimality, (fallen * optimality) ** 0.5)
        stalled = np.where(is_better, rounds_to(params, last), state.length[:, 0] < _SHORTEST)
        state = _paced(state, is_better, optimality)
        value = (state.loss + terms.smooth_value(state.weights)).astype(params.dtype)
        return Step(params, state, value, optimality, stalled)


def _refusals(demands: Demands) -> Iterator[str]:
    if not demands.penalty.has_tangent:
        yield f"needs a penalty that is a sum over weights; got {demands.penalty!r}"


def _seen(state: SAGAState, rows: LinearRows) -> SAGAState:
    """Return the state with what all rows say of where it is."""
    loss, slopes = rows.value_and_slope(rows.raw(state.weights, state.bias))
    return state._replace(loss=loss, slopes=slopes, gradient=rows.gradient(slopes))


def _swept(state: SAGAState, rows: LinearRows, terms: StackedTerms) -> SAGAState:
    """Return where steps with single rows lead every fit, one fit after the other."""
    sizes, matrix, sweep = rows.sizes, *_matrix(rows)
    n_samples, weights, bias = rows.X.shape[0], state.weights.copy(), state.bias.copy()
    bits = np.random.Philox(key=0, counter=state.n_steps << _APART)
    order = np.random.Generator(bits).integers(n_samples, size=n_samples)
    for k in range(len(weights)):
        of_rows, start = rows.of_fit(k), state.bias[k, 0] if bias.size else np.zeros(1)
        slopes, of_bias = state.slopes[k], state.slopes[k].sum(axis=0)
        average = state.gradient[k] - np.outer(sizes.mean, of_bias)
        at = Point(weights[k], start + sizes.mean @ weights[k])
        steps = _steps(state, rows, terms, k)
        remembered = Remembered(slopes, average, of_bias)
        given = order, of_rows, at, remembered, steps
        found = sweep(*matrix, *given) or sweep.definition(*matrix, *given)
        weights[k] = found.weights
        if bias.size:
            bias[k, 0] = found.bias - sizes.mean @ found.weights
    return state._replace(weights=weights, bias=bias, n_steps=state.n_steps + 1)


def _matrix(rows: LinearRows) -> tuple[tuple, Any]:
    """Return the inputs as steps read them, and what makes the steps."""
    x = rows.columns.by_row
    if rows.columns.is_sparse:
        return (x.data, x.indices, x.indptr), sweep_sparse_rows
    return (x, rows.sizes.mean), sweep_rows


def _steps(state: SAGAState, rows: LinearRows, terms: StackedTerms, fit: int) -> Steps:
    """Return how far the steps of a fit go."""
    largest = (_curvature(state, rows, fit) * rows.sizes.lengths).max()
    step = _SAFE * state.length[fit, 0] / (largest * rows.X.shape[0])
    of_bias = step if state.bias.size else 0.0
    penalty = terms.l1[fit], terms.l2[fit], float(terms.lower[fit].flat[0])
    return Steps(step / rows.sizes.curvature, of_bias, *penalty)


def _curvature(state: SAGAState, rows: LinearRows, fit: int) -> Array:
    """Return a bound of that of every row's share of the loss, or what it is at the start."""
    of_fit = rows.of_fit(fit)
    bound = of_fit.loss.curvature()
    if bound is not None:
        return of_fit.share * float(np.max(bound))
    if not of_fit.loss.has_hessian:
        return of_fit.share
    raw = rows.raw(state.weights[fit : fit + 1], state.bias[fit : fit + 1])
    return rows.derivatives(raw, fit).curvature[0].max(axis=1)


def _chosen(is_better: PerFit, new: SAGAState, old: SAGAState) -> SAGAState:
    """Return the new state, but of fits that became worse the old one."""

    def choose(one: Array, another: Array) -> Array:
        return np.where(is_better.reshape(-1, *(1,) * (one.ndim - 1)), one, another)

    pairs = zip(new._asdict().items(), old, strict=True)
    parts = {name: choose(one, another) for (name, one), another in pairs if name != "n_steps"}
    return new._replace(**parts)


def _paced(state: SAGAState, is_better: PerFit, optimality: PerFit) -> SAGAState:
    """Return the state with steps as long as seems best."""
    better, is_slow = is_better[:, None], (optimality > _SLOW * state.remaining)[:, None]
    longest = np.where(better, state.longest, state.length / _LONGER)
    longer = np.where(is_slow, np.minimum(_LONGER * state.length, longest), state.length)
    length = np.where(better, longer, _SHORTER * state.length)
    return state._replace(length=length, longest=longest, remaining=optimality)
