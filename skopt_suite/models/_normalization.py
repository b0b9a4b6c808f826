"""Layers that normalise what a dense layer computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from skopt_suite._layout import NormLayout
from skopt_suite.backends import Activations, Array, Params, namespace, summed_over_samples
from skopt_suite.models._layer import Context

Mean = Callable[[Activations], Array]
EPSILON = 1e-5
"""What is added to variances."""
SHARE = 0.1
"""That of the last batch in the running means that are kept."""


class Normalised(NamedTuple):
    """What `backward` needs."""

    values: Activations
    """With mean 0 and variance 1."""
    scale: Array
    """What they were multiplied by for that, (n_fits, n_samples or 1, n_units or 1)."""


class NormalisedBatch(NamedTuple):
    """What `backward` needs, and what is kept of the batch."""

    normalised: Normalised
    moments: Array
    """Means and unbiased variances, (n_fits, 1, 2 * n_units)."""


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
        normalised, _, _ = _normalised(x, _mean_of_units)
        return _scaled(self.layout, params, normalised.values), normalised

    def backward(
        self, gradient: Params, params: Params, saved: Normalised, delta: Activations
    ) -> Activations:
        """Write the gradient by gain and bias, return that by the input."""
        return _backward(self.layout, gradient, params, saved, delta, _mean_of_units)


class BatchNormalization(NamedTuple):
    """The same over the rows of a batch; where it predicts, over those of training.

    (S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015, algorithms 1 and 2.) Every row
    counts alike. What is kept of the batches is in ``context.buffers``.
    """

    layout: NormLayout

    def forward(
        self, params: Params, x: Activations, context: Context
    ) -> tuple[Activations, NormalisedBatch | None]:
        """Return the output, and what `x` became, in its place; nothing where it predicts."""
        if context.buffers is not None:
            x -= self.layout.mean(context.buffers)
            x /= namespace(x).sqrt(self.layout.variance(context.buffers) + EPSILON)
            return _scaled(self.layout, params, x), None
        normalised, mean, variance = _normalised(x, _mean_of_rows)
        n_samples = x.shape[1]
        unbiased = variance * (n_samples / max(n_samples - 1, 1))
        moments = namespace(x).concat([mean, unbiased], axis=-1)
        output = _scaled(self.layout, params, normalised.values)
        return output, NormalisedBatch(normalised, moments)

    def backward(
        self, gradient: Params, params: Params, saved: NormalisedBatch, delta: Activations
    ) -> Activations:
        """Write the gradient by gain and bias, return that by the input."""
        return _backward(self.layout, gradient, params, saved.normalised, delta, _mean_of_rows)


def moments_in(saved: list[Any]) -> Iterator[Array]:
    """Yield the moments that batches had, from what layers leave in a forward pass."""
    for one in saved:
        if isinstance(one, NormalisedBatch):
            yield one.moments
        elif isinstance(one, list):  # of the layers inside one
            yield from moments_in(one)


def _mean_of_units(values: Activations) -> Array:
    return namespace(values).mean(values, axis=-1, keepdims=True)


def _mean_of_rows(values: Activations) -> Array:
    return summed_over_samples(values) / values.shape[1]


def _normalised(x: Activations, mean: Mean) -> tuple[Normalised, Array, Array]:
    """Return `x` with mean 0 and variance 1, in its place, and what these were."""
    centre = mean(x)
    x -= centre
    variance = mean(x * x)
    scale = 1 / namespace(x).sqrt(variance + EPSILON)
    x *= scale
    return Normalised(x, scale), centre, variance


def _scaled(layout: NormLayout, params: Params, values: Activations) -> Activations:
    output = values * layout.gain(params)
    output += layout.bias(params)
    return output


def _backward(
    layout: NormLayout,
    gradient: Params,
    params: Params,
    saved: Normalised,
    delta: Activations,
    mean: Mean,
) -> Activations:
    """Write the gradient by gain and bias, and return that by the input in the place of `delta`.

    The latter is ``scale * (d - mean(d) - values * mean(d * values))`` with ``d = gain * delta``.
    """
    layout.gain(gradient)[...] = summed_over_samples(delta * saved.values)
    layout.bias(gradient)[...] = summed_over_samples(delta)
    delta *= layout.gain(params)
    along = mean(delta * saved.values)
    delta -= mean(delta)
    delta -= saved.values * along
    delta *= saved.scale
    return delta


NORMALIZATIONS: dict[str, type[LayerNormalization] | type[BatchNormalization]] = {
    "layer": LayerNormalization,
    "batch": BatchNormalization,
}
"""By name."""

WORDS_FOR_NORMALIZATIONS = {
    "layernorm": "layer",
    "layernormalization": "layer",
    "batchnorm": "batch",
    "batchnorm1d": "batch",
    "batchnormalization": "batch",
    "no": "none",
}
"""What others call them."""
