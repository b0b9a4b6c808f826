"""Steps of one fit with one row after the other, whose gradients are remembered.

Of dense rows, arrays are (n_outputs, n_features); of sparse rows, (n_features, n_outputs), and
weights that a row does not have wait until they are needed: till then their average gradient is the
same in every step, so that all of them are made at once.
"""

from __future__ import annotations

from math import expm1, log, log1p

import numpy as np

from skopt_suite.backends.kernels._numba._body import call_loss
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_sum
from skopt_suite.backends.kernels._numba._loss_bodies import LOSSES, body_of
from skopt_suite.backends.kernels._numba._types import array, given, number, row_of, rows_of, whole

_SHORT, _SIXTH, _OF_FOUR, _THIRD = 1e-3, 1 / 6, 1 / 24, 1 / 3


def sweep_rows(x, mean, order, rows, at, remembered, steps):
    if rows.name not in LOSSES:
        return None
    parts = at.weights, remembered.average, *_acts(steps)
    w, average, *acts = (np.array(part.T, order="C") for part in parts)
    is_plain = not steps.l1.any() and steps.lower < 0
    weights = w, average, np.ascontiguousarray(steps.sizes), *acts, is_plain
    bias = _run(_by_rows, (x, mean), order, rows, at, remembered, steps, weights)
    return type(at)(w.T.copy(), bias)


def sweep_sparse_rows(data, indices, indptr, order, rows, at, remembered, steps):
    if rows.name not in LOSSES:
        return None
    cells = _cells(at, remembered, steps)
    matrix = (data, *(part.astype(np.int64, copy=False) for part in (indices, indptr)))
    weights = cells, *(_of_one_or_all(part) for part in (steps.l1, steps.l2))
    bias = _run(_by_sparse_rows, matrix, order, rows, at, remembered, steps, weights)
    return type(at)(cells[..., 0].copy(), bias)


def _cells(at, remembered, steps):
    # What changes of every weight side by side: the weight, its average gradient, the size of
    # steps, and when it was brought up to date.
    sizes = np.broadcast_to(steps.sizes[:, None], at.weights.shape)
    return np.stack([at.weights, remembered.average, sizes, 0 * sizes], axis=-1)


def _of_one_or_all(strengths):
    is_one = strengths.size and not np.ptp(strengths)
    return np.ascontiguousarray(strengths[:1, :1] if is_one else strengths)


def _acts(steps):
    # By how much a step moves weights towards 0, and the factor on them.
    sizes = steps.sizes[:, None]
    return sizes * steps.l1, 1 / (1 + sizes * steps.l2)


def _run(kernel, matrix, order, rows, at, remembered, steps, weights):
    bias, slopes, of_bias = (
        np.array(part) for part in (at.bias, remembered.slopes, remembered.of_bias)
    )
    y, share = (np.ascontiguousarray(part, dtype=np.float64) for part in (rows.y, rows.share))
    how = bias, slopes, of_bias, steps.of_bias, steps.lower
    room, body = (np.empty((1, bias.size)), np.empty(1)), body_of(rows.name, rows.numbers)
    loss = *room, rows.numbers, body.address(np.dtype(np.float64))
    kernel(*matrix, y, share, order, *weights, *how, *loss)
    return bias


def _types(matrix, weights):
    row, table = array(number, 1), array(number, 2)
    rows = given(number, 2), given(number, 1), given(whole, 1)
    how = row, table, row, number, number
    loss = table, row, given(number, 1), whole
    return *matrix, *rows, *weights, *how, *loss


def _of_dense(kind):
    table, read = array(number, 2), given(number, 2)
    return (given(kind, 2), given(number, 1)), (table, table, given(number, 1), read, read, whole)


def _of_sparse(kind):
    matrix = given(kind, 1), given(whole, 1), given(whole, 1)
    return matrix, (array(number, 3), given(number, 2), given(number, 2))


@entry(lambda kind: _types(*_of_dense(kind)))
def _by_rows(
    x,
    mean,
    y,
    share,
    order,
    w,
    average,
    sizes,
    thresholds,
    factors,
    is_plain,
    bias,
    slopes,
    of_bias,
    size_of_bias,
    lower,
    z,
    value,
    numbers,
    loss,
):
    n = float(x.shape[0])
    for t in range(order.size):
        i = order[t]
        row = row_of(x, i)
        for k in range(bias.size):
            z[0, k] = bias[k] + _centred_dot(row, mean, row_of(w, k))
        call_loss(loss, z, rows_of(y, i, 1), value, numbers)
        for k in range(bias.size):
            change = share[i] * z[0, k] - slopes[i, k]
            slopes[i, k] += change
            at, about, factor = row_of(w, k), row_of(average, k), row_of(factors, k)
            if is_plain:
                _learn(row, mean, at, about, sizes, factor, change, n)
            else:
                threshold = row_of(thresholds, k)
                _learn_and_act(row, mean, at, about, sizes, factor, threshold, lower, change, n)
            bias[k] -= size_of_bias * (n * change + of_bias[k])
            of_bias[k] += change


@jit_sum
def _centred_dot(row, mean, w):
    total = 0.0
    for j in range(w.size):
        total += (row[j] - mean[j]) * w[j]
    return total


@jit_inner_views
def _learn(row, mean, w, average, sizes, factors, change, n):
    # A step on smooth penalties.
    for j in range(w.size):
        learnt = change * (row[j] - mean[j])
        w[j] = factors[j] * (w[j] - sizes[j] * (n * learnt + average[j]))
        average[j] += learnt


@jit_inner_views
def _learn_and_act(row, mean, w, average, sizes, factors, thresholds, lower, change, n):
    for j in range(w.size):
        learnt = change * (row[j] - mean[j])
        moved = w[j] - sizes[j] * (n * learnt + average[j])
        w[j] = _prox(moved, thresholds[j], factors[j], lower)
        average[j] += learnt


@jit_inner_views
def _prox(moved, threshold, factor, lower):
    above, below = moved - threshold, moved + threshold
    best = above if above > 0.0 else (below if below < 0.0 else 0.0)
    best = factor * (moved if moved != moved else best)
    return lower if best < lower else best


@entry(lambda kind: _types(*_of_sparse(kind)))
def _by_sparse_rows(
    data,
    indices,
    indptr,
    y,
    share,
    order,
    cells,
    l1,
    l2,
    bias,
    slopes,
    of_bias,
    size_of_bias,
    lower,
    z,
    value,
    numbers,
    loss,
):
    n = float(y.shape[0])
    for t in range(order.size):
        i = order[t]
        start, stop = indptr[i], indptr[i + 1]
        for k in range(bias.size):
            z[0, k] = bias[k]
        for place in range(start, stop):
            for k in range(bias.size):
                at = indices[place], k
                z[0, k] += data[place] * _brought(cells, l1, l2, at, lower, t)
        call_loss(loss, z, rows_of(y, i, 1), value, numbers)
        for k in range(bias.size):
            change = share[i] * z[0, k] - slopes[i, k]
            slopes[i, k] += change
            z[0, k] = change
            bias[k] -= size_of_bias * (n * change + of_bias[k])
            of_bias[k] += change
        for place in range(start, stop):
            for k in range(bias.size):
                at = indices[place], k
                _learn_one(cells, l1, l2, at, lower, z[0, k] * data[place], n)
    for j in range(cells.shape[0]):
        for k in range(bias.size):
            _brought(cells, l1, l2, (j, k), lower, order.size)


@jit_inner_views
def _strength(values, j, k):
    return values[0, 0] if values.size == 1 else values[j, k]


@jit_inner_views
def _learn_one(cells, l1, l2, at, lower, learnt, n):
    j, k = at
    size = cells[j, k, 2]
    moved = cells[j, k, 0] - size * (n * learnt + cells[j, k, 1])
    factor = 1.0 / (1.0 + size * _strength(l2, j, k))
    cells[j, k, 0] = _prox(moved, size * _strength(l1, j, k), factor, lower)
    cells[j, k, 1] += learnt
    cells[j, k, 3] += 1.0


@jit_inner_views
def _brought(cells, l1, l2, at, lower, t):
    # A weight after the steps that it has not made yet, w ← prox(w - drift). While it keeps its
    # sign they are affine, so it comes to where it changes sign at once, and from there on goes
    # step by step until it is past.
    j, k = at
    w, n_steps = cells[j, k, 0], t - int(cells[j, k, 3])
    if n_steps == 0:
        return w
    size = cells[j, k, 2]
    drift, ridge = size * cells[j, k, 1], size * _strength(l2, j, k)
    threshold = size * _strength(l1, j, k)
    if threshold == 0.0 and lower < 0.0:
        w = _along(w, drift, ridge, n_steps)
    else:
        w = _bent(w, drift, threshold, ridge, lower, n_steps)
    cells[j, k, 0], cells[j, k, 3] = w, t
    return w


@jit_inner_views
def _bent(w, drift, threshold, ridge, lower, n_steps):
    while n_steps > 0:
        if not (w != 0.0 or abs(drift) > threshold):
            return w + 0.0 * drift  # NaN if that is
        sign = 1.0 if (w > 0.0 or (w == 0.0 and drift < 0.0)) else -1.0
        if sign < 0.0 and w <= lower:
            return lower
        pull = drift + sign * threshold
        ended = _along(w, pull, ridge, n_steps)
        if not ended * sign <= 0.0:
            return ended
        n_before = _before_zero(w, pull, ridge, n_steps)
        before = _along(w, pull, ridge, n_before)
        w = _prox(before - drift, threshold, 1.0 / (1.0 + ridge), lower)
        n_steps -= n_before + 1
    return w


@jit_inner_views
def _along(w, pull, ridge, n_steps):
    # After n steps w ← (w - pull) / (1 + ridge).
    if ridge == 0.0:
        return w - n_steps * pull
    if n_steps == 1:
        return (w - pull) / (1.0 + ridge)
    share = _lost(_rate(ridge) * n_steps)
    return w - share * (w + pull / ridge)


@jit_inner_views
def _rate(ridge):
    # log(1 + ridge), quickly where that is short.
    if ridge < _SHORT:
        return ridge * (1.0 - ridge * (0.5 - ridge * (_THIRD - ridge * 0.25)))
    return log1p(ridge)


@jit_inner_views
def _lost(x):
    # 1 - exp(-x), quickly where that is short.
    if x < _SHORT:
        return x * (1.0 - x * (0.5 - x * (_SIXTH - x * _OF_FOUR)))
    return -expm1(-x)


@jit_inner_views
def _before_zero(w, pull, ridge, n_steps):
    # How many of the steps are made before the one that reaches 0.
    ratio = w / pull
    crossed = log(1.0 + ratio * ridge) / _rate(ridge) if ridge > 0.0 else ratio
    n_before = int(crossed)
    n_before = n_before - 1 if n_before >= crossed else n_before
    return min(max(n_before, 0), n_steps - 1)
