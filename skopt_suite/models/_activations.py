"""Activation functions.

Each is a value and a slope. The slope is a function of the output where it can be, so that the
input need not be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from skopt_suite.backends import Array, erf, namespace


class Activation(NamedTuple):
    """An activation function: a bend at zero that layers do themselves, then a curve.

    ``forward(z)`` returns the curve of `z` and what ``backward(delta, saved)`` needs to turn the
    gradient with respect to its output into that with respect to `z`.
    """

    leak: float
    """Slope of the bend below zero; 1: none."""
    forward: Callable[[Array], tuple[Array, Array]]
    backward: Callable[[Array, Array], Array]
    has_curve: bool = True
    scratch_arrays: int = 8
    """How many arrays of a layer's size `backward` takes at most, its result included."""


def _bend(leak: float) -> Activation:
    """Return an activation that is nothing but a bend."""
    return Activation(leak, lambda z: (z, z), lambda delta, z: delta, False, scratch_arrays=0)


def _from_output(value: Callable, slope: Callable, scratch_arrays: int) -> Activation:
    """Return an activation whose slope is a function of its output."""

    def forward(z):
        a = value(z)
        return a, a

    return Activation(
        1.0, forward, lambda delta, a: delta * slope(a), scratch_arrays=scratch_arrays
    )


def _from_input(value: Callable, slope: Callable, scratch_arrays: int) -> Activation:
    """Return an activation whose slope is a function of its input."""
    return Activation(
        1.0,
        lambda z: (value(z), z),
        lambda delta, z: delta * slope(z),
        scratch_arrays=scratch_arrays,
    )


def _elu(z):
    xp = namespace(z)
    return xp.where(z > 0, z, xp.expm1(xp.clip(z, None, 0.0)))


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
    "identity": _bend(1.0),
    "relu": _bend(0.0),
    "leaky_relu": _bend(0.01),
    "elu": _from_output(_elu, _elu_slope, 5),
    "gelu": _from_input(lambda z: z * _normal_cdf(z), _gelu_slope, 4),
    "silu": _from_input(lambda z: z * _logistic(z), _silu_slope, 4),
    "tanh": _from_output(lambda z: namespace(z).tanh(z), lambda a: 1 - a * a, 3),
    "logistic": _from_output(_logistic, lambda a: a * (1 - a), 2),
    "softplus": _from_output(_softplus, lambda a: -namespace(a).expm1(-a), 3),
}
"""Activation functions by name; gelu is the exact one, leaky_relu has slope 0.01, elu alpha 1."""
