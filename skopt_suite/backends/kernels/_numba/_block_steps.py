"""Proximal steps on a block of weights, whose second derivatives are known.

Rows 0 and 1 of a *room* are slopes and weights of the block, 2 and 3 where a step ends and by what
slopes change.
"""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._coordinates import _best
from skopt_suite.backends.kernels._numba._jit import jit_inner_views

_POWERS, _STEPS, _SOLVED = 10, 20, 0.1


@jit_inner_views
def steepest_of(block, direction, product):
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
def solve_block(block, room, terms, first, norm, steepest):
    # Proximal steps on a block whose slopes are row 0 and weights row 1; the bound that was needed.
    size, most = block.shape[0], 0.0
    if not (steepest > 0.0 or steepest != steepest):
        return steepest
    for _ in range(_STEPS):
        _find_prox(room, terms, first, size, norm, steepest)
        square, rise, change = _look(block, room)
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
def _look(block, room):
    # The squared length of a step, twice how the quadratic rises along it, its largest entry.
    size, square, rise, change = block.shape[0], 0.0, 0.0, 0.0
    for a in range(size):
        room[3, a] = 0.0
        step = room[2, a] - room[1, a]
        for b in range(size):
            room[3, a] += block[a, b] * (room[2, b] - room[1, b])
        square += step * step
        rise += step * room[3, a]
        change = max(change, abs(step))
    return square, rise, change


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
