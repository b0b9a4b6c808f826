"""What rules that keep a velocity do to the parameters of one fit."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._jit import decay, jit_body, negligible


@jit_body
def _momentum(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero, tiny = params.dtype.type, params.dtype.type(0), negligible(params)
    step, keep, velocity = kind(rate), kind(numbers[0]), moments[0]
    decay(params, rate * numbers[1], n_weights)
    for j in range(params.size):
        v = keep * velocity[j] + gradient[j]
        velocity[j] = zero if abs(v) <= tiny else v
        params[j] -= step * v


@jit_body
def _nesterov(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero, tiny = params.dtype.type, params.dtype.type(0), negligible(params)
    step, keep, velocity = kind(rate), kind(numbers[0]), moments[0]
    decay(params, rate * numbers[1], n_weights)
    for j in range(params.size):
        v = keep * velocity[j] + gradient[j]
        velocity[j] = zero if abs(v) <= tiny else v
        params[j] -= step * (gradient[j] + keep * v)


@jit_body
def _reach_of_momentum(out, moments, n_steps, rate, numbers):
    out[:] = out.dtype.type(rate * (1 - numbers[0] ** n_steps) / (1 - numbers[0]))


@jit_body
def _reach_of_nesterov(out, moments, n_steps, rate, numbers):
    out[:] = out.dtype.type(rate * (1 - numbers[0] ** (n_steps + 1)) / (1 - numbers[0]))


@jit_body
def _lion(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero, tiny = params.dtype.type, params.dtype.type(0), negligible(params)
    step, b1, b2, m = kind(rate), kind(numbers[0]), kind(numbers[1]), moments[0]
    c1, c2 = kind(1) - b1, kind(1) - b2
    decay(params, rate * numbers[2], n_weights)
    for j in range(params.size):
        g = gradient[j]
        direction, m_j = b1 * m[j] + c1 * g, b2 * m[j] + c2 * g
        m[j] = zero if abs(m_j) <= tiny else m_j
        params[j] -= step * np.sign(direction)


@jit_body
def reach_of_rate(out, moments, n_steps, rate, numbers):
    out[:] = out.dtype.type(rate)


OF_DEFINITION = {
    "_lion.lion_update": (_lion, reach_of_rate),
    "_momentum.momentum_update": (_momentum, _reach_of_momentum),
    "_nesterov.nesterov_update": (_nesterov, _reach_of_nesterov),
}
"""Rule and reach, by module and name of the definition."""
