"""Activation functions.

Each is a value and a slope. The slope is a function of the output where it can be, so that the
input need not be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from skopt_suite.backends import Array, erf, kernel, namespace

LEAKY_SLOPE = 0.01


class Activation(NamedTuple):
    """An activation function.

    ``forward(z, bias)`` returns the activation of ``z + bias`` and what ``backward(delta, saved)``
    needs to turn the gradient with respect to the output into that with respect to ``z``. Both
    may overwrite their first argument.
    """

    forward: Callable[[Array, Array], tuple[Array, Array]]
    backward: Callable[[Array, Array], Array]


def _from_output(value: Callable, slope: Callable) -> Activation:
    """Return an activation whose slope is a function of its output."""

    def forward(z, bias):
        z += bias
        a = value(z)
        return a, a

    return Activation(forward, lambda delta, a: delta * slope(a))


def _from_input(value: Callable, slope: Callable) -> Activation:
    """Return an activation whose slope is a function of its input."""

    def forward(z, bias):
        z += bias
        return value(z), z

    return Activation(forward, lambda delta, z: delta * slope(z))


@kernel
def relu_forward(z: Array, bias: Array) -> Array:
    """``max(0, z + bias)``; `z` is (n_fits, n_samples, n_units), `bias` (n_fits, 1, n_units)."""
    return namespace(z).clip(z + bias, 0.0, None)


@kernel
def relu_backward(delta: Array, a: Array) -> Array:
    """`delta` where the unit was active, else 0."""
    xp = namespace(delta)
    return xp.where(a > 0, delta, xp.zeros_like(delta))


def _relu(z, bias):
    a = relu_forward(z, bias)
    return a, a


def _elu(z):
    xp = namespace(z)
    return xp.where(z > 0, z, xp.expm1(xp.clip(z, None, 0.0)))


def _leaky_relu(z):
    return namespace(z).where(z > 0, z, LEAKY_SLOPE * z)


def _leaky_slope(a):
    xp = namespace(a)
    ones = xp.ones_like(a)
    return xp.where(a > 0, ones, LEAKY_SLOPE * ones)


def _elu_slope(a):
    xp = namespace(a)
    return xp.where(a > 0, xp.ones_like(a), a + 1)


def _softplus(z):
    xp = namespace(z)
    return xp.clip(z, 0.0, None) + xp.log1p(xp.exp(-xp.abs(z)))


def _normal_cdf(z):
    return (1 + erf(z / math.sqrt(2.0))) / 2


def _gelu_slope(z):
    density = namespace(z).exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return _normal_cdf(z) + z * density


def _logistic(z):
    xp = namespace(z)
    return (1 + xp.tanh(z / 2)) / 2


def _silu_slope(z):
    s = _logistic(z)
    return s * (1 + z * (1 - s))


ACTIVATIONS: dict[str, Activation] = {
    "identity": _from_output(lambda z: z, lambda a: namespace(a).ones_like(a)),
    "relu": Activation(_relu, relu_backward),
    "leaky_relu": _from_output(_leaky_relu, _leaky_slope),
    "elu": _from_output(_elu, _elu_slope),
    "gelu": _from_input(lambda z: z * _normal_cdf(z), _gelu_slope),
    "silu": _from_input(lambda z: z * _logistic(z), _silu_slope),
    "tanh": _from_output(lambda z: namespace(z).tanh(z), lambda a: 1 - a * a),
    "logistic": _from_output(_logistic, lambda a: a * (1 - a)),
    "softplus": _from_output(_softplus, lambda a: -namespace(a).expm1(-a)),
}
"""Activation functions by name; gelu is the exact one, leaky_relu has slope 0.01, elu alpha 1."""
