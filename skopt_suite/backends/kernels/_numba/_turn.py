"""What L1 does to weights of one fit that move by a length of its own: slopes that turn at 0."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._body import Body, bend_type, pay_type
from skopt_suite.backends.kernels._numba._jit import jit_body, jit_inner_views

_SHARE = 0.05  # as in `skopt_suite.optimizers.first_order._slopes`


@jit_body
def _add_slopes(gradient, owed, l1, l2, rate, n_weights):
    """Add the slope of L1 to the gradient of weights."""
    for j in range(n_weights):
        gradient[j] += l1[j if l1.size > 1 else 0] * owed[0, j]


@jit_body
def _turn(params, owed, l1, l2, reach, reached, of_rule, kinds):
    """Turn slopes after a step: see `skopt_suite.optimizers.first_order._slopes`."""
    (_, _, rate, _), (_, is_positive) = of_rule, kinds
    wider = params.dtype.type(_SHARE) * params.dtype.type(rate)
    for j in range(reached.size):
        acts = is_positive or l1[j if l1.size > 1 else 0] > 0
        _turn_one(params, owed, j, wider if acts else params.dtype.type(0), is_positive)


@jit_inner_views
def _turn_one(weights, owed, j, wider, is_positive):
    zero, one = weights.dtype.type(0), weights.dtype.type(1)
    slope, width = owed[0, j], owed[1, j] + wider
    owed[1, j] = width
    if not width > zero:
        owed[0, j] = zero
        return
    turned = slope + weights[j] / width
    turned = one if turned > one else turned
    turned = -one if turned < -one else turned
    owed[0, j] = turned
    if turned < one and (is_positive or turned > -one):
        weights[j] = zero
    else:
        weights[j] += width * (slope - turned)


ADD_SLOPES = Body(_add_slopes, bend_type)
TURN = Body(_turn, pay_type)
