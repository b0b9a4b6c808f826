"""What an iteration of an interior-point method does for every kink, in one pass each.

Loops are over 64 kinks at once, in rooms that no other array can overlap with, so that they
vectorise; sums and minima have a place for each of the 64.
"""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views
from skopt_suite.backends.kernels._numba._types import (
    array,
    doubles,
    given,
    number,
    part_of,
    row_of,
    whole,
)

_LANES = 64  # as many as there are in a room
_LEAST_SHARE = 1e-12  # as in the definition


def measure(raw, slacks, kinks, n_rows):
    duals, sums = np.zeros(len(raw)), np.zeros((5, _LANES))
    _measure(raw, *slacks, *kinks, duals, sums, n_rows)
    return duals, sums.sum(axis=1)


def weigh(room, slacks, kinks, n_rows):
    room[...] = 0.0
    _weigh(room, *slacks, *kinks[1:], n_rows)
    return room


def predict(move, slacks, kinks, n_rows):
    second, pull = np.empty((2, len(slacks[0]))), np.zeros(len(move))
    sums, least = np.zeros((4, _LANES)), np.zeros((2, _LANES))
    _predict(move, *slacks, *kinks[1:], second, pull, sums, least, n_rows)
    return second, pull, sums[:3].sum(axis=1), _fastest(sums[3], least)


def correct(move, second, slacks, kinks, n_rows, mu):
    step = np.empty((3, len(slacks[0])))
    total, least = np.zeros(_LANES), np.zeros((2, _LANES))
    _correct(move, second, *slacks, *kinks[1:], step, total, least, n_rows, mu)
    return step, _fastest(total, least)


def centre(step, second, slacks, kinks, n_rows, n_weights, mu, ends):
    new, pull = np.empty(second.shape), np.zeros(n_rows + n_weights)
    _centre(step, second, *slacks, *kinks[1:], new, pull, n_rows, mu, *ends)
    return new, pull


def approach(move, slacks, n_rows, away):
    least = np.zeros(_LANES)
    _approach(move, *slacks[:2], least, n_rows, away)
    return float(least.min())


def distances(move, slacks, kinks, n_rows, most, least):
    beyond, distance = np.empty(len(slacks[0])), np.full(n_rows, np.inf)
    _distances(move, *slacks, *kinks[1:], beyond, distance, n_rows, most, least)
    return beyond, distance


def settle(beyond, distance, slacks, kinks, n_weights, mu, reach):
    _settle(beyond, distance, *slacks, *kinks[1:], n_weights, mu, reach)
    return tuple(slacks)


def scale_rows(rows, scale, room):
    scaled = room[: len(rows)]
    _scale(np.ascontiguousarray(rows), scale, scaled)
    return scaled


def _fastest(total, least):
    return least.min(axis=1) if np.isfinite(total.sum()) else np.full(2, np.nan)


def _measure_types(kind):
    return *[given(number, 1)] * 7, array(number, 1), array(number, 2), whole


def _weigh_types(kind):
    return array(number, 2), *[given(number, 1)] * 5, whole


def _distances_types(kind):
    written = array(number, 1)
    return *[given(number, 1)] * 6, written, written, whole, number, number


def _settle_types(kind):
    read, written = given(number, 1), array(number, 1)
    return read, read, *[written] * 3, read, read, whole, number, number


def _predict_types(kind):
    table = array(number, 2)
    return *[given(number, 1)] * 6, table, array(number, 1), table, table, whole


def _correct_types(kind):
    row, table = given(number, 1), array(number, 2)
    return row, given(number, 2), *[row] * 5, table, array(number, 1), table, whole, number


def _centre_types(kind):
    table = given(number, 2)
    written = array(number, 2), array(number, 1)
    return table, table, *[given(number, 1)] * 5, *written, whole, *[number] * 5


@jit_inner_views
def _place(start, n_rows, n_shared, n_kinks):
    # Where the numbers are that kinks from there on share, and how many kinks go on in that order.
    n_of_rows = n_kinks - (n_shared - n_rows)
    if start >= n_of_rows:
        return n_rows + start - n_of_rows, min(n_kinks - start, _LANES)
    at = start % n_rows
    return at, min(n_rows - at, _LANES)


@jit_inner_views
def _slopes(over, under, dual, below, above):
    if above == below:
        return 1.0, 1.0, 1.0, 0.0
    to_above, to_below = above - dual, dual - below
    unit = 1 / (over * to_below + under * to_above)
    return to_above, to_below, unit, to_above * to_below * unit


@jit_inner_views
def _lesser(least, a, b):
    # The least of three numbers but for those that are none.
    least = a if a < least else least
    return b if b < least else least


@entry(_measure_types)
def _measure(raw, over, under, dual, at, below, above, duals, sums, n_rows):
    a = doubles()
    losses, lost, products, widths, sizes = doubles(), doubles(), doubles(), doubles(), doubles()
    for lane in range(_LANES):
        losses[lane] = lost[lane] = products[lane] = widths[lane] = sizes[lane] = 0.0
    start = 0
    while start < over.size:
        place, size = _place(start, n_rows, raw.size, over.size)
        z, r, s = part_of(raw, place, size), part_of(over, start, size), part_of(under, start, size)
        d, t = part_of(dual, start, size), part_of(at, start, size)
        low, high = part_of(below, start, size), part_of(above, start, size)
        is_row = 1.0 if place < n_rows else 0.0
        for i in range(size):
            width, beyond = high[i] - low[i], z[i] - t[i]
            value = (high[i] if beyond > 0.0 else low[i]) * beyond
            a[i] = d[i]
            losses[i] += is_row * value
            lost[i] += value - d[i] * beyond
            products[i] += r[i] * (high[i] - d[i]) + s[i] * (d[i] - low[i])
            widths[i] += 0.0 if r[i] == 0.0 or s[i] == 0.0 else width
            sizes[i] += width * abs(t[i])
        _add(duals, place, size, a)
        start += size
    for lane in range(_LANES):
        sums[0, lane], sums[1, lane], sums[2, lane] = losses[lane], lost[lane], products[lane]
        sums[3, lane], sums[4, lane] = widths[lane], sizes[lane]


@entry(_weigh_types)
def _weigh(found, over, under, dual, below, above, n_rows):
    w, p, c = doubles(), doubles(), doubles()
    start = 0
    while start < over.size:
        place, size = _place(start, n_rows, found.shape[1], over.size)
        r, s, d = (
            part_of(over, start, size),
            part_of(under, start, size),
            part_of(dual, start, size),
        )
        low, high = part_of(below, start, size), part_of(above, start, size)
        for i in range(size):
            to_above, to_below, unit, weight = _slopes(r[i], s[i], d[i], low[i], high[i])
            w[i], p[i] = weight, weight * (r[i] - s[i])
            c[i] = (high[i] - low[i]) * (to_above - to_below) * unit
        _add(row_of(found, 0), place, size, w)
        _add(row_of(found, 1), place, size, p)
        _add(row_of(found, 2), place, size, c)
        start += size


@jit_inner_views
def _add(target, place, size, values):
    part = part_of(target, place, size)
    for i in range(size):
        part[i] += values[i]


@entry(_predict_types)
def _predict(move, over, under, dual, below, above, second, pull, sums, least, n_rows):
    c, primal, of_dual, both, total = doubles(), doubles(), doubles(), doubles(), doubles()
    of_over, of_under = doubles(), doubles()
    least_primal, least_dual = doubles(), doubles()
    for lane in range(_LANES):
        primal[lane] = of_dual[lane] = both[lane] = total[lane] = 0.0
        least_primal[lane] = least_dual[lane] = 0.0
    start = 0
    while start < over.size:
        place, size = _place(start, n_rows, move.size, over.size)
        z, r, s = (
            part_of(move, place, size),
            part_of(over, start, size),
            part_of(under, start, size),
        )
        d = part_of(dual, start, size)
        low, high = part_of(below, start, size), part_of(above, start, size)
        for i in range(size):
            to_above, to_below, unit, weight = _slopes(r[i], s[i], d[i], low[i], high[i])
            v = weight * (z[i] + r[i] - s[i])
            o, u = r[i] * (v / to_above) - r[i], -s[i] * (v / to_below) - s[i]
            of_over[i], of_under[i] = o * v, -u * v
            c[i] = (of_under[i] * to_above - of_over[i] * to_below) * unit
            primal[i] += o * to_above + u * to_below
            of_dual[i] += (s[i] - r[i]) * v
            both[i] += (u - o) * v
            total[i] += abs(o) + abs(u) + abs(v)
            least_primal[i] = _lesser(least_primal[i], o / r[i], u / s[i])
            least_dual[i] = _lesser(least_dual[i], -v / to_above, v / to_below)
        _add(pull, place, size, c)
        _copy(row_of(second, 0), start, size, of_over)
        _copy(row_of(second, 1), start, size, of_under)
        start += size
    for lane in range(_LANES):
        sums[0, lane], sums[1, lane] = primal[lane], of_dual[lane]
        sums[2, lane], sums[3, lane] = both[lane], total[lane]
        least[0, lane], least[1, lane] = least_primal[lane], least_dual[lane]


@entry(_correct_types)
def _correct(move, second, over, under, dual, below, above, step, sums, least, n_rows, mu):
    of_over, of_under, of_dual, total = doubles(), doubles(), doubles(), doubles()
    least_primal, least_dual = doubles(), doubles()
    for lane in range(_LANES):
        total[lane] = least_primal[lane] = least_dual[lane] = 0.0
    start = 0
    while start < over.size:
        place, size = _place(start, n_rows, move.size, over.size)
        z, d = part_of(move, place, size), part_of(dual, start, size)
        r, s = part_of(over, start, size), part_of(under, start, size)
        first = part_of(row_of(second, 0), start, size)
        other = part_of(row_of(second, 1), start, size)
        low, high = part_of(below, start, size), part_of(above, start, size)
        for i in range(size):
            to_above, to_below, unit, weight = _slopes(r[i], s[i], d[i], low[i], high[i])
            centre = mu * (high[i] - low[i])
            missing_over, missing_under = centre + first[i], centre + other[i]
            v = weight * (z[i] + r[i] - s[i])
            v += (missing_under * to_above - missing_over * to_below) * unit
            o = (missing_over + r[i] * v) / to_above - r[i]
            u = (missing_under - s[i] * v) / to_below - s[i]
            of_over[i], of_under[i], of_dual[i] = o, u, v
            total[i] += abs(o) + abs(u) + abs(v)
            least_primal[i] = _lesser(least_primal[i], o / r[i], u / s[i])
            least_dual[i] = _lesser(least_dual[i], -v / to_above, v / to_below)
        _copy(row_of(step, 0), start, size, of_over)
        _copy(row_of(step, 1), start, size, of_under)
        _copy(row_of(step, 2), start, size, of_dual)
        start += size
    for lane in range(_LANES):
        sums[lane] = total[lane]
        least[0, lane], least[1, lane] = least_primal[lane], least_dual[lane]


@jit_inner_views
def _back(product, low, high):
    # How far to go to be between the ends, and no further down than the higher one is.
    if product < low:
        return low - product
    if product > high:
        return -min(product - high, high)
    return product - product  # 0, or no number


@entry(_centre_types)
def _centre(
    step,
    second,
    over,
    under,
    dual,
    below,
    above,
    new,
    pull,
    n_rows,
    mu,
    of_primal,
    of_dual,
    least,
    most,
):
    c, to_over, to_under = doubles(), doubles(), doubles()
    start = 0
    while start < over.size:
        place, size = _place(start, n_rows, pull.size, over.size)
        r, s = part_of(over, start, size), part_of(under, start, size)
        d = part_of(dual, start, size)
        first = part_of(row_of(second, 0), start, size)
        other = part_of(row_of(second, 1), start, size)
        o, u = part_of(row_of(step, 0), start, size), part_of(row_of(step, 1), start, size)
        v = part_of(row_of(step, 2), start, size)
        low, high = part_of(below, start, size), part_of(above, start, size)
        for i in range(size):
            to_above, to_below, unit, _ = _slopes(r[i], s[i], d[i], low[i], high[i])
            centre = mu * (high[i] - low[i])
            product = (r[i] + of_primal * o[i]) * (to_above - of_dual * v[i])
            to_over[i] = first[i] + _back(product, least * centre, most * centre)
            product = (s[i] + of_primal * u[i]) * (to_below + of_dual * v[i])
            to_under[i] = other[i] + _back(product, least * centre, most * centre)
            c[i] = (to_under[i] * to_above - to_over[i] * to_below) * unit
        _add(pull, place, size, c)
        _copy(row_of(new, 0), start, size, to_over)
        _copy(row_of(new, 1), start, size, to_under)
        start += size


@jit_inner_views
def _copy(target, start, size, values):
    part = part_of(target, start, size)
    for i in range(size):
        part[i] = values[i]


@entry(lambda kind: (*[given(number, 1)] * 3, array(number, 1), whole, number))
def _approach(move, over, under, least, n_rows, away):
    lowest, start = doubles(), 0
    for lane in range(_LANES):
        lowest[lane] = 0.0
    while start < over.size:
        place, size = _place(start, n_rows, move.size, over.size)
        z, r, s = (
            part_of(move, place, size),
            part_of(over, start, size),
            part_of(under, start, size),
        )
        for i in range(size):
            share = z[i] / (r[i] - s[i])
            share = share if (r[i] == 0.0) != (s[i] == 0.0) else 0.0
            lowest[i] = _lesser(lowest[i], share, -abs(share) / away)
        start += size
    for lane in range(_LANES):
        least[lane] = lowest[lane]


@entry(_distances_types)
def _distances(move, over, under, dual, below, above, beyond, distance, n_rows, most, least):
    start = 0
    while start < over.size:
        place, size = _place(start, n_rows, move.size, over.size)
        z, r, s = (
            part_of(move, place, size),
            part_of(over, start, size),
            part_of(under, start, size),
        )
        d, far = part_of(dual, start, size), part_of(beyond, start, size)
        low, high = part_of(below, start, size), part_of(above, start, size)
        for i in range(size):
            far[i] = r[i] - s[i] + (z[i] if r[i] == 0.0 or s[i] == 0.0 else 0.0)
        if place < n_rows:
            nearest = part_of(distance, place, size)
            for i in range(size):
                width, length = high[i] - low[i], abs(far[i])
                away = high[i] - d[i] if far[i] > 0.0 else d[i] - low[i]
                is_clear = away <= most * width and length >= least * abs(far[i] - z[i])
                length = length if is_clear else 0.0
                nearest[i] = length if width > 0.0 and length < nearest[i] else nearest[i]
        start += size


@entry(_settle_types)
def _settle(beyond, distance, over, under, dual, below, above, n_weights, mu, reach):
    n_rows, start = distance.size, 0
    while start < over.size:
        place, size = _place(start, n_rows, n_rows + n_weights, over.size)
        for i in range(start, start + size):
            width, far = above[i] - below[i], beyond[i]
            if width == 0.0:
                continue
            if place < n_rows and distance[place + i - start] >= reach:
                over[i], under[i] = max(far, 0.0), max(-far, 0.0)
                dual[i] = above[i] if far > 0.0 else below[i]
            elif over[i] == 0.0 or under[i] == 0.0:
                unit = max(abs(far), mu)
                length = abs(far) + unit * np.sqrt((far / unit) ** 2 + 4 * (mu / unit) ** 2)
                large, small = mu + length / 2, mu + 2 * mu * (mu / length)
                over[i], under[i] = (large, small) if far > 0.0 else (small, large)
                share = min(max(mu / under[i], _LEAST_SHARE), 1 - _LEAST_SHARE)
                dual[i] = below[i] + share * width
        start += size


@entry(lambda kind: (given(number, 2), given(number, 1), array(number, 2)))
def _scale(rows, scale, scaled):
    for i in range(scale.size):
        x, target, factor = row_of(rows, i), row_of(scaled, i), scale[i]
        for j in range(x.size):
            target[j] = x[j] * factor
