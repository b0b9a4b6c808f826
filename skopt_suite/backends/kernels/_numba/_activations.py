"""Activation functions together with their derivatives."""

from __future__ import annotations

import math

import numpy as np

from skopt_suite.backends._shapes import Activations
from skopt_suite.backends.kernels._numba import _math
from skopt_suite.backends.kernels._numba._body import Body, activation_type
from skopt_suite.backends.kernels._numba._jit import jit


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


def _logistic(z, slope):
    for i in range(z.size):
        z[i], rest = _math.logistic(z[i])
        slope[i] = z[i] * rest


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
        "logistic": _logistic,
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
