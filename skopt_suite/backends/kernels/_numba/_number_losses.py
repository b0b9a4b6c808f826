"""Losses of numbers of one fit: values, and raw predictions that become gradients."""

import numpy as np

from skopt_suite.backends.kernels._numba._jit import jit_body, jit_inner_views
from skopt_suite.backends.kernels._numba._math import exp, expm1, log1p, tanh


@jit_body
def squared_error(raw, y, value, numbers):
    half = raw.dtype.type(0.5)
    for i in range(raw.shape[0]):
        total = raw.dtype.type(0)
        for j in range(raw.shape[1]):
            residual = raw[i, j] - y[i, j]
            total += residual * residual
            raw[i, j] = residual
        value[i] = half * total


@jit_body
def absolute_error(raw, y, value, numbers):
    for i in range(raw.shape[0]):
        total = raw.dtype.type(0)
        for j in range(raw.shape[1]):
            residual = raw[i, j] - y[i, j]
            total += abs(residual)
            raw[i, j] = np.sign(residual)
        value[i] = total


@jit_body
def huber(raw, y, value, numbers):
    half, delta = raw.dtype.type(0.5), raw.dtype.type(numbers[0])
    for i in range(raw.shape[0]):
        total = raw.dtype.type(0)
        for j in range(raw.shape[1]):
            residual = raw[i, j] - y[i, j]
            size = abs(residual)
            clipped = delta if size > delta else size
            total += clipped * (size - half * clipped)
            raw[i, j] = np.sign(residual) * clipped
        value[i] = total


@jit_body
def epsilon_insensitive(raw, y, value, numbers):
    zero, epsilon = raw.dtype.type(0), raw.dtype.type(numbers[0])
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            residual = raw[i, j] - y[i, j]
            beyond = abs(residual) - epsilon
            total += zero if beyond <= zero else beyond
            raw[i, j] = zero if beyond <= zero else np.sign(residual)
        value[i] = total


@jit_body
def squared_epsilon_insensitive(raw, y, value, numbers):
    zero, two, epsilon = raw.dtype.type(0), raw.dtype.type(2), raw.dtype.type(numbers[0])
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            residual = raw[i, j] - y[i, j]
            beyond = abs(residual) - epsilon
            beyond = zero if beyond <= zero else beyond
            total += beyond * beyond
            raw[i, j] = two * np.sign(residual) * beyond
        value[i] = total


@jit_body
def log_cosh(raw, y, value, numbers):
    kind = raw.dtype.type
    one, two, half, log_two = kind(1), kind(2), kind(0.5), kind(0.6931471805599453)
    for i in range(raw.shape[0]):
        total = kind(0)
        for j in range(raw.shape[1]):
            residual = raw[i, j] - y[i, j]
            size = abs(residual)
            near = one if size > one else size
            e = expm1(near)  # cosh(x) - 1 = (exp(x) - 1)² / (2 exp(x))
            small = log1p(half * e * e / (one + e))
            large = size + log1p(exp(-two * size)) - log_two
            total += small if size <= one else large
            raw[i, j] = tanh(residual)
        value[i] = total


@jit_body
def quantile(raw, y, value, numbers):
    zero, level = raw.dtype.type(0), raw.dtype.type(numbers[0])
    above = raw.dtype.type(1) - level
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            residual = raw[i, j] - y[i, j]
            slope = -level if residual < zero else residual
            slope = above if residual > zero else slope
            total += slope * residual
            raw[i, j] = slope
        value[i] = total


@jit_body
def quantiles(raw, y, value, numbers):
    """Several of every target, side by side."""
    zero, one, n_levels = raw.dtype.type(0), raw.dtype.type(1), numbers.size
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            level, residual = raw.dtype.type(numbers[j % n_levels]), raw[i, j] - y[i, j // n_levels]
            slope = -level if residual < zero else residual
            slope = one - level if residual > zero else slope
            total += slope * residual
            raw[i, j] = slope
        value[i] = total


@jit_body
def poisson(raw, y, value, numbers):
    zero, one = raw.dtype.type(0), raw.dtype.type(1)
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            target, mean = y[i, j], exp(raw[i, j])
            distance = raw[i, j] - np.log(target if target > zero else one)
            near = target * (expm1(distance) - distance)
            far = mean - target - target * distance
            total += near if target > zero and distance < one else far
            raw[i, j] = mean - target
        value[i] = total


@jit_body
def gamma(raw, y, value, numbers):
    for i in range(raw.shape[0]):
        total = raw.dtype.type(0)
        for j in range(raw.shape[1]):
            distance = raw[i, j] - np.log(y[i, j])
            excess = expm1(-distance)
            total += excess + distance
            raw[i, j] = -excess
        value[i] = total


@jit_body
def tweedie(raw, y, value, numbers):
    kind = raw.dtype.type
    below, above = kind(1 - numbers[0]), kind(2 - numbers[0])
    for i in range(raw.shape[0]):
        total = kind(0)
        for j in range(raw.shape[1]):
            if y[i, j] > kind(0):
                one, raw[i, j] = _of_positive(raw[i, j], y[i, j], below, above)
            else:
                one, raw[i, j] = _of_others(raw[i, j], y[i, j], below, above)
            total += one
        value[i] = total


@jit_inner_views
def _of_positive(raw, y, below, above):
    """Return Tweedie deviance and gradient for a positive target."""
    logarithm = np.log(y)
    distance, start = raw - logarithm, exp(above * logarithm)
    low, high = y * exp(below * raw), exp(above * raw)
    gradient = _increase(low, distance, high)
    low = _increase(start, below * distance, low)
    high = _increase(start, above * distance, high)
    if np.isinf(low) and np.isinf(high) and below * above > 0:
        return abs(high), np.sign(distance) * abs(high)
    of_high = high / above if above != 0 else start * distance
    of_low = low / below if below != 0 else start * distance
    return of_high - of_low, gradient


@jit_inner_views
def _increase(start, exponent, end):
    """Return ``end - start`` where ``end = start exp(exponent)``, exact where that is near."""
    return start * expm1(exponent) if abs(exponent) < 1 else end - start


@jit_inner_views
def _of_others(raw, y, below, above):
    """Return Tweedie deviance and gradient for a target of 0 or less."""
    high = exp(above * raw)
    slope, square = raw * 0, raw * 0
    if y < 0:
        slope = -y * exp(below * raw)
        square = y * y / 2 if below == 1 else square
        return high / above + slope / below + square, high + slope
    return high / above, high
