"""What penalties do to the parameters of one fit after a step, and to the step itself."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._body import Body, bend_type, call_reach, pay_type
from skopt_suite.backends.kernels._numba._jit import jit_body, jit_inner_views
from skopt_suite.backends.kernels._numba._types import part_of


@jit_inner_views
def _damp(steps, rate, strength):
    """Divide what has the gradient of L2 at the start, so that it is that of the end."""
    one = steps.dtype.type(1)
    factor = steps.dtype.type(rate)
    for j in range(steps.size):
        steps[j] /= one + factor * strength[j if strength.size > 1 else 0]


@jit_body
def _damp_weights(gradient, owed, l1, l2, rate, n_weights):
    _damp(part_of(gradient, 0, n_weights), rate, l2)


@jit_body
def _pay(params, owed, l1, l2, reach, reached, of_rule, kinds):
    """Let weights pay what they owe: see `skopt_suite.optimizers.first_order._owed`."""
    moments, n_steps, rate, numbers = of_rule
    has_implicit_l2, is_positive = kinds
    call_reach(reach, reached, moments, n_steps, rate, numbers)
    if has_implicit_l2:
        _damp(reached, rate, l2)
    for j in range(reached.size):
        settle(params, owed, j, reached[j], l1[j if l1.size > 1 else 0], is_positive)


@jit_inner_views
def settle(weights, owed, j, step, strength, is_positive):
    """Let a weight pay what it owes after a step that moved it by `step` per unit of gradient."""
    zero, w = weights.dtype.type(0), weights[j]
    if step > zero:
        owed[0, j] += strength
        owed[1, j] += strength
    above, below = w - step * owed[0, j], w + step * owed[1, j]
    left = zero if above <= zero else above
    if not is_positive:
        left += zero if below >= zero else below
    paid = w / step if step > zero else zero
    if step > zero and above > zero:  # all of it, without the rounding of a difference
        paid = owed[0, j]
    elif step > zero and below < zero and not is_positive:
        paid = -owed[1, j]
    owed[0, j] -= paid
    owed[1, j] += paid
    weights[j] = left


DAMP = Body(_damp_weights, bend_type)
PAY = Body(_pay, pay_type)
