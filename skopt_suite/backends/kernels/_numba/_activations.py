"""Activation functions together with their derivatives."""

from __future__ import annotations

import math

import numpy as np

from skopt_suite.backends._shapes import Activations
from skopt_suite.backends.kernels._numba import _math
from skopt_suite.backends.kernels._numba._body import Body, activation_type
from skopt_suite.backends.kernels._numba._jit import jit

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _elu(z, slope):
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for i in range(z.size):
        x = z[i]
        below = _math.expm1(zero if x > zero else x)
        z[i] = x if x > zero else below
        slope[i] = one if x > zero else below + one


def _gelu(z, slope):
    number = z.dtype.type
    zero, one, minus_half = number(0), number(1), number(-0.5)
    peak = number(1 / math.sqrt(2 * math.pi))
    for i in range(z.size):
        x = z[i]
        density = peak * _math.exp(minus_half * x * x)
        tail = density * _math.mills_ratio(abs(x))
        cdf = one - tail if x > zero else tail
        z[i] = x * cdf
        slope[i] = cdf + x * density


def _hard_sigmoid(z, slope):
    number = z.dtype.type
    zero, half, one, six = number(0), number(0.5), number(1), number(6)
    inside, bound = number(1 / 6), number(3)
    for i in range(z.size):
        x = z[i]
        z[i] = _math.clipped(x / six + half, zero, one)
        slope[i] = inside if (x > -bound) & (x < bound) else zero


def _hard_swish(z, slope):
    number = z.dtype.type
    zero, half, one, three, six = number(0), number(0.5), number(1), number(3), number(6)
    for i in range(z.size):
        x = z[i]
        z[i] = x * _math.clipped(x / six + half, zero, one)
        rising = one if x >= three else x / three + half
        slope[i] = zero if x <= -three else rising


def _hard_tanh(z, slope):
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for i in range(z.size):
        x = z[i]
        z[i] = _math.clipped(x, -one, one)
        slope[i] = one if (x > -one) & (x < one) else zero


def _logistic(z, slope):
    for i in range(z.size):
        z[i], rest = _math.logistic(z[i])
        slope[i] = z[i] * rest


def _mish(z, slope):
    zero, one, two = z.dtype.type(0), z.dtype.type(1), z.dtype.type(2)
    for i in range(z.size):
        x = z[i]
        e = _math.exp(-abs(x))
        # tanh(softplus(x)) = part / (part + rest), with exp(x) or exp(-x), whichever is below 1
        is_above = x > zero
        part = one + two * e if is_above else e * (e + two)
        rest = two * e * e if is_above else two
        t, left = part / (part + rest), rest / (part + rest)
        z[i] = x * t
        slope[i] = t + x * (left * (one + t)) * _math.logistic(x)[0]


def _selu(z, slope):
    number = z.dtype.type
    zero, scale, depth = number(0), number(_SELU_SCALE), number(_SELU_SCALE * _SELU_ALPHA)
    for i in range(z.size):
        x = z[i]
        below = depth * _math.expm1(zero if x > zero else x)
        z[i] = scale * x if x > zero else below
        slope[i] = scale if x > zero else below + depth


def _silu(z, slope):
    one = z.dtype.type(1)
    for i in range(z.size):
        x = z[i]
        share, rest = _math.logistic(x)
        z[i] = x * share
        slope[i] = share * (one + x * rest)


def _softplus(z, slope):
    for i in range(z.size):
        x = z[i]
        z[i] = _math.softplus(x)
        slope[i] = _math.logistic(x)[0]


def _tanh(z, slope):
    one = z.dtype.type(1)
    for i in range(z.size):
        a = _math.tanh(z[i])
        z[i] = a
        slope[i] = one - a * a


ACTIVATIONS: dict[str, Body] = {
    name: Body(jit(function), activation_type)
    for name, function in {
        "elu": _elu,
        "gelu": _gelu,
        "hard_sigmoid": _hard_sigmoid,
        "hard_swish": _hard_swish,
        "hard_tanh": _hard_tanh,
        "logistic": _logistic,
        "mish": _mish,
        "selu": _selu,
        "silu": _silu,
        "softplus": _softplus,
        "tanh": _tanh,
    }.items()
}
"""By name: a row is overwritten by activations, and their derivatives are written to another."""


def activated(z: Activations, name: str) -> tuple[Activations, Activations]:
    fits_first = z.strides[0] >= z.strides[1]
    z = np.ascontiguousarray(z if fits_first else z.transpose(1, 0, 2))
    slope = np.empty_like(z)
    body = ACTIVATIONS[name]
    body.compile(z.dtype)  # for these types alone
    body.function(z.reshape(-1), slope.reshape(-1))
    return (z, slope) if fits_first else (z.transpose(1, 0, 2), slope.transpose(1, 0, 2))
