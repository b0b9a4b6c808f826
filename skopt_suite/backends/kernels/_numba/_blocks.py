"""Cyclic block coordinate descent on quadratics of several outputs, with Anderson acceleration.

Where we are in rows is `at`: a row for every output, of slopes without what other outputs do to
them, and one for what all outputs do together where they do. Weights are followed by intercepts.
"""

from __future__ import annotations

import numpy as np
from numba import int32

from skopt_suite.backends.kernels._numba._block_steps import solve_block, steepest_of
from skopt_suite.backends.kernels._numba._coordinates import (
    _copy,
    _dot,
    _is_mixed,
    _penalty,
    _sum,
)
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_sum, larger
from skopt_suite.backends.kernels._numba._types import (
    array,
    flat_of,
    given,
    matrix_of,
    number,
    whole,
)

_RING = 7


def descend_by_blocks(
    columns,
    data,
    indices,
    indptr,
    feature,
    output,
    starts,
    slope,
    curvature,
    root,
    weights,
    l1,
    l2,
    lower,
    upper,
    norm,
    has_intercept,
    tol,
    max_epochs,
):
    matrix = columns, data, indices.astype(np.int32, copy=False), indptr
    slope, curvature, root = (np.ascontiguousarray(part) for part in (slope, curvature, root))
    (n_outputs, n), n_weights = slope.shape, len(weights)
    n_intercepts = n_outputs if has_intercept else 0
    free = np.array([[0.0], [0.0], [-np.inf], [np.inf]]).repeat(n_intercepts, axis=1)
    terms = np.hstack([np.stack([l1, l2, lower, upper]), free])
    w = np.concatenate([weights, np.zeros(n_intercepts)])
    at = np.concatenate([slope, np.zeros((int(len(root) > 0), n))])
    sizes = np.diff(starts)
    squares = np.concatenate([[0], np.cumsum(sizes**2)])
    rooms = (
        np.empty((_RING, len(w))),
        np.empty((_RING, at.size)),
        np.empty((2, n_weights)),
        np.empty(int(squares[-1])),
        np.empty(len(sizes)),
        np.empty((4, int(sizes.max(initial=1)))),
        np.empty((6, 6)),
    )
    move = np.zeros((n_outputs, n))
    places = feature, output, starts, squares
    given = curvature, root, norm
    _by_blocks(*matrix, *places, *given, at, w, terms, *rooms, move, tol, max_epochs)
    return w[:n_weights], move, w[n_weights:]


@jit_sum
def _product(matrix, j, mean, values):
    # Of a centred column with a number for every row.
    columns, data, indices, indptr = matrix
    total = 0.0
    if indptr.size:
        for place in range(indptr[j], indptr[j + 1]):
            total += data[place] * values[indices[place]]
    else:
        x = columns[j]
        for i in range(values.size):
            total += (x[i] - mean) * values[i]
    return total


@jit_sum
def _product_of_both(matrix, j, mean, values, others):
    # Of a centred column with products of numbers of every row.
    columns, data, indices, indptr = matrix
    total = 0.0
    if indptr.size:
        for place in range(indptr[j], indptr[j + 1]):
            i = indices[place]
            total += data[place] * values[i] * others[i]
    else:
        x = columns[j]
        for i in range(values.size):
            total += (x[i] - mean) * values[i] * others[i]
    return total


@jit_inner_views
def _add_to(target, matrix, j, mean, step, scale):
    # Adds a multiple of a centred column, row by row times `scale`.
    columns, data, indices, indptr = matrix
    if indptr.size:
        for place in range(indptr[j], indptr[j + 1]):
            i = indices[place]
            target[i] += step * data[place] * scale[i]
    else:
        x = columns[j]
        for i in range(target.size):
            target[i] += step * (x[i] - mean) * scale[i]


@jit_sum
def _of_rows(at, curvature):
    # The quadratic, but for a constant.
    total = 0.0
    for k in range(curvature.shape[0]):
        v, c = at[k], curvature[k]
        for i in range(v.size):
            if c[i] > 0.0:
                total += v[i] * v[i] / c[i]
    for k in range(curvature.shape[0], at.shape[0]):
        for i in range(at.shape[1]):
            total -= at[k, i] * at[k, i]
    return total / 2


@jit_inner_views
def _value(w, terms, starts, norm):
    total = _penalty(w, terms)
    for g in range(norm.size):
        square = 0.0
        for c in range(starts[g], starts[g + 1]):
            square += w[c] * w[c]
        total += norm[g] * np.sqrt(square)
    return total


@jit_inner_views
def _slope_along(matrix, j, k, mean, at, root):
    total = _product(matrix, j, mean, at[k])
    if root.shape[0]:
        total -= _product_of_both(matrix, j, mean, at[root.shape[0]], root[k])
    return total


@jit_inner_views
def _step_along(matrix, j, k, mean, step, at, curvature, root):
    _add_to(at[k], matrix, j, mean, step, curvature[k])
    if root.shape[0]:
        _add_to(at[root.shape[0]], matrix, j, mean, step, root[k])


@jit_inner_views
def _shift_intercepts(at, w, curvature, root, n_weights):
    most, is_coupled = 0.0, root.shape[0] > 0
    for k in range(w.size - n_weights):
        slope, total = _sum(at[k]), _sum(curvature[k])
        if is_coupled:
            slope -= _dot(at[root.shape[0]], root[k])
            total -= _dot(root[k], root[k])
        if total > 0.0 and slope != 0.0:
            step = -slope / total
            w[n_weights + k] += step
            for i in range(at.shape[1]):
                at[k, i] += step * curvature[k, i]
            if is_coupled:
                for i in range(at.shape[1]):
                    at[root.shape[0], i] += step * root[k, i]
            most = larger(most, abs(slope))
    return most


@jit_inner_views
def _find_means(matrix, places, curvature, w, known):
    # Means of dense columns, which are taken off where there are intercepts; and weights as now.
    (feature, output, _, _), (columns, _, _, indptr) = places, matrix
    for c in range(feature.size):
        d = curvature[output[c]]
        known[0, c], known[1, c] = 0.0, w[c]
        if w.size > feature.size and indptr.size == 0:
            total = _sum(d)
            known[0, c] = _dot(columns[feature[c]], d) / total if total > 0.0 else 0.0


@jit_inner_views
def _find_second(matrix, places, known, curvature, root, l2, first, block):
    # Second derivatives by the weights of a block.
    _, output, _, _ = places
    for a in range(block.shape[0]):
        for b in range(a + 1):
            c, e = first + a, first + b
            k, m, entry = output[c], output[e], 0.0
            if k == m:
                d = curvature[k]
                entry += _weighted(matrix, places, known, c, e, d, d, False)
            if root.shape[0]:
                entry -= _weighted(matrix, places, known, c, e, root[k], root[m], True)
            block[a, b] = entry
            block[b, a] = entry
        block[a, a] += l2[first + a]


@jit_sum
def _weighted(matrix, places, known, c, e, scale, other, has_both):
    # The product of two centred columns, row by row times one number or two.
    (columns, data, indices, indptr), (feature, _, _, _) = matrix, places
    total = 0.0
    if indptr.size == 0:
        x, z, mean_x, mean_z = columns[feature[c]], columns[feature[e]], known[0, c], known[0, e]
        if has_both:
            for i in range(scale.size):
                total += (x[i] - mean_x) * (z[i] - mean_z) * scale[i] * other[i]
        else:
            for i in range(scale.size):
                total += (x[i] - mean_x) * (z[i] - mean_z) * scale[i]
        return total
    here, there = indptr[feature[c]], indptr[feature[e]]
    while here < indptr[feature[c] + 1] and there < indptr[feature[e] + 1]:
        i, j = indices[here], indices[there]
        if i == j:
            total += data[here] * data[there] * scale[i] * (other[i] if has_both else 1.0)
        here += i <= j
        there += j <= i
    return total


@jit_inner_views
def _find_move(matrix, places, known, w, move):
    # What rows have moved by; intercepts become those of columns that are not centred.
    feature, output, _, _ = places
    n_weights = feature.size
    if w.size > n_weights:
        for c in range(n_weights):
            w[n_weights + output[c]] -= (w[c] - known[1, c]) * known[0, c]
        for k in range(move.shape[0]):
            for i in range(move.shape[1]):
                move[k, i] = w[n_weights + k]
    for c in range(n_weights):
        step = w[c] - known[1, c]
        if step != 0.0:
            _add_plain(move[output[c]], matrix, feature[c], step)


@jit_inner_views
def _add_plain(target, matrix, j, step):
    columns, data, indices, indptr = matrix
    if indptr.size:
        for place in range(indptr[j], indptr[j + 1]):
            target[indices[place]] += step * data[place]
    else:
        x = columns[j]
        for i in range(target.size):
            target[i] += step * x[i]


@jit_inner_views
def _descend_block(matrix, places, quadratic, at, w, terms, known, room, block, g, steepest):
    # Solves a block; the largest change of a slope by its own step, and the bound that was needed.
    (feature, output, starts, _), (curvature, root, norm) = places, quadratic
    first, most = starts[g], 0.0
    for a in range(block.shape[0]):
        c = first + a
        slope = _slope_along(matrix, feature[c], output[c], known[0, c], at, root)
        room[0, a], room[1, a] = slope + terms[1, c] * w[c], w[c]
    steepest = solve_block(block, room, terms, first, norm[g], steepest)
    for a in range(block.shape[0]):
        c = first + a
        step = room[1, a] - w[c]
        if step != 0.0:
            w[c] = room[1, a]
            mean = known[0, c]
            _step_along(matrix, feature[c], output[c], mean, step, at, curvature, root)
            most = larger(most, abs(step) * steepest)
    return most, steepest


@jit_inner_views
def _keep(n_kept, w, at, quadratic, terms, starts, ring, kept, small):
    # Keeps an iterate, and goes on from an extrapolation where the ring is full and that is better;
    # how many are kept behind the first.
    curvature, _, norm = quadratic
    n_kept += 1
    _copy(ring[n_kept], w)
    _copy(kept[n_kept], flat_of(at))
    if n_kept < 5:
        return n_kept
    if _is_mixed(ring, kept, terms, small):
        mixed = matrix_of(kept[6], 0, at.shape[0], at.shape[1])
        value = _of_rows(at, curvature) + _value(w, terms, starts, norm)
        if _of_rows(mixed, curvature) + _value(ring[6], terms, starts, norm) < value:
            _copy(w, ring[6])
            _copy(flat_of(at), kept[6])
    _copy(ring[0], w)
    _copy(kept[0], flat_of(at))
    return 0


def _types(kind):
    row, table, places = array(number, 1), array(number, 2), given(whole, 1)
    matrix = given(kind, 2), given(kind, 1), given(int32, 1), places
    quadratic = given(number, 2), given(number, 2), given(number, 1)
    rooms = table, table, table, row, row, table, table
    return *matrix, *[places] * 4, *quadratic, table, row, table, *rooms, table, number, whole


@entry(_types)
def _by_blocks(
    columns,
    data,
    indices,
    indptr,
    feature,
    output,
    starts,
    squares,
    curvature,
    root,
    norm,
    at,
    w,
    terms,
    ring,
    kept,
    known,
    second,
    steepest,
    room,
    small,
    move,
    tol,
    max_epochs,
):
    matrix, places = (columns, data, indices, indptr), (feature, output, starts, squares)
    quadratic = curvature, root, norm
    _find_means(matrix, places, curvature, w, known)
    for g in range(norm.size):
        first, size = starts[g], starts[g + 1] - starts[g]
        block = matrix_of(second, squares[g], size, size)
        _find_second(matrix, places, known, curvature, root, terms[1], first, block)
        steepest[g] = steepest_of(block, room[0], room[1])
    _copy(ring[0], w)
    _copy(kept[0], flat_of(at))
    n_kept = 0
    for _ in range(max_epochs):
        most = _shift_intercepts(at, w, curvature, root, feature.size)
        for g in range(norm.size):
            size = starts[g + 1] - starts[g]
            block = matrix_of(second, squares[g], size, size)
            moved, steepest[g] = _descend_block(
                matrix, places, quadratic, at, w, terms, known, room, block, g, steepest[g]
            )
            most = larger(most, moved)
        if not most > tol:
            break
        n_kept = _keep(n_kept, w, at, quadratic, terms, starts, ring, kept, small)
    _find_move(matrix, places, known, w, move)
