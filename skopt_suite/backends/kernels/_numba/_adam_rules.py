"""What the rules of Adam's family do to the parameters of one fit."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._jit import (
    decay,
    jit_body,
    jit_inner_views,
    larger,
    negligible,
    negligible_squared,
)


@jit_body
def _adam(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero = params.dtype.type, params.dtype.type(0)
    tiny, small = negligible(params), negligible_squared(params)
    correction = np.sqrt(1 - numbers[1] ** n_steps)
    step = kind(rate * correction / (1 - numbers[0] ** n_steps))
    b1, b2, eps = kind(numbers[0]), kind(numbers[1]), kind(numbers[2] * correction)
    c1, c2, m, v = kind(1) - b1, kind(1) - b2, moments[0], moments[1]
    for j in range(params.size):
        g = gradient[j]
        g = zero if abs(g) <= small else g  # else its square is denormal
        m_j = b1 * m[j] + c1 * g
        v_j = b2 * v[j] + c2 * g * g
        m_j = zero if abs(m_j) <= small else m_j
        v_j = zero if abs(v_j) <= tiny else v_j
        m[j], v[j] = m_j, v_j
        params[j] -= step * (m_j / (np.sqrt(v_j) + eps))


@jit_body
def _adamw(params, gradient, moments, n_steps, rate, numbers, n_weights):
    decay(params, rate * numbers[3], n_weights)
    _adam(params, gradient, moments, n_steps, rate, numbers, n_weights)


@jit_inner_views
def _find_means(m, v, j, g, b1, b2):
    """Write the new means of gradients and of their squares."""
    zero, one = m.dtype.type(0), m.dtype.type(1)
    small = negligible_squared(m)
    g = zero if abs(g) <= small else g
    m_j = b1 * m[j] + (one - b1) * g
    v_j = b2 * v[j] + (one - b2) * g * g
    m[j] = zero if abs(m_j) <= small else m_j
    v[j] = zero if abs(v_j) <= negligible(v) else v_j


@jit_body
def _amsgrad(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, correction = params.dtype.type, np.sqrt(1 - numbers[1] ** n_steps)
    step = kind(rate * correction / (1 - numbers[0] ** n_steps))
    b1, b2, eps = kind(numbers[0]), kind(numbers[1]), kind(numbers[2] * correction)
    m, v, largest = moments[0], moments[1], moments[2]
    for j in range(params.size):
        _find_means(m, v, j, gradient[j], b1, b2)
        largest[j] = larger(largest[j], v[j])
        params[j] -= step * (m[j] / (np.sqrt(largest[j]) + eps))


@jit_body
def _adamax(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero, tiny = params.dtype.type, params.dtype.type(0), negligible(params)
    step = kind(rate / (1 - numbers[0] ** n_steps))
    b1, b2, eps = kind(numbers[0]), kind(numbers[1]), kind(numbers[2])
    c1, m, u = kind(1) - b1, moments[0], moments[1]
    for j in range(params.size):
        m_j = b1 * m[j] + c1 * gradient[j]
        m[j] = zero if abs(m_j) <= tiny else m_j
        u[j] = larger(b2 * u[j], abs(gradient[j]) + eps)
        params[j] -= step * (m[j] / u[j])


@jit_inner_views
def _nadam_shares(beta1, t):
    """Return the corrected shares of the gradient and of the mean in a step."""
    bend = 0.004 * np.log(0.96)
    now = beta1 * (1 - 0.5 * np.exp(bend * t))
    following = beta1 * (1 - 0.5 * np.exp(bend * (t + 1)))
    product = beta1**t
    if not product < 1e-17:  # else it is nothing beside 1
        logarithm = 0.0
        for k in range(1, 54):
            logarithm += 0.5**k / (k * np.expm1(-bend * k)) * np.expm1(bend * k * t)
        product *= np.exp(logarithm)
    return (1 - now) / (1 - product), following / (1 - product * following)


@jit_body
def _nadam(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, correction = params.dtype.type, np.sqrt(1 - numbers[1] ** n_steps)
    b1, b2, eps = kind(numbers[0]), kind(numbers[1]), kind(numbers[2] * correction)
    of_gradient, of_mean = _nadam_shares(numbers[0], n_steps)
    of_g, of_m = kind(rate * correction * of_gradient), kind(rate * correction * of_mean)
    m, v = moments[0], moments[1]
    for j in range(params.size):
        _find_means(m, v, j, gradient[j], b1, b2)
        params[j] -= (of_g * gradient[j] + of_m * m[j]) / (np.sqrt(v[j]) + eps)


@jit_inner_views
def _radam_factor(beta2, t):
    """Return ``r √(1 - beta2^t)``, or 0 where there are too few gradients."""
    correction, most = 1 - beta2**t, 2 / (1 - beta2) - 1
    length = most - 2 * t * beta2**t / correction
    if not length > 5:
        return 0.0
    square = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
    return np.sqrt(square * correction)


@jit_body
def _radam(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, one, zero = params.dtype.type, params.dtype.type(1), params.dtype.type(0)
    b1, b2, eps = kind(numbers[0]), kind(numbers[1]), kind(numbers[2])
    step, factor = (
        kind(rate / (1 - numbers[0] ** n_steps)),
        kind(_radam_factor(numbers[1], n_steps)),
    )
    m, v = moments[0], moments[1]
    for j in range(params.size):
        _find_means(m, v, j, gradient[j], b1, b2)
        params[j] -= step * (one if factor == zero else factor / (np.sqrt(v[j]) + eps)) * m[j]


@jit_inner_views
def _reach_of_root(out, square, n_steps, rate, numbers):
    kind, correction = out.dtype.type, np.sqrt(1 - numbers[1] ** n_steps)
    step, eps = kind(rate * correction), kind(numbers[2] * correction)
    for j in range(out.size):
        out[j] = step / (np.sqrt(square[j]) + eps)


@jit_body
def _reach_of_adam(out, moments, n_steps, rate, numbers):
    _reach_of_root(out, moments[1], n_steps, rate, numbers)


@jit_body
def _reach_of_amsgrad(out, moments, n_steps, rate, numbers):
    _reach_of_root(out, moments[2], n_steps, rate, numbers)


@jit_body
def _reach_of_adamax(out, moments, n_steps, rate, numbers):
    step, u = out.dtype.type(rate), moments[1]
    for j in range(out.size):
        out[j] = step / u[j]


@jit_body
def _reach_of_nadam(out, moments, n_steps, rate, numbers):
    of_gradient, of_mean = _nadam_shares(numbers[0], n_steps)
    of_unit = of_gradient + of_mean * (1 - numbers[0] ** n_steps)
    _reach_of_root(out, moments[1], n_steps, rate * of_unit, numbers)


@jit_body
def _reach_of_radam(out, moments, n_steps, rate, numbers):
    kind, v = out.dtype.type, moments[1]
    step, eps, factor = kind(rate), kind(numbers[2]), kind(_radam_factor(numbers[1], n_steps))
    for j in range(out.size):
        out[j] = step if factor == kind(0) else step * (factor / (np.sqrt(v[j]) + eps))


OF_DEFINITION = {
    "_adam.adam_update": (_adam, _reach_of_adam),
    "_adamw.adamw_update": (_adamw, _reach_of_adam),
    "_amsgrad.amsgrad_update": (_amsgrad, _reach_of_amsgrad),
    "_adamax.adamax_update": (_adamax, _reach_of_adamax),
    "_nadam.nadam_update": (_nadam, _reach_of_nadam),
    "_radam.radam_update": (_radam, _reach_of_radam),
}
"""Rule and reach, by module and name of the definition."""
