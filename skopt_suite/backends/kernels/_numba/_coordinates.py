"""Cyclic coordinate descent on quadratics, with Anderson acceleration.

Rows 0 … 5 of a *ring* are iterates, and row 6 what they are extrapolated to. Rows of `terms` are
l1, l2, and the lower and upper bounds of coordinates; rows of `known` their means and curvatures.
"""

from __future__ import annotations

import numpy as np
from numba import int32

from skopt_suite.backends.kernels._numba._entries import add_scaled_entries, dot_of_entries
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_sum
from skopt_suite.backends.kernels._numba._types import (
    array,
    flat_of,
    given,
    matrix_of,
    number,
    row_of,
    whole,
)

_RING = 7


def descend_by_moments(second, gradient, weights, l1, l2, lower, upper, tol, max_epochs):
    w, slope, (n, p) = weights.copy(), gradient.copy(), weights.shape
    rings, terms = np.empty((2, _RING, p)), np.empty((n, 4, p))
    for row, part in enumerate((l1, l2, lower, upper)):
        terms[:, row] = part
    room = *rings, np.empty((2, p)), np.empty((6, 6))
    _all_by_moments(second, slope, w, terms.reshape(n, -1), *room, tol, max_epochs)
    return w, slope


def descend_by_columns(
    columns, slope, curvature, weights, l1, l2, lower, upper, has_intercept, tol, max_epochs
):
    terms = np.stack([l1, l2, lower, upper])
    given = slope, curvature, weights, terms, has_intercept, tol, max_epochs
    return _descend(_by_columns, (columns,), *given)


def descend_by_sparse_columns(
    data,
    indices,
    indptr,
    chosen,
    slope,
    curvature,
    weights,
    l1,
    l2,
    lower,
    upper,
    has_intercept,
    tol,
    max_epochs,
):
    places = indices.astype(np.int32, copy=False), indptr.astype(np.int64, copy=False)
    terms = np.stack([l1, l2, lower, upper])
    given = slope, curvature, weights, terms, has_intercept, tol, max_epochs
    return _descend(_by_sparse_columns, (data, *places, chosen), *given)


def _descend(kernel, matrix, slope, curvature, weights, terms, has_intercept, tol, max_epochs):
    n, p = len(slope), len(weights)
    w, u, move, intercept = weights.copy(), slope.copy(), np.empty(n), np.zeros(1)
    total = float(curvature.sum()) if has_intercept else 0.0
    rooms = np.empty((_RING, p)), np.empty((_RING, n)), np.empty((3, p)), np.empty((6, 6))
    kernel(*matrix, u, curvature, w, terms, *rooms, move, intercept, total, tol, max_epochs)
    return w, move, float(intercept[0])


@jit_sum
def _dot(a, b):
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@jit_sum
def _sum(values):
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


@jit_inner_views
def _copy(into, values):
    for i in range(values.size):
        into[i] = values[i]


@jit_inner_views
def _best(z, total, terms, j):
    # Where the objective is least along a coordinate.
    above, below = z - terms[0, j], z + terms[0, j]
    best = above if above > 0.0 else (below if below < 0.0 else 0.0)
    best = z if z != z else best / total
    best = terms[2, j] if best < terms[2, j] else best
    return terms[3, j] if best > terms[3, j] else best


@jit_inner_views
def _penalty(w, terms):
    total = 0.0
    for j in range(w.size):
        total += terms[0, j] * abs(w[j]) + terms[1, j] / 2 * w[j] * w[j]
    return total


@jit_inner_views
def _is_mixed(ring, others, terms, small):
    # Extrapolates both rings by what the first one says; whether that can be done and is allowed.
    if not _has_shares(ring, small):
        return False
    _mix(ring, small)
    _mix(others, small)
    for j in range(ring.shape[1]):
        if not (ring[6, j] >= terms[2, j] and ring[6, j] <= terms[3, j]):
            return False
    return True


@jit_inner_views
def _mix(ring, small):
    for j in range(ring.shape[1]):
        total = 0.0
        for a in range(5):
            total += small[5, a] * ring[a + 1, j]
        ring[6, j] = total


@jit_inner_views
def _has_shares(ring, small):
    # Writes shares of iterates into the last row of `small`.
    trace = 0.0
    for a in range(5):
        for b in range(a + 1):
            total = 0.0
            for j in range(ring.shape[1]):
                total += (ring[a + 1, j] - ring[a, j]) * (ring[b + 1, j] - ring[b, j])
            small[a, b] = total
            small[b, a] = total
        trace += small[a, a]
        small[a, 5] = 1.0
    if not trace > 0.0:
        return False
    for a in range(5):
        small[a, a] += 1e-10 * trace
    _solve(small)
    total = small[5, 0] + small[5, 1] + small[5, 2] + small[5, 3] + small[5, 4]
    for a in range(5):
        small[5, a] /= total
    return True


@jit_inner_views
def _solve(small):
    # A positive definite system, whose right side is in column 5, into row 5.
    for a in range(5):
        for b in range(a + 1, 5):
            factor = small[b, a] / small[a, a]
            for c in range(a, 6):
                small[b, c] -= factor * small[a, c]
    for back in range(5):
        a = 4 - back
        solved = small[a, 5]
        for c in range(a + 1, 5):
            solved -= small[a, c] * small[5, c]
        small[5, a] = solved / small[a, a]


@jit_inner_views
def _by_moments(second, slope, w, terms, ring, slopes, begin, small, tol, max_epochs):
    n_kept = 0
    for _ in range(max_epochs):
        if n_kept == 0:
            _copy(ring[0], w)
            _copy(slopes[0], slope)
        most = 0.0
        for j in range(w.size):
            curvature = second[j, j]
            total = curvature + terms[1, j]
            if total > 0.0:
                step = _best(curvature * w[j] - slope[j], total, terms, j) - w[j]
                if step != 0.0:
                    w[j] += step
                    row = second[j]
                    for i in range(w.size):
                        slope[i] += step * row[i]
                    most = max(most, abs(step) * total)
        if not most > tol:
            return
        n_kept += 1
        _copy(ring[n_kept], w)
        _copy(slopes[n_kept], slope)
        if n_kept == 5:
            n_kept = 0
            if _is_mixed(ring, slopes, terms, small):
                value = _quadratic(w, slope, begin) + _penalty(w, terms)
                if _quadratic(ring[6], slopes[6], begin) + _penalty(ring[6], terms) < value:
                    _copy(w, ring[6])
                    _copy(slope, slopes[6])


@entry(
    lambda kind: (
        given(kind, 3),
        array(number, 2),
        array(number, 2),
        given(number, 2),
        array(number, 2),
        array(number, 2),
        array(number, 2),
        array(number, 2),
        given(number, 1),
        whole,
    )
)
def _all_by_moments(second, slope, w, terms, ring, slopes, begin, small, tol, max_epochs):
    flat, penalties, n, p = flat_of(second), flat_of(terms), w.shape[0], w.shape[1]
    for k in range(n):
        matrix = matrix_of(flat, k * second.shape[0] // n * p * p, p, p)
        own_slope, own = row_of(slope, k), row_of(w, k)
        _copy(row_of(begin, 0), own)
        _copy(row_of(begin, 1), own_slope)
        own_terms = matrix_of(penalties, 4 * k * p, 4, p)
        _by_moments(
            matrix, own_slope, own, own_terms, ring, slopes, begin, small, tol[k], max_epochs
        )


@jit_sum
def _quadratic(w, slope, begin):
    # How much a quadratic has risen, from its gradients here and there.
    total = 0.0
    for j in range(w.size):
        total += (w[j] - begin[0, j]) * (begin[1, j] + slope[j]) / 2
    return total


@jit_sum
def _of_rows(u, curvature):
    # A quadratic, but for a constant, from its slopes along rows.
    total = 0.0
    for i in range(u.size):
        if curvature[i] > 0.0:
            total += u[i] * u[i] / curvature[i]
    return total / 2


@jit_inner_views
def _keep(n_kept, w, u, curvature, terms, ring, slopes, small):
    # Keeps an iterate, and goes on from an extrapolation where the ring is full and that is better;
    # how many are kept behind the first.
    n_kept += 1
    _copy(ring[n_kept], w)
    _copy(slopes[n_kept], u)
    if n_kept < 5:
        return n_kept
    if _is_mixed(ring, slopes, terms, small):
        value = _of_rows(u, curvature) + _penalty(w, terms)
        if _of_rows(slopes[6], curvature) + _penalty(ring[6], terms) < value:
            _copy(w, ring[6])
            _copy(u, slopes[6])
    _copy(ring[0], w)
    _copy(slopes[0], u)
    return 0


def _types(*matrix):
    row, table = array(number, 1), array(number, 2)
    rooms = table, table, table, table
    return *matrix, row, given(number, 1), row, table, *rooms, row, row, number, number, whole


@entry(lambda kind: _types(given(kind, 2)))
def _by_columns(
    columns,
    u,
    curvature,
    w,
    terms,
    ring,
    slopes,
    known,
    small,
    move,
    intercept,
    total,
    tol,
    max_epochs,
):
    for j in range(w.size):
        x = columns[j]
        mean = _dot(x, curvature) / total if total > 0.0 else 0.0
        square = 0.0
        for i in range(u.size):
            square += curvature[i] * (x[i] - mean) * (x[i] - mean)
        known[0, j], known[1, j], known[2, j] = mean, square, w[j]
    start = -_sum(u) / total if total > 0.0 else 0.0
    for i in range(u.size):
        u[i] += curvature[i] * start
    _copy(ring[0], w)
    _copy(slopes[0], u)
    n_kept = 0
    for _ in range(max_epochs):
        most = _epoch_of_columns(columns, u, curvature, w, terms, known)
        if not most > tol:
            break
        n_kept = _keep(n_kept, w, u, curvature, terms, ring, slopes, small)
    for i in range(u.size):
        move[i] = start
    for j in range(w.size):
        step = w[j] - known[2, j]
        if step != 0.0:
            x, mean = columns[j], known[0, j]
            for i in range(u.size):
                move[i] += step * (x[i] - mean)
            start -= step * mean
    intercept[0] = start


@jit_inner_views
def _epoch_of_columns(columns, u, curvature, w, terms, known):
    most = 0.0
    for j in range(w.size):
        x, mean = columns[j], known[0, j]
        whole = known[1, j] + terms[1, j]
        if whole > 0.0:
            step = _best(known[1, j] * w[j] - _dot(x, u), whole, terms, j) - w[j]
            if step != 0.0:
                w[j] += step
                for i in range(u.size):
                    u[i] += step * (x[i] - mean) * curvature[i]
                most = max(most, abs(step) * whole)
    return most


@entry(lambda kind: _types(given(kind, 1), given(int32, 1), given(whole, 1), given(whole, 1)))
def _by_sparse_columns(
    data,
    indices,
    indptr,
    chosen,
    u,
    curvature,
    w,
    terms,
    ring,
    slopes,
    known,
    small,
    move,
    intercept,
    total,
    tol,
    max_epochs,
):
    for j in range(w.size):
        first, square = 0.0, 0.0
        for place in range(indptr[chosen[j]], indptr[chosen[j] + 1]):
            weighted = curvature[indices[place]] * data[place]
            first += weighted
            square += weighted * data[place]
        mean = first / total if total > 0.0 else 0.0
        known[0, j], known[1, j], known[2, j] = mean, square - mean * first, w[j]
    start = -_sum(u) / total if total > 0.0 else 0.0
    for i in range(u.size):
        u[i] += curvature[i] * start
    _copy(ring[0], w)
    _copy(slopes[0], u)
    n_kept = 0
    for _ in range(max_epochs):
        most = _epoch_of_sparse_columns(
            data, indices, indptr, chosen, u, curvature, w, terms, known, total
        )
        if not most > tol:
            break
        n_kept = _keep(n_kept, w, u, curvature, terms, ring, slopes, small)
    for j in range(w.size):
        start -= (w[j] - known[2, j]) * known[0, j]
    for i in range(u.size):
        move[i] = start
    for j in range(w.size):
        step = w[j] - known[2, j]
        if step != 0.0:
            for place in range(indptr[chosen[j]], indptr[chosen[j] + 1]):
                move[indices[place]] += step * data[place]
    intercept[0] = start


@jit_inner_views
def _epoch_of_sparse_columns(data, indices, indptr, chosen, u, curvature, w, terms, known, total):
    # All rows move by `offset`, which is added to the slopes at the end.
    most, offset = 0.0, 0.0
    for j in range(w.size):
        whole = known[1, j] + terms[1, j]
        if whole > 0.0:
            first, last, mean = indptr[chosen[j]], indptr[chosen[j] + 1], known[0, j]
            slope = offset * mean * total + dot_of_entries(data, indices, first, last, u)
            step = _best(known[1, j] * w[j] - slope, whole, terms, j) - w[j]
            if step != 0.0:
                w[j] += step
                add_scaled_entries(data, indices, first, last, u, step, curvature)
                offset -= step * mean
                most = max(most, abs(step) * whole)
    for i in range(u.size):
        u[i] += offset * curvature[i]
    return most
