"""Coordinate descent on the dual of linear models, row by row."""

from __future__ import annotations

import numpy as np
from numba import int32

from skopt_suite.backends.kernels._numba._entries import (
    add_scaled_entries,
    dot_of_entries,
    square_of_entries,
)
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views
from skopt_suite.backends.kernels._numba._prefetch import prefetch_entries
from skopt_suite.backends.kernels._numba._types import array, given, number, whole

_GIVES, _TINY = 0.1, 1e-300  # as in the definition


def ascend_dual(data, indices, indptr, kinks, order, at, strengths, has_bias, n_passes):
    a, w, others = np.array(at.variables), np.array(at.weights), np.array([at.bias, at.furthest])
    places = indices.astype(np.int32, copy=False), indptr.astype(np.int64, copy=False)
    of_bias = _GIVES if has_bias else 0.0
    rooms = np.array(order, dtype=np.int64), np.empty(len(indptr) - 1)
    inverse = 1 / (strengths if np.ptp(strengths) else strengths[:1])
    _ascend(data, *places, *kinks, a, w, others, inverse, *rooms, of_bias, n_passes)
    return type(at)(a, w, *others.tolist())


def _types(kind):
    row, read = array(number, 1), given(number, 1)
    matrix = given(kind, 1), given(int32, 1), given(whole, 1)
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
        squares[i] = square_of_entries(data, indices, indptr[i], indptr[i + 1], inverse)
        total += squares[i]
    give, n_active, (b, worst) = of_bias * total / n, n, (others[0], others[1])
    for _ in range(n_passes):
        b -= give * _sum(a)
        kept, furthest = 0, 0.0
        for position in range(n_active):
            i = active[position]
            ahead = active[min(position + 1, n_active - 1)]
            prefetch_entries(data, indices, indptr[ahead], indptr[ahead + 1])
            start, stop = indptr[i], indptr[i + 1]
            raw = b + dot_of_entries(data, indices, start, stop, w)
            if _rest(a, kinks, below, above, i, n, raw, worst):
                continue
            active[kept] = i
            kept += 1
            curvature = max(squares[i] + give, _TINY)
            step, far = _ascend_row(a, kinks, below, above, i, n, raw, curvature)
            if step != 0.0:
                furthest = max(furthest, far)
                b -= step * give
                add_scaled_entries(data, indices, start, stop, w, -step, inverse)
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


@jit_inner_views
def _sum(values):
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


@jit_inner_views
def _within(value, low, high):
    return low if value < low else (high if value > high else value)
