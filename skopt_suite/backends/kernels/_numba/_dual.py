"""Coordinate descent on the dual of linear models, row by row."""

from __future__ import annotations

import numpy as np
from numba import types

from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_sum
from skopt_suite.backends.kernels._numba._types import array, given, number, whole

_GIVES, _TINY = 0.1, 1e-300  # as in the definition


def ascend_dual(data, indices, indptr, kinks, order, at, strengths, has_bias, n_passes):
    a, w, others = np.array(at.variables), np.array(at.weights), np.array([at.bias, at.furthest])
    places = unsigned(indices, np.int32), unsigned(indptr, np.int64)
    of_bias = _GIVES if has_bias else 0.0
    rooms = np.array(order, dtype=np.int64), np.empty(len(indptr) - 1)
    inverse = 1 / (strengths if np.ptp(strengths) else strengths[:1])
    _ascend(data, *places, *kinks, a, w, others, inverse, *rooms, of_bias, n_passes)
    return type(at)(a, w, *others.tolist())


def unsigned(places, dtype):
    # Where an index may be negative, what is read by it is not read side by side with others.
    kind = np.dtype(dtype)
    return np.ascontiguousarray(places, dtype=kind).view(kind.str.replace("i", "u"))


def _types(kind):
    row, read = array(number, 1), given(number, 1)
    matrix = given(kind, 1), given(types.uint32, 1), given(types.uint64, 1)
    return *matrix, read, read, read, row, row, row, read, array(whole, 1), row, number, whole


@entry(_types)
def _ascend(
    data,
    indices,
    indptr,
    kinks,
    below,
    above,
    a,
    w,
    others,
    inverse,
    active,
    squares,
    of_bias,
    n_passes,
):
    n, total = squares.size, 0.0
    for i in range(n):
        squares[i] = _square(data, indices, indptr[i], indptr[i + 1], inverse)
        total += squares[i]
    give, n_active, (b, worst) = of_bias * total / n, n, (others[0], others[1])
    for _ in range(n_passes):
        b -= give * _sum(a)
        kept, furthest = 0, 0.0
        for position in range(n_active):
            i = active[position]
            start, stop = indptr[i], indptr[i + 1]
            raw = b + _dot(data, indices, start, stop, w)
            if _rest(a, kinks, below, above, i, n, raw, worst):
                continue
            active[kept] = i
            kept += 1
            curvature = max(squares[i] + give, _TINY)
            step, far = _ascend_row(a, kinks, below, above, i, n, raw, curvature)
            if step != 0.0:
                furthest = max(furthest, far)
                b -= step * give
                _move(data, indices, start, stop, w, inverse, step)
        n_active, worst = kept, furthest
    others[0], others[1] = b, worst


@jit_inner_views
def _rest(a, kinks, below, above, i, n, raw, worst):
    for v in range(i, a.size, n):
        beyond = raw - kinks[v]
        is_low, is_high = a[v] <= below[v], a[v] >= above[v]
        if not ((is_low and beyond < -worst) or (is_high and beyond > worst)):
            return False
    return True


@jit_inner_views
def _ascend_row(a, kinks, below, above, i, n, raw, curvature):
    total, furthest = 0.0, 0.0
    for v in range(i, a.size, n):
        step = _step(a, kinks, below, above, v, raw, curvature)
        if not step <= 0.0:
            furthest = max(furthest, abs(raw - kinks[v]))
            a[v] += step
            raw -= step * curvature
            total += step
    for v in range(a.size - n + i, -1, -n):
        step = _step(a, kinks, below, above, v, raw, curvature)
        if not step >= 0.0:
            furthest = max(furthest, abs(raw - kinks[v]))
            a[v] += step
            raw -= step * curvature
            total += step
    return total, furthest


@jit_inner_views
def _step(a, kinks, below, above, v, raw, curvature):
    return _within(a[v] + (raw - kinks[v]) / curvature, below[v], above[v]) - a[v]


@jit_sum
def _dot(data, indices, start, stop, w):
    total = 0.0
    for place in range(start, stop):
        total += data[place] * w[indices[place]]
    return total


@jit_sum
def _square(data, indices, start, stop, inverse):
    total = 0.0
    if inverse.size == 1:
        for place in range(start, stop):
            total += data[place] * data[place]
        return total * inverse[0]
    for place in range(start, stop):
        total += data[place] * data[place] * inverse[indices[place]]
    return total


@jit_inner_views
def _move(data, indices, start, stop, w, inverse, step):
    if inverse.size == 1:
        step *= inverse[0]
        for place in range(start, stop):
            w[indices[place]] -= step * data[place]
    else:
        for place in range(start, stop):
            w[indices[place]] -= step * data[place] * inverse[indices[place]]


@jit_inner_views
def _sum(values):
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


@jit_inner_views
def _within(value, low, high):
    return low if value < low else (high if value > high else value)
