"""Layers that normalise what a dense layer computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from skopt_suite._layout import NormLayout
from skopt_suite.backends import Activations, Array, Params, namespace, summed_over_samples
from skopt_suite.models._layer import Context

Mean = Callable[[Activations], Array]
EPSILON = 1e-5  # is added to variances


class Normalised(NamedTuple):
    """What `backward` needs."""

    values: Activations
    """With mean 0 and variance 1."""
    scale: Array
    """What they were multiplied by for that, (n_fits, n_samples or 1, n_units or 1)."""


class LayerNormalization(NamedTuple):
    """``gain * (z - mean(z)) / sqrt(var(z) + 1e-5) + bias`` over the units of every row.

    (J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450, 2016,
    equations 3 and 4.) The dense layer before has no bias of its own.
    """

    layout: NormLayout

    def forward(
        self, params: Params, x: Activations, context: Context
    ) -> tuple[Activations, Normalised]:
        """Return the output, and what `x` became, in its place."""
        normalised = _normalised(x, _mean_of_units)
        return _scaled(self.layout, params, normalised.values), normalised

    def backward(
        self, gradient: Params, params: Params, saved: Normalised, delta: Activations
    ) -> Activations:
        """Write the gradient by gain and bias, return that by the input."""
        _write_gradient(self.layout, gradient, saved.values, delta)
        delta *= self.layout.gain(params)
        return _before(saved, delta, _mean_of_units)


def _mean_of_units(values: Activations) -> Array:
    return namespace(values).mean(values, axis=-1, keepdims=True)


def _normalised(x: Activations, mean: Mean) -> Normalised:
    """Return `x` with mean 0 and variance 1, in its place; `mean` is over what they are taken."""
    x -= mean(x)
    scale = 1 / namespace(x).sqrt(mean(x * x) + EPSILON)
    x *= scale
    return Normalised(x, scale)


def _scaled(layout: NormLayout, params: Params, values: Activations) -> Activations:
    output = values * layout.gain(params)
    output += layout.bias(params)
    return output


def _write_gradient(
    layout: NormLayout, gradient: Params, values: Activations, delta: Activations
) -> None:
    layout.gain(gradient)[...] = summed_over_samples(delta * values)
    layout.bias(gradient)[...] = summed_over_samples(delta)


def _before(saved: Normalised, delta: Activations, mean: Mean) -> Activations:
    """Return the gradient before the normalisation, in the place of that behind it.

    ``scale * (delta - mean(delta) - values * mean(delta * values))``
    """
    along = mean(delta * saved.values)
    delta -= mean(delta)
    delta -= saved.values * along
    delta *= saved.scale
    return delta


NORMALIZATIONS = {"layer": LayerNormalization}
"""By name."""

WORDS_FOR_NORMALIZATIONS = {
    "layernorm": "layer",
    "layernormalization": "layer",
    "no": "none",
}
"""What others call them."""
