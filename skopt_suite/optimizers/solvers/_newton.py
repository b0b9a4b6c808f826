"""Newton's method for linear models: what is the same however its direction is found."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from skopt_suite.backends import (
    Array,
    FitColumn,
    Params,
    PerFit,
    RawPredictions,
    namespace,
    sum_in_double,
    to_numpy,
)
from skopt_suite.optimizers._base import LinearRows, Optimizer, Problem, Step
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers.algebra._backtracking import Line, backtrack
from skopt_suite.optimizers.algebra._curvature import per_output
from skopt_suite.optimizers.algebra._design import Design, Hessian, dot

_FLOOR = 1e-3  # of the bound on the curvature of a row, at the most
_ROWS, _ROWS_ON_DEVICE = 2**14, 2**20  # on which the way is found at once


class NewtonState(NamedTuple):
    """Where fits are, in float64; coefficients as `Design` has them.

    Raw predictions and slopes are where X is, all else is on the host.
    """

    coef: Array  # (n_fits, n_columns, n_outputs)
    raw: RawPredictions
    value: PerFit
    slope: RawPredictions  # of the mean loss by raw predictions
    gradient: Array  # of the objective by coefficients
    fall: PerFit  # about how much the objective can still fall, infinite where it is not known
    n_steps: int = 0


class QuadraticModel(Protocol):
    """What the second derivatives say of the objective around some coefficients."""

    @property
    def direction(self) -> Array:
        """The way to its minimum, or near it."""

    def remaining(self, gradient: Array) -> PerFit:
        """Return about how much the objective can still fall from the end of a step."""


class Newton(Optimizer):
    """Base class of Newton's methods for linear models."""

    scratch_arrays = 12
    is_full_batch = True
    is_incremental = False
    takes_prox = False
    takes_kinks = False
    takes_schedule = False
    only_linear = True
    takes_clusters = False

    def refusal(self, demands: Demands) -> str | None:
        """Return why it cannot do a job, in words that go on from its name; None if it can."""
        return super().refusal(demands) or next(_refusals(demands), None)

    def init(self, params: Params, problem: Problem) -> Any:
        """Return a state in which nothing is known but the parameters."""
        (layer,) = problem.layout.layers
        design = problem.linear_rows().design
        coef = design.centred(to_numpy(layer.weights(params)), to_numpy(layer.bias(params)))
        unknown = np.full(len(coef), np.inf)
        raw, slope = (design.zeros(len(coef), layer.n_out) for _ in range(2))
        return NewtonState(coef, raw, unknown, slope, np.zeros_like(coef), unknown)

    def step(self, state: NewtonState, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return the end of a line search along Newton's direction."""
        rows, ridge = problem.linear_rows(), ridge_of(problem, state.coef)
        if state.n_steps == 0:
            state = _begin(state, rows, ridge)
        hessian = rows.hessian(state.raw, _floor(state))
        model = self._model(state, rows.design, hessian, ridge)
        line = Line.of(state, rows.design.times(model.direction), ridge, model.direction)
        end = backtrack(rows, line)
        del line  # as large as raw predictions
        coef = state.coef + end.length[:, None, None] * model.direction
        gradient = rows.design.transposed(end.slope) + ridge * coef
        fall = model.remaining(gradient)
        dtype = precision_of(params)
        stalled = rounds_to(coef, state.coef, dtype)
        state = NewtonState(coef, end.raw, end.value, end.slope, gradient, fall, state.n_steps + 1)
        write(problem, params, rows.design.uncentred(coef))
        way = _way(rows.design, hessian, end.raw) + dot(ridge * coef, coef)
        optimality = at_most(fall, way).astype(dtype)
        return Step(params, state, end.value.astype(dtype), optimality, stalled)

    @abstractmethod
    def _model(
        self, state: NewtonState, design: Design, hessian: Hessian, ridge: Array
    ) -> QuadraticModel:
        """Return the model of the objective around the coefficients of a state."""


def _refusals(demands: Demands) -> Iterator[str]:
    if not demands.penalty.is_quadratic:
        yield f"needs a quadratic penalty that declares its curvature; got {demands.penalty!r}"
    if not demands.loss.has_hessian:
        yield f"needs a loss that declares its second derivative; got {demands.loss.name!r}"


def _begin(state: NewtonState, rows: LinearRows, ridge: Array) -> NewtonState:
    """Return the state with the objective evaluated."""
    raw = rows.design.times(state.coef)
    value, slope = rows.value_and_slope(raw)
    by_penalty = ridge * state.coef
    gradient = rows.design.transposed(slope) + by_penalty
    value = value + dot(by_penalty, state.coef) / 2
    return state._replace(raw=raw, value=value, slope=slope, gradient=gradient)


def ridge_of(problem: Problem, coef: Array) -> Array:
    """Return the curvature of the penalty by every coefficient; intercepts have none."""
    ridge = np.zeros_like(coef)
    ridge[:, : problem.layout.layers[0].n_in] = per_output(to_numpy(problem.ridge()))
    return ridge


def _way(design: Design, hessian: Hessian, raw: RawPredictions) -> PerFit:
    """Return the square of the way from constant raw predictions, in the Hessian, (n_fits,)."""
    n_fits, n_samples, n_outputs = raw.shape
    constant, square = np.zeros((n_fits, 1, n_outputs)), np.zeros(n_fits)
    if design.mean is not None:
        total = np.maximum(hessian.sums(), np.finfo(np.float64).tiny)
        constant = _over_rows(hessian.diagonal, raw) / total
    constant = design.place.asarray(constant)
    n_rows = _ROWS if design.place.is_numpy else _ROWS_ON_DEVICE
    for start in range(0, n_samples, n_rows):
        rows = slice(start, min(start + n_rows, n_samples))
        centred = raw[:, rows, :] - constant
        square += dot(centred, hessian.block(rows).times(centred))
    return square


def _over_rows(a: RawPredictions, b: RawPredictions) -> Array:
    """Return sums of products over rows, (n_fits, 1, n_outputs), on the host."""
    if type(a) is np.ndarray:
        return np.einsum("kio,kio->ko", a, b)[:, None, :]
    return to_numpy(sum_in_double(a * b, axis=1))[:, None, :]


def at_most(fall: PerFit, way: PerFit) -> PerFit:
    """Return about how much the objective can still fall, (n_fits,).

    The model says too little while curvature falls as fast as the gradient. A convex objective
    falls by no more than the norm of the gradient, in the inverse of the Hessian, times that of the
    way to the optimum, for which that from 0 stands; that says too much. It is between.
    """
    fall = np.maximum(fall, 0.0)
    return np.sqrt(fall * np.sqrt(2 * fall * np.maximum(way, 2 * fall)))


def _floor(state: NewtonState) -> PerFit:
    """Return a share of the bound on curvature, that vanishes towards the optimum."""
    return np.minimum(_FLOOR, relative_fall(state))


def relative_fall(state: NewtonState) -> PerFit:
    """Return about what share of the objective is yet to fall, infinite where it is not known."""
    size = np.abs(state.value)
    return np.where(size > 0, state.fall / np.where(size > 0, size, 1.0), np.inf)


def rounds_to(new: Array, old: Array, dtype: Any) -> PerFit:
    """Return which fits have moved by no more than rounding in a precision, (n_fits,)."""
    distance, size = (np.abs(part).max(axis=(1, 2)) for part in (new - old, old))
    return distance <= 4 * np.finfo(dtype).eps * size


def precision_of(params: Params) -> np.dtype:
    """Return the precision of parameters, wherever they are, as NumPy names it."""
    if isinstance(params.dtype, np.dtype):
        return params.dtype
    return np.dtype(f"float{namespace(params).finfo(params.dtype).bits}")


def write(problem: Problem, params: Params, parts: tuple[Array, Array]) -> None:
    """Write weights and intercepts, which are on the host, into parameters."""
    (layer,), xp = problem.layout.layers, namespace(params)
    views = [layer.weights(params), *([layer.bias(params)] if layer.has_bias else [])]
    for view, part in zip(views, parts, strict=False):
        view[...] = xp.asarray(part, dtype=params.dtype, device=params.device)
