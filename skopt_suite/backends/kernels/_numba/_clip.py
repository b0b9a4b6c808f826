"""Clipping of the gradient of one fit: see `skopt_suite.optimizers.ClipGradient`."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._body import Body, clip_type
from skopt_suite.backends.kernels._numba._jit import (
    jit_body,
    jit_inner_views,
    jit_sum,
    larger,
    size_of,
)
from skopt_suite.backends.kernels._numba._team import sum_of_all

_LEAST = 1e-280  # sum of squares, none of which has lost digits that count


@jit_body
def _clip(gradient, l1, l2, weaker_l1, weaker_l2, limits, team):
    for j in range(weaker_l1.size):
        weaker_l1[j], weaker_l2[j] = l1[j if l1.size > 1 else 0], l2[j if l2.size > 1 else 0]
    if limits[0] < np.inf:
        _clip_entries(gradient, weaker_l1, weaker_l2, gradient.dtype.type(limits[0]))
    if limits[1] < np.inf:
        share = gradient.dtype.type(limits[1] / larger(limits[1], _norm(gradient, team)))
        for of_all in (gradient, weaker_l1, weaker_l2):
            for j in range(of_all.size):
                of_all[j] *= share


@jit_inner_views
def _clip_entries(gradient, weaker_l1, weaker_l2, largest):
    zero, one = gradient.dtype.type(0), gradient.dtype.type(1)
    for j in range(gradient.size):
        g = gradient[j]
        clipped = largest if g > largest else (-largest if g < -largest else g)
        gradient[j] = clipped
        if j < weaker_l1.size:
            factor = one if g == zero else clipped / g
            weaker_l1[j] *= factor
            weaker_l2[j] *= factor


@jit_inner_views
def _norm(gradient, team):
    """Return the norm over all threads, also where squares overflow or vanish."""
    total = sum_of_all(team, 0, _sum_of_squares(gradient, 1.0))
    if total > _LEAST and total < np.inf:
        return np.sqrt(total)
    size = sum_of_all(team, 3, size_of(gradient))
    size = 1.0 if size == 0 else size
    return size * np.sqrt(sum_of_all(team, 4, _sum_of_squares(gradient, size)))


@jit_sum
def _sum_of_squares(values, unit):
    total = 0.0
    for j in range(values.size):
        value = values[j] / unit
        total += value * value
    return total


CLIP = Body(_clip, clip_type)
