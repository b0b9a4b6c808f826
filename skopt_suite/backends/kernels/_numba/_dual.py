"""Coordinate descent on the dual of linear models, row by row."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views
from skopt_suite.backends.kernels._numba._types import array, given, number, whole

_GIVES, _TINY = 0.1, 1e-300  # as in the definition


def ascend_dual(data, indices, indptr, kinks, order, at, strengths, has_bias, n_passes):
    a, w, bias = np.array(at.variables), np.array(at.weights), np.array([at.bias])
    places = (part.astype(np.int64, copy=False) for part in (indices, indptr))
    of_bias = _GIVES if has_bias else 0.0
    rooms = np.array(order, dtype=np.int64), np.empty(len(indptr) - 1)
    _ascend(data, *places, *kinks, a, w, bias, 1 / strengths, *rooms, of_bias, n_passes)
    return type(at)(a, w, float(bias[0]))


def _types(kind):
    row, read = array(number, 1), given(number, 1)
    matrix = given(kind, 1), given(whole, 1), given(whole, 1)
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
    bias,
    inverse,
    active,
    squares,
    of_bias,
    n_passes,
):
    n, total = squares.size, 0.0
    for i in range(n):
        squares[i] = 0.0
        for place in range(indptr[i], indptr[i + 1]):
            squares[i] += data[place] * data[place] * inverse[indices[place]]
        total += squares[i]
    give, worst, n_active, b = of_bias * total / n, np.inf, a.size, bias[0]
    for _ in range(n_passes):
        b -= give * _sum(a)
        kept, furthest = 0, 0.0
        for position in range(n_active):
            v = active[position]
            i = v % n
            slope = b - kinks[v]
            for place in range(indptr[i], indptr[i + 1]):
                slope += data[place] * w[indices[place]]
            if (a[v] <= below[v] and slope < -worst) or (a[v] >= above[v] and slope > worst):
                continue
            active[kept] = v
            kept += 1
            moved = a[v] + slope / max(squares[i] + give, _TINY)
            step = _within(moved, below[v], above[v]) - a[v]
            if step != 0.0:
                furthest = max(furthest, abs(slope))
                a[v] += step
                b -= step * give
                for place in range(indptr[i], indptr[i + 1]):
                    j = indices[place]
                    w[j] -= step * data[place] * inverse[j]
        n_active, worst = kept, furthest
    bias[0] = b


@jit_inner_views
def _sum(values):
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


@jit_inner_views
def _within(value, low, high):
    return low if value < low else (high if value > high else value)
