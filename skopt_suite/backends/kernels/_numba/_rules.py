"""What rules do to the parameters of one fit, and of all fits of a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import float64

from skopt_suite.backends.kernels._numba import _adam_rules, _scaled_rules, _velocity_rules
from skopt_suite.backends.kernels._numba._body import Body, call_rule, reach_type, rule_type
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_body
from skopt_suite.backends.kernels._numba._types import array, given, row_of, whole


@jit_body
def _descend(params, gradient, moments, n_steps, rate, numbers, n_weights):
    step = params.dtype.type(rate)
    for j in range(n_weights):
        params[j] -= step * gradient[j]
    step = params.dtype.type(rate * numbers[0])
    for j in range(n_weights, params.size):
        params[j] -= step * gradient[j]


_FIRST_ORDER = "skopt_suite.optimizers.first_order"

_OF_DEFINITION = {
    "_gradient_descent.descend": (_descend, _velocity_rules.reach_of_rate),
    **_velocity_rules.OF_DEFINITION,
    **_scaled_rules.OF_DEFINITION,
    **_adam_rules.OF_DEFINITION,
}

RULES: dict[str, Body] = {
    f"{_FIRST_ORDER}.{name}": Body(rule, rule_type) for name, (rule, _) in _OF_DEFINITION.items()
}
"""By the name of their definition."""

DESCEND = f"{_FIRST_ORDER}._gradient_descent.descend"
"""The rule that does not move without a gradient."""

ADAGRAD = f"{_FIRST_ORDER}._adagrad.adagrad_update"
"""Another, whose steps are of a length that changes with gradients only."""

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
    for k in range(params.shape[0]):
        at = rate[k if rate.shape[0] > 1 else 0, 0]
        of_fit = row_of(params, k), row_of(gradient, k), moments[k]
        call_rule(address, *of_fit, n_steps[k, 0], at, row_of(numbers, k), n_weights)
