"""Cyclic block coordinate descent on quadratics of several outputs, with Anderson acceleration.

Where we are in rows is `at`: a row for every output, of slopes without what other outputs do to
them, and one for what all outputs do together where they do. Weights are followed by intercepts.
"""

from __future__ import annotations

import numpy as np
from numba import int32

from skopt_suite.backends.kernels._numba._coordinates import (
    _best,
    _copy,
    _dot,
    _is_mixed,
    _penalty,
    _sum,
)
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_sum, larger
from skopt_suite.backends.kernels._numba._types import array, given, matrix_of, number, whole

_RING, _POWERS, _STEPS, _SOLVED = 7, 10, 20, 0.1


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
    given = slope, curvature, root, norm
    _by_blocks(*matrix, *places, *given, at, w, terms, *rooms, move, tol, max_epochs)
    return w[:n_weights], move, w[n_weights:]


@jit_sum
def _product(columns, data, indices, indptr, j, mean, values):
    # Of a centred column with a number for every row.
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
def _product_of_both(columns, data, indices, indptr, j, mean, values, others):
    # Of a centred column with products of numbers of every row.
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
def _add_to(target, columns, data, indices, indptr, j, mean, step, scale):
    # Adds a multiple of a centred column, row by row times `scale`.
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
def _slope_along(columns, data, indices, indptr, j, k, mean, at, root):
    total = _product(columns, data, indices, indptr, j, mean, at[k])
    if root.shape[0]:
        both = at[root.shape[0]]
        total -= _product_of_both(columns, data, indices, indptr, j, mean, both, root[k])
    return total


@jit_inner_views
def _step_along(columns, data, indices, indptr, j, k, mean, step, at, curvature, root):
    _add_to(at[k], columns, data, indices, indptr, j, mean, step, curvature[k])
    if root.shape[0]:
        _add_to(at[root.shape[0]], columns, data, indices, indptr, j, mean, step, root[k])


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
def _find_second(
    columns, data, indices, indptr, feature, output, known, curvature, root, first, block
):
    # Second derivatives by the weights of a block.
    for a in range(block.shape[0]):
        for b in range(a + 1):
            c, e = first + a, first + b
            k, m, entry = output[c], output[e], 0.0
            if k == m:
                entry += _weighted(
                    columns,
                    data,
                    indices,
                    indptr,
                    feature,
                    known,
                    c,
                    e,
                    curvature[k],
                    curvature[k],
                    False,
                )
            if root.shape[0]:
                entry -= _weighted(
                    columns, data, indices, indptr, feature, known, c, e, root[k], root[m], True
                )
            block[a, b] = entry
            block[b, a] = entry


@jit_sum
def _weighted(columns, data, indices, indptr, feature, known, c, e, scale, other, has_both):
    # The product of two centred columns, row by row times one number or two.
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
def _steepest(block, direction, product):
    # About the largest eigenvalue; steps look whether it is enough.
    size = block.shape[0]
    if size == 1:
        return block[0, 0]
    for a in range(size):
        direction[a] = block[a, a]
    found = 0.0
    for _ in range(_POWERS):
        length = 0.0
        for a in range(size):
            length += direction[a] * direction[a]
        if not length > 0.0:
            return length
        found = 0.0
        for a in range(size):
            product[a] = 0.0
            for b in range(size):
                product[a] += block[a, b] * direction[b]
            found += product[a] * product[a]
        found = np.sqrt(found / length)
        for a in range(size):
            direction[a] = product[a] / (np.sqrt(length) * found) if found > 0.0 else 0.0
    return 1.01 * found


@jit_inner_views
def _solve_block(block, room, terms, first, norm, steepest):
    # Proximal steps on a block whose slopes are row 0 and weights row 1; the bound that was needed.
    size, most = block.shape[0], 0.0
    if not (steepest > 0.0 or steepest != steepest):
        return steepest
    for _ in range(_STEPS):
        _find_prox(room, terms, first, size, norm, steepest)
        square, rise, change = 0.0, 0.0, 0.0
        for a in range(size):
            room[3, a] = 0.0
            step = room[2, a] - room[1, a]
            for b in range(size):
                room[3, a] += block[a, b] * (room[2, b] - room[1, b])
            square += step * step
            rise += step * room[3, a]
            change = max(change, abs(step))
        if rise > steepest * square * (1.0 + 1e-9):
            steepest = 1.1 * rise / square
            continue
        for a in range(size):
            room[1, a] = room[2, a]
            room[0, a] += room[3, a]
        most = max(most, change)
        if size == 1 or not change > _SOLVED * most:
            break
    return steepest


@jit_inner_views
def _find_prox(room, terms, first, size, norm, steepest):
    square = 0.0
    for a in range(size):
        z = steepest * room[1, a] - room[0, a]
        best = _best(z, steepest, terms, first + a)
        room[2, a] = best
        square += best * best
    if norm > 0.0 and square != 0.0:
        share = 1.0 - norm / (steepest * np.sqrt(square))
        share = 0.0 if share < 0.0 else share
        for a in range(size):
            room[2, a] *= share


@jit_inner_views
def _find_move(columns, data, indices, indptr, feature, output, known, w, move):
    # What rows have moved by; intercepts become those of columns that are not centred.
    n_weights, n_outputs = feature.size, move.shape[0]
    if w.size > n_weights:
        for k in range(n_outputs):
            for c in range(n_weights):
                if output[c] == k:
                    w[n_weights + k] -= (w[c] - known[1, c]) * known[0, c]
            for i in range(move.shape[1]):
                move[k, i] = w[n_weights + k]
    for c in range(n_weights):
        step, j = w[c] - known[1, c], feature[c]
        if step != 0.0:
            target = move[output[c]]
            if indptr.size:
                for place in range(indptr[j], indptr[j + 1]):
                    target[indices[place]] += step * data[place]
            else:
                x = columns[j]
                for i in range(target.size):
                    target[i] += step * x[i]


def _types(kind):
    row, table, places = array(number, 1), array(number, 2), given(whole, 1)
    matrix = given(kind, 2), given(kind, 1), given(int32, 1), places
    quadratic = given(number, 2), given(number, 2), given(number, 2), given(number, 1)
    rooms = table, table, table, row, row, table, table
    return (
        *matrix,
        *[places] * 4,
        *quadratic,
        table,
        row,
        table,
        *rooms,
        table,
        number,
        whole,
    )


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
    slope,
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
    n_weights = feature.size
    for c in range(n_weights):
        j, d = feature[c], curvature[output[c]]
        known[0, c], known[1, c] = 0.0, w[c]
        if w.size > n_weights and indptr.size == 0:
            total = _sum(d)
            known[0, c] = _dot(columns[j], d) / total if total > 0.0 else 0.0
    for g in range(norm.size):
        block = matrix_of(second, squares[g], starts[g + 1] - starts[g], starts[g + 1] - starts[g])
        _find_second(
            columns,
            data,
            indices,
            indptr,
            feature,
            output,
            known,
            curvature,
            root,
            starts[g],
            block,
        )
        for a in range(block.shape[0]):
            block[a, a] += terms[1, starts[g] + a]
        steepest[g] = _steepest(block, room[0], room[1])
    n_kept = 0
    _copy(ring[0], w)
    _copy(kept[0], at.reshape(-1))
    for _ in range(max_epochs):
        most = _shift_intercepts(at, w, curvature, root, n_weights)
        for g in range(norm.size):
            first, size = starts[g], starts[g + 1] - starts[g]
            block = matrix_of(second, squares[g], size, size)
            for a in range(size):
                c = first + a
                slope_of = _slope_along(
                    columns, data, indices, indptr, feature[c], output[c], known[0, c], at, root
                )
                room[0, a], room[1, a] = slope_of + terms[1, c] * w[c], w[c]
            steepest[g] = _solve_block(block, room, terms, first, norm[g], steepest[g])
            for a in range(size):
                c = first + a
                step = room[1, a] - w[c]
                if step != 0.0:
                    w[c] = room[1, a]
                    _step_along(
                        columns,
                        data,
                        indices,
                        indptr,
                        feature[c],
                        output[c],
                        known[0, c],
                        step,
                        at,
                        curvature,
                        root,
                    )
                    most = larger(most, abs(step) * steepest[g])
        if not most > tol:
            break
        n_kept += 1
        _copy(ring[n_kept], w)
        _copy(kept[n_kept], at.reshape(-1))
        if n_kept == 5:
            n_kept = 0
            if _is_mixed(ring, kept, terms, small):
                mixed = kept[6].reshape(at.shape)
                value = _of_rows(at, curvature) + _value(w, terms, starts, norm)
                if _of_rows(mixed, curvature) + _value(ring[6], terms, starts, norm) < value:
                    _copy(w, ring[6])
                    _copy(at.reshape(-1), kept[6])
            _copy(ring[0], w)
            _copy(kept[0], at.reshape(-1))
    _find_move(columns, data, indices, indptr, feature, output, known, w, move)
