"""Conjugate gradients on objectives that are quadratic, a few iterations in every step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends import (
    Array,
    Params,
    PerFit,
    RawPredictions,
    sum_in_double,
    to_numpy,
)
from skopt_suite.optimizers._base import LinearRows, Problem, Step
from skopt_suite.optimizers.algebra._design import dot
from skopt_suite.optimizers.algebra._truncated_cg import Search, System, advance
from skopt_suite.optimizers.solvers._newton import (
    at_most,
    precision_of,
    ridge_of,
    rounds_to,
    write,
)

_FIRST = 4  # iterations of the first step
_SHARE = 4  # later steps have a quarter of what there were before
_LEFT = 1e-4  # of the first objective: less than that its fall does not tell well enough


class QuadraticState(NamedTuple):
    """Where fits are, in float64; coefficients as `Design` has them."""

    coef: Array  # (n_fits, n_columns, n_outputs)
    residual: Array  # minus the gradient of the objective
    conjugate: Array
    square: PerFit  # of the residual, in the inverse of the diagonal
    fall: PerFit
    gained: PerFit  # in the last iteration
    value: PerFit  # where it began
    n_iter: int = 0


def begin_quadratic(params: Params, problem: Problem) -> QuadraticState:
    """Return a state in which nothing is known but the parameters."""
    (layer,) = problem.layout.layers
    weights, bias = to_numpy(layer.weights(params)), to_numpy(layer.bias(params))
    coef = problem.linear_rows().design.centred(weights, bias)
    unknown, zero = np.zeros_like(coef), np.zeros(len(coef))
    return QuadraticState(coef, unknown, unknown, zero, zero, zero, zero)


def step_of_quadratic(state: QuadraticState, params: Params, problem: Problem) -> Step:
    """Return where some more iterations lead."""
    rows, system = problem.linear_rows(), _system(problem, state)
    if state.n_iter == 0:
        state = _begun(state, rows, system)
    search, n_new = Search(*state[:6]), state.n_iter // _SHARE or _FIRST
    for _ in range(n_new):
        search, gained = advance(system, search)
    n_iter = state.n_iter + n_new
    dtype = precision_of(params)
    stalled = rounds_to(search.direction, state.coef, dtype)
    write(problem, params, rows.design.uncentred(search.direction))
    about = at_most(n_iter * gained, 2 * search.fall)
    optimality = np.minimum(about, _gap(system, search.residual))
    value = _value(state, search, rows, system)
    state = QuadraticState(*search, state.value, n_iter)
    return Step(params, state, value.astype(dtype), optimality.astype(dtype), stalled)


def _system(problem: Problem, state: QuadraticState) -> System:
    """Return the objective's second derivatives, the same everywhere."""
    rows = problem.linear_rows()
    n_fits, _, n_outputs = state.coef.shape
    hessian = rows.hessian(rows.design.zeros(n_fits, n_outputs), np.zeros(n_fits))
    return System.of(rows.design, hessian, ridge_of(problem, state.coef))


def _begun(state: QuadraticState, rows: LinearRows, system: System) -> QuadraticState:
    """Return the state with the objective evaluated, at the best intercepts for its weights.

    With centred inputs they do not depend on the weights, and stay the best.
    """
    raw, coef = system.design.times(state.coef), state.coef
    if system.design.mean is not None:
        slope = to_numpy(sum_in_double(rows.value_and_slope(raw)[1], axis=1))
        shift = -system.inverse[:, -1:] * slope[:, None, :]
        raw += system.design.place.asarray(shift)
        coef = np.concatenate([coef[:, :-1], coef[:, -1:] + shift], axis=1)
    value, slope = _objective(coef, raw, rows, system)
    residual = -system.design.transposed(slope) - system.ridge * coef
    conjugate = system.inverse * residual
    square = dot(conjugate, residual)
    zero = np.zeros_like(square)
    return QuadraticState(coef, residual, conjugate, square, zero, zero, value)


def _value(state: QuadraticState, search: Search, rows: LinearRows, system: System) -> PerFit:
    """Return the objectives, by how much they have fallen as long as that says enough."""
    value = state.value - search.fall
    is_known = value > _LEFT * state.value
    if is_known.all():
        return value
    coef = search.direction
    return np.where(is_known, value, _objective(coef, system.design.times(coef), rows, system)[0])


def _objective(
    coef: Array, raw: RawPredictions, rows: LinearRows, system: System
) -> tuple[PerFit, RawPredictions]:
    """Return the objectives at coefficients, and the gradients of losses by raw predictions."""
    value, slope = rows.value_and_slope(raw)
    return value + dot(system.ridge * coef, coef) / 2, slope


def _gap(system: System, residual: Array) -> PerFit:
    """Return a bound on how much objectives can fall, infinite where some weight has no penalty.

    No curvature is less than the penalty's, but along intercepts, which have their own: they have
    nothing to do with centred inputs.
    """
    least = system.ridge.copy()
    if system.design.mean is not None:
        least[:, -1:] = system.hessian.sums()
    is_bounded = least > 0
    gap = (residual**2 / np.where(is_bounded, 2 * least, 1.0)).sum(axis=(1, 2))
    return np.where(is_bounded.all(axis=(1, 2)), gap, np.inf)
