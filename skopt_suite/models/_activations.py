"""Activation functions: layers that apply a function to every unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from skopt_suite.backends import Activations, Params, erf, kernel, namespace
from skopt_suite.models._layer import Context

# G. Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017, equation 14
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


class LeakyReLU(NamedTuple):
    """``z if z > 0 else negative_slope * z``: with 0 it is relu, with 1 nothing."""

    negative_slope: float

    @property
    def keeps_its_own_array(self) -> bool:
        """False: behind a dense layer it takes nothing that is to be kept."""
        return False

    @property
    def scratch_arrays(self) -> int:
        """How many arrays of a layer's size `backward` takes at most: none."""
        return 0

    def forward(
        self, params: Params, x: Activations, context: Context
    ) -> tuple[Activations, Activations]:
        """Return the output, twice."""
        output = leaky_relu(x, self.negative_slope)
        return output, output

    def backward(
        self, gradient: Params, params: Params, saved: Activations, delta: Activations
    ) -> Activations:
        """Return the gradient with respect to the input."""
        return leaky_relu_backward(delta, saved, self.negative_slope)


class Elementwise(NamedTuple):
    """Any other function of every unit, behind a dense layer that keeps nothing of its output."""

    name: str

    @property
    def keeps_its_own_array(self) -> bool:
        """True: the derivative is kept, beside the output."""
        return True

    @property
    def scratch_arrays(self) -> int:
        """How many arrays of a layer's size the definition takes at most beside those kept."""
        return _CURVES[self.name].scratch_arrays

    def forward(
        self, params: Params, x: Activations, context: Context
    ) -> tuple[Activations, Activations]:
        """Return the output, which may take the place of `x`, and the derivative."""
        return activated(x, self.name)

    def backward(
        self, gradient: Params, params: Params, saved: Activations, delta: Activations
    ) -> Activations:
        """Return the gradient with respect to the input."""
        delta *= saved
        return delta


class _Curve(NamedTuple):
    function: Callable[[Activations], Activations]
    derivative: Callable[[Activations], Activations]
    of_output: bool
    """Whether the derivative is a function of the output."""
    scratch_arrays: int
    """How many arrays of a layer's size the two take at most, `z` included, but not what they
    return."""


@kernel
def activated(z: Activations, name: str) -> tuple[Activations, Activations]:
    """The output of the activation function of that name, and its derivative by `z`."""
    curve = _CURVES[name]
    output = curve.function(z)
    return output, curve.derivative(output if curve.of_output else z)


def leaky_relu(z: Activations, negative_slope: float) -> Activations:
    """``z if z > 0 else negative_slope * z``."""
    return z if negative_slope == 1 else namespace(z).where(z > 0, z, negative_slope * z)


@kernel
def leaky_relu_backward(
    delta: Activations, output: Activations, negative_slope: float
) -> Activations:
    """`delta`, times `negative_slope` where the output is not positive."""
    if negative_slope == 1:
        return delta
    return namespace(delta).where(output > 0, delta, negative_slope * delta)


def _elu(z: Activations) -> Activations:
    xp = namespace(z)
    return xp.where(z > 0, z, xp.expm1(xp.clip(z, None, 0.0)))


def _elu_slope(a: Activations) -> Activations:
    xp = namespace(a)
    return xp.where(a > 0, xp.ones_like(a), a + 1)


def _softplus(z: Activations) -> Activations:
    xp = namespace(z)
    return xp.clip(z, 0.0, None) + xp.log1p(xp.exp(-xp.abs(z)))


def _normal_cdf(z: Activations) -> Activations:
    return (1 + erf(z / math.sqrt(2.0))) / 2


def _gelu_slope(z: Activations) -> Activations:
    density = namespace(z).exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return _normal_cdf(z) + z * density


def _logistic(z: Activations) -> Activations:
    xp = namespace(z)
    return (1 + xp.tanh(z / 2)) / 2


def _silu_slope(z: Activations) -> Activations:
    s = _logistic(z)
    return s * (1 + z * (1 - s))


def _selu(z: Activations) -> Activations:
    xp = namespace(z)
    below = SELU_SCALE * SELU_ALPHA * xp.expm1(xp.clip(z, None, 0.0))
    return xp.where(z > 0, SELU_SCALE * z, below)


def _selu_slope(a: Activations) -> Activations:
    below = a + SELU_SCALE * SELU_ALPHA
    return namespace(a).where(a > 0, namespace(a).full_like(a, SELU_SCALE), below)


def _mish(z: Activations) -> Activations:
    return z * namespace(z).tanh(_softplus(z))


def _mish_slope(z: Activations) -> Activations:
    t = namespace(z).tanh(_softplus(z))
    return t + z * ((1 - t) * (1 + t)) * _logistic(z)


def _hard_sigmoid(z: Activations) -> Activations:
    return namespace(z).clip(z / 6 + 0.5, 0.0, 1.0)


def _hard_sigmoid_slope(z: Activations) -> Activations:
    return _inside(z, 3) / 6


def _hard_swish_slope(z: Activations) -> Activations:
    xp = namespace(z)
    above = xp.where(z >= 3, xp.ones_like(z), z / 3 + 0.5)
    return xp.where(z <= -3, xp.zeros_like(z), above)


def _inside(z: Activations, bound: float) -> Activations:
    """1 where `z` is between minus `bound` and `bound`, else 0."""
    return namespace(z).astype((z > -bound) & (z < bound), z.dtype)


_CURVES = {
    "elu": _Curve(_elu, _elu_slope, True, 4),
    "gelu": _Curve(lambda z: z * _normal_cdf(z), _gelu_slope, False, 4),
    "silu": _Curve(lambda z: z * _logistic(z), _silu_slope, False, 4),
    "tanh": _Curve(lambda z: namespace(z).tanh(z), lambda a: 1 - a * a, True, 2),
    "logistic": _Curve(_logistic, lambda a: a * (1 - a), True, 2),
    "softplus": _Curve(_softplus, lambda a: -namespace(a).expm1(-a), True, 2),
    "selu": _Curve(_selu, _selu_slope, True, 4),
    "mish": _Curve(_mish, _mish_slope, False, 6),
    "hard_sigmoid": _Curve(_hard_sigmoid, _hard_sigmoid_slope, False, 3),
    "hard_tanh": _Curve(
        lambda z: namespace(z).clip(z, -1.0, 1.0), lambda z: _inside(z, 1), False, 3
    ),
    "hard_swish": _Curve(lambda z: z * _hard_sigmoid(z), _hard_swish_slope, False, 5),
}

ACTIVATIONS: dict[str, LeakyReLU | Elementwise] = {
    "identity": LeakyReLU(1.0),
    "relu": LeakyReLU(0.0),
    "leaky_relu": LeakyReLU(0.01),
    **{name: Elementwise(name) for name in _CURVES},
}
"""Activation functions by name; gelu is the exact one, leaky_relu has slope 0.01, elu alpha 1."""

WORDS_FOR_ACTIVATIONS = {
    "sigmoid": "logistic",
    "swish": "silu",
    "linear": "identity",
    "none": "identity",
    "hardsilu": "hard_swish",
    "rectifier": "relu",
}
"""What others call them."""
