"""What rules that divide by the size of gradients do to the parameters of one fit."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._jit import (
    decay,
    jit_body,
    jit_inner_views,
    negligible,
    negligible_squared,
)


@jit_body
def _adagrad(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind = params.dtype.type
    step, eps, total = kind(rate), kind(numbers[0]), moments[0]
    for j in range(params.size):
        params[j] -= step * scaled(gradient[j], total, j, eps)


@jit_inner_views
def scaled(g, total, j, eps):
    """Return a gradient as AdaGrad scales it, with all until this one."""
    zero = total.dtype.type(0)
    g = zero if abs(g) <= negligible_squared(total) else g  # else its square is denormal
    total[j] += g * g
    return g / (np.sqrt(total[j]) + eps)


@jit_body
def _reach_of_adagrad(out, moments, n_steps, rate, numbers):
    step, eps, total = out.dtype.type(rate), out.dtype.type(numbers[0]), moments[0]
    for j in range(out.size):
        out[j] = step / (np.sqrt(total[j]) + eps)


@jit_body
def _rmsprop(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero = params.dtype.type, params.dtype.type(0)
    tiny, small = negligible(params), negligible_squared(params)
    step, keep, eps = kind(rate), kind(numbers[1]), kind(numbers[2])
    rho, velocity, square = kind(numbers[0]), moments[0], moments[1]
    rest = kind(1) - rho
    decay(params, rate * numbers[3], n_weights)
    for j in range(params.size):
        g = gradient[j]
        g = zero if abs(g) <= small else g
        v = rho * square[j] + rest * g * g
        square[j] = zero if abs(v) <= tiny else v
        if moments.shape[0] > 2:
            m = rho * moments[2, j] + rest * g
            moments[2, j] = zero if abs(m) <= small else m
        u = keep * velocity[j] + g / (_spread(moments, j) + eps)
        velocity[j] = zero if abs(u) <= tiny else u
        params[j] -= step * u


@jit_inner_views
def _spread(moments, j):
    square, zero = moments[1, j], moments.dtype.type(0)
    if moments.shape[0] > 2:
        square -= moments[2, j] * moments[2, j]
        square = zero if square < zero else square
    return np.sqrt(square)


@jit_body
def _reach_of_rmsprop(out, moments, n_steps, rate, numbers):
    kind, kept = out.dtype.type, (1 - numbers[1] ** n_steps) / (1 - numbers[1])
    step, eps = kind(rate * kept), kind(numbers[2])
    for j in range(out.size):
        out[j] = step / (_spread(moments, j) + eps)


@jit_body
def _adadelta(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero = params.dtype.type, params.dtype.type(0)
    tiny, small = negligible(params), negligible_squared(params)
    step, rho, eps = kind(rate), kind(numbers[0]), kind(numbers[1])
    rest, square, moved, ratio = kind(1) - rho, moments[0], moments[1], moments[2]
    for j in range(params.size):
        g = gradient[j]
        g = zero if abs(g) <= small else g
        v = rho * square[j] + rest * g * g
        square[j] = zero if abs(v) <= tiny else v
        ratio[j] = np.sqrt((moved[j] + eps) / (square[j] + eps))
        move = ratio[j] * g
        d = rho * moved[j] + rest * move * move
        moved[j] = zero if abs(d) <= tiny else d
        params[j] -= step * move


@jit_body
def _reach_of_adadelta(out, moments, n_steps, rate, numbers):
    step, ratio = out.dtype.type(rate), moments[2]
    for j in range(out.size):
        out[j] = step * ratio[j]


OF_DEFINITION = {
    "_adadelta.adadelta_update": (_adadelta, _reach_of_adadelta),
    "_adagrad.adagrad_update": (_adagrad, _reach_of_adagrad),
    "_rmsprop.rmsprop_update": (_rmsprop, _reach_of_rmsprop),
}
"""Rule and reach, by module and name of the definition."""
