"""What rules do to the parameters of one fit, and of all fits of a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import float64

from skopt_suite.backends.kernels._numba._body import Body, reach_type, rule_at, rule_type
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_body, jit_inner_views, negligible
from skopt_suite.backends.kernels._numba._types import array, given, whole


@jit_body
def _descend(params, gradient, moments, n_steps, rate, numbers, n_weights):
    step = params.dtype.type(rate)
    for j in range(n_weights):
        params[j] -= step * gradient[j]
    step = params.dtype.type(rate * numbers[0])
    for j in range(n_weights, params.size):
        params[j] -= step * gradient[j]


@jit_body
def _momentum(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero, tiny = params.dtype.type, params.dtype.type(0), negligible(params)
    step, keep, velocity = kind(rate), kind(numbers[0]), moments[0]
    for j in range(params.size):
        v = keep * velocity[j] + gradient[j]
        velocity[j] = zero if abs(v) <= tiny else v
        params[j] -= step * v


@jit_body
def _nesterov(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero, tiny = params.dtype.type, params.dtype.type(0), negligible(params)
    step, keep, velocity = kind(rate), kind(numbers[0]), moments[0]
    for j in range(params.size):
        v = keep * velocity[j] + gradient[j]
        velocity[j] = zero if abs(v) <= tiny else v
        params[j] -= step * (gradient[j] + keep * v)


@jit_body
def _adam(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kind, zero = params.dtype.type, params.dtype.type(0)
    tiny, small = negligible(params), _small(params)
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


@jit_inner_views
def _small(array):
    # What counts as zero where it will be squared: a thousand times the square root of the smallest
    # normal number.
    kind = array.dtype.type
    of_double = kind(1.4916681462400413e-151)
    return of_double if of_double > kind(0) else kind(1.0842021724855044e-16)


@jit_body
def _adamw(params, gradient, moments, n_steps, rate, numbers, n_weights):
    kept = params.dtype.type(1 - rate * numbers[3])
    for j in range(n_weights):
        params[j] *= kept
    _adam(params, gradient, moments, n_steps, rate, numbers, n_weights)


@jit_body
def _reach_of_rate(out, moments, n_steps, rate, numbers):
    out[:] = out.dtype.type(rate)


@jit_body
def _reach_of_momentum(out, moments, n_steps, rate, numbers):
    out[:] = out.dtype.type(rate * (1 - numbers[0] ** n_steps) / (1 - numbers[0]))


@jit_body
def _reach_of_nesterov(out, moments, n_steps, rate, numbers):
    out[:] = out.dtype.type(rate * (1 - numbers[0] ** (n_steps + 1)) / (1 - numbers[0]))


@jit_body
def _reach_of_adam(out, moments, n_steps, rate, numbers):
    kind, v, correction = out.dtype.type, moments[1], np.sqrt(1 - numbers[1] ** n_steps)
    step, eps = kind(rate * correction), kind(numbers[2] * correction)
    for j in range(out.size):
        out[j] = step / (np.sqrt(v[j]) + eps)


_FIRST_ORDER = "skopt_suite.optimizers.first_order"

_OF_DEFINITION = {
    "_adam.adam_update": (_adam, _reach_of_adam),
    "_adamw.adamw_update": (_adamw, _reach_of_adam),
    "_gradient_descent.descend": (_descend, _reach_of_rate),
    "_momentum.momentum_update": (_momentum, _reach_of_momentum),
    "_nesterov.nesterov_update": (_nesterov, _reach_of_nesterov),
}

RULES: dict[str, Body] = {
    f"{_FIRST_ORDER}.{name}": Body(rule, rule_type) for name, (rule, _) in _OF_DEFINITION.items()
}
"""By the name of their definition."""

DESCEND = f"{_FIRST_ORDER}._gradient_descent.descend"
"""The rule that does not move without a gradient."""

REACHES: dict[str, Body] = {
    f"{_FIRST_ORDER}.{name}": Body(reach, reach_type) for name, (_, reach) in _OF_DEFINITION.items()
}
"""What `step_size` of a rule returns, by the name of the rule's definition."""


def stacked(body: Body) -> Callable[..., Any]:
    """Return the update of all fits of a stack."""

    def update(params, gradient, moments, n_steps, rate, numbers, n_weights):
        params, gradient = np.ascontiguousarray(params), np.ascontiguousarray(gradient)
        moments = np.ascontiguousarray(moments)
        columns = (np.ascontiguousarray(of_fits, float) for of_fits in (n_steps, rate, numbers))
        _update(params, gradient, moments, *columns, n_weights, body.address(params.dtype))
        return params, moments

    return update


def _with_address(kind):
    rows, columns = array(kind, 2), given(float64, 2)
    return rows, rows, array(kind, 3), columns, columns, columns, whole, whole


@entry(_with_address)
def _update(params, gradient, moments, n_steps, rate, numbers, n_weights, address):
    rule = rule_at(address, params)
    for k in range(params.shape[0]):
        at = rate[k if rate.shape[0] > 1 else 0, 0]
        rule(params[k], gradient[k], moments[k], n_steps[k, 0], at, numbers[k], n_weights)
