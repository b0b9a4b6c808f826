"""The equation of a group whose weights have steps of their own.

The definition is `skopt_suite.penalties._secular`.
"""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_sum

_MAX_STEPS = 60


@jit_inner_views
def root_of(w, fixed, slope, start):
    """Return x with ``Σ_i (w_i / (fixed_i + x slope_i))² = 1``, from a bound from below."""
    zero, x, tolerance = w.dtype.type(0), start, w.dtype.type(4) * epsilon(w)
    for _ in range(_MAX_STEPS):
        step = _newton_step(w, fixed, slope, x)
        step = zero if step < zero else step
        x += step
        if not step > tolerance * x:
            break
    return x


@jit_sum
def _newton_step(w, fixed, slope, x):
    zero, one = w.dtype.type(0), w.dtype.type(1)
    square, rate = zero, zero
    for i in range(w.size):
        divisor = fixed[i] + x * slope[i]
        divisor = one if divisor == zero else divisor
        ratio = w[i] / divisor
        square += ratio * ratio
        rate += ratio * ratio * slope[i] / divisor
    return square * (np.sqrt(square) - one) / (one if rate == zero else rate)


@jit_sum
def norm_of(values):
    """Return the Euclidean norm."""
    total = values.dtype.type(0)
    for i in range(values.size):
        total += values[i] * values[i]
    return np.sqrt(total)


@jit_inner_views
def epsilon(values):
    """Return the distance from 1 to the next number."""
    one, of_double = values.dtype.type(1), values.dtype.type(2.220446049250313e-16)
    return of_double if one + of_double > one else values.dtype.type(1.1920929e-07)
