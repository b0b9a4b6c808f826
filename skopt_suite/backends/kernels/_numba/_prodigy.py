"""What Prodigy does to the parameters of one fit: see `skopt_suite.optimizers.Prodigy`.

Its fourth moment is where training began. What is known are the distance, the last rate, numerator
and mass; what is found, and rule and reach take, the rate, the least spread, mass and decay.
"""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._body import Body, estimate_type, reach_type, rule_type
from skopt_suite.backends.kernels._numba._jit import (
    decay,
    jit_body,
    jit_inner_views,
    jit_sum,
    larger,
    negligible,
    size_of,
)
from skopt_suite.backends.kernels._numba._team import sum_of_all
from skopt_suite.backends.kernels._numba._types import part_of


@jit_body
def _estimate(params, gradient, moments, rate, numbers, known, found, team):
    d, numerator, mass = known[0], known[2], known[3]
    rate *= d
    weight, keep = d / numbers[5] * rate, np.sqrt(numbers[1])
    _find_moments(gradient, moments, d, weight, numbers[0], numbers[1])
    progress = sum_of_all(team, 1, _progress(gradient, moments[3], params))
    size = sum_of_all(team, 2, size_of(part_of(moments[2], 0, params.size)))
    numerator = keep * numerator + weight * progress
    farther = larger(d, numbers[4] * numerator / (1.0 if size == 0 else size))
    mass = numbers[0] * mass + (1 - numbers[0]) * d
    found[0], found[1] = rate, farther * numbers[2]
    found[2], found[3] = mass, rate * numbers[3]
    if team.rank == 0:
        known[0], known[1], known[2], known[3] = farther, rate, numerator, mass


@jit_inner_views
def _find_moments(gradient, moments, d, weight, beta1, beta2):
    kind, tiny, zero = gradient.dtype.type, negligible(gradient), gradient.dtype.type(0)
    keep1, keep2, keep3 = kind(beta1), kind(beta2), kind(np.sqrt(beta2))
    new1, new2, new3 = kind(d * (1 - beta1)), kind(d * d * (1 - beta2)), kind(weight)
    for j in range(gradient.size):
        g = gradient[j]
        m = keep1 * moments[0, j] + new1 * g
        v = keep2 * moments[1, j] + new2 * g * g
        s = keep3 * moments[2, j] + new3 * g
        moments[0, j] = zero if abs(m) <= tiny else m
        moments[1, j] = zero if abs(v) <= tiny else v
        moments[2, j] = zero if abs(s) <= tiny else s


@jit_sum
def _progress(gradient, start, params):
    total = 0.0
    for j in range(gradient.size):
        total += gradient[j] * (start[j] - params[j])
    return total


@jit_body
def _move(params, gradient, moments, n_steps, rate, found, n_weights):
    step, least = params.dtype.type(found[0]), params.dtype.type(found[1])
    decay(params, found[3], n_weights)
    for j in range(params.size):
        params[j] -= step * moments[0, j] / (np.sqrt(moments[1, j]) + least)


@jit_body
def _reach(out, moments, n_steps, rate, found):
    of_unit, least = out.dtype.type(found[0] * found[2]), out.dtype.type(found[1])
    for j in range(out.size):
        out[j] = of_unit / (np.sqrt(moments[1, j]) + least)


PRODIGY = "skopt_suite.optimizers.Prodigy"
"""Name of the class."""
ESTIMATE = Body(_estimate, estimate_type)
MOVE = Body(_move, rule_type)
REACH = Body(_reach, reach_type)
