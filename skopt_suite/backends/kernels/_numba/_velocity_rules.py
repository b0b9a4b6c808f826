"""What rules that keep a velocity do to the parameters of one fit."""

from __future__ import annotations

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


OF_DEFINITION = {
    "_momentum.momentum_update": (_momentum, _reach_of_momentum),
    "_nesterov.nesterov_update": (_nesterov, _reach_of_nesterov),
}
"""Rule and reach, by module and name of the definition."""
