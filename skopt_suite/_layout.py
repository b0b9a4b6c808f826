"""Where the weights and biases of every layer lie in a row of parameters.

Parameters of a fit are one row: all weights first, layer by layer, then all biases, then the gains
of normalisations. So what
penalties see is one slice, and layers are views. Nobody else computes offsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, FlatWeights, LayerWeights, Params, namespace


class DenseLayout(NamedTuple):
    """Where a fully connected layer lies in a row of parameters."""

    n_in: int
    n_out: int
    weights_at: int
    bias_at: int
    """Negative: the layer has no bias."""

    @property
    def n_weights(self) -> int:
        """Number of weights."""
        return self.n_in * self.n_out

    @property
    def has_bias(self) -> bool:
        """Whether there is a bias."""
        return self.bias_at >= 0

    @property
    def positions(self) -> np.ndarray:
        """Where every weight lies in a row of weights, (n_in, n_out)."""
        flat = np.arange(self.weights_at, self.weights_at + self.n_weights)
        return flat.reshape(self.n_in, self.n_out)

    def weights(self, params: Params) -> LayerWeights:
        """Return the view of shape (n_fits, n_in, n_out)."""
        flat = params[:, self.weights_at : self.weights_at + self.n_weights]
        if type(flat) is np.ndarray:
            return flat.reshape(len(flat), self.n_in, self.n_out)
        return namespace(params).reshape(flat, (params.shape[0], self.n_in, self.n_out), copy=False)

    def bias(self, params: Params) -> Array:
        """Return the view of shape (n_fits, 1, n_out), of no columns where there is no bias."""
        start, stop = (self.bias_at, self.bias_at + self.n_out) if self.has_bias else (0, 0)
        return params[:, None, start:stop]


class NormLayout(NamedTuple):
    """Where a normalisation behind a layer lies; its bias is that of the layer.

    What it keeps of batches is a mean and a variance of every unit, in a row of buffers.
    """

    n_units: int
    gain_at: int
    bias_at: int
    buffers_at: int

    def gain(self, params: Params) -> Array:
        """Return the view of shape (n_fits, 1, n_units)."""
        return params[:, None, self.gain_at : self.gain_at + self.n_units]

    def bias(self, params: Params) -> Array:
        """Return the view of shape (n_fits, 1, n_units)."""
        return params[:, None, self.bias_at : self.bias_at + self.n_units]

    def mean(self, buffers: Array) -> Array:
        """Return the view of shape (n_fits, 1, n_units)."""
        return buffers[:, None, self.buffers_at : self.buffers_at + self.n_units]

    def variance(self, buffers: Array) -> Array:
        """Return the view of shape (n_fits, 1, n_units)."""
        start = self.buffers_at + self.n_units
        return buffers[:, None, start : start + self.n_units]


@dataclass(frozen=True)
class Layout:
    """Where everything lies in a row of parameters, (n_fits, n_params).

    Parameters
    ----------
    layers : tuple of DenseLayout
        From the input to the output.
    norms : tuple of NormLayout
        Behind each hidden layer, or none.
    """

    layers: tuple[DenseLayout, ...]
    norms: tuple[NormLayout, ...] = ()

    @classmethod
    def dense(
        cls, sizes: Sequence[int], output_bias: bool = True, is_normalised: bool = False
    ) -> Layout:
        """Return the layout of a fully connected network.

        Parameters
        ----------
        sizes : sequence of int
            Units of every layer: ``(n_features, *hidden, n_outputs)``.
        output_bias : bool
            Whether the output layer has a bias (hidden layers always do).
        is_normalised : bool
            Whether there is a normalisation behind every hidden layer.
        """
        return _dense(tuple(sizes), output_bias, is_normalised)

    @property
    def n_layers(self) -> int:
        """Number of layers that have weights."""
        return len(self.layers)

    @cached_property
    def n_weights(self) -> int:
        """Number of weights of one fit."""
        return sum(layer.n_weights for layer in self.layers)

    @cached_property
    def n_params(self) -> int:
        """Number of parameters of one fit."""
        n_biases = sum(layer.n_out for layer in self.layers if layer.has_bias)
        return self.n_weights + n_biases + sum(norm.n_units for norm in self.norms)

    @cached_property
    def largest_layer(self) -> int:
        """Number of weights of the largest layer."""
        return max(layer.n_weights for layer in self.layers)

    @property
    def is_linear(self) -> bool:
        """Whether there is one layer only, as linear models have."""
        return len(self.layers) == 1

    def weights(self, params: Params) -> FlatWeights:
        """Return the view of all weights, (n_fits, n_weights)."""
        return params[:, : self.n_weights]

    def biases(self, params: Params) -> Array:
        """Return the view of all that are no weights, (n_fits, n_params - n_weights): gains too."""
        return params[:, self.n_weights :]

    def per_weight(self, values: Array) -> FlatWeights:
        """Return numbers per layer, (n_fits, n_layers), as one per weight, (n_fits, n_weights).

        Those of linear models are one per output. Where there is one number for all, (n_fits, 1),
        it is returned as it is.
        """
        if values.shape[1] == 1:
            return values
        xp = namespace(values)
        if self.is_linear:
            (layer,) = self.layers
            shape = (values.shape[0], layer.n_in, layer.n_out)
            repeated = xp.broadcast_to(values[:, None, :], shape)
            return xp.reshape(repeated, (values.shape[0], -1))
        sizes = xp.asarray([layer.n_weights for layer in self.layers], device=values.device)
        return xp.repeat(values, sizes, axis=1)

    def per_weight_of_inputs(self, values: Array, elsewhere: float) -> FlatWeights:
        """Return numbers per input, (n_fits, n_inputs), as one per weight, (n_fits, n_weights).

        Weights of layers that do not see the input have the number `elsewhere`. Where there is one
        number for all weights, (n_fits, 1), it is returned as it is.
        """
        if values.shape[1] == 1:
            return values
        xp, first = namespace(values), self.layers[0]
        shape = (values.shape[0], self.n_weights - first.n_weights)
        others = xp.full(shape, elsewhere, dtype=values.dtype, device=values.device)
        return xp.concat([xp.repeat(values, first.n_out, axis=1), others], axis=1)

    def flatten(
        self, weights: Sequence[Array], biases: Sequence[Array], others: Sequence[Array] = ()
    ) -> np.ndarray:
        """Return weights ``(n_in, n_out)`` and biases ``(n_out,)`` as one row of parameters.

        The others ``(n_out,)`` are gains of normalisations, and what these keep of batches: mean
        and variance, layer by layer.
        """
        kept = [bias for bias, layer in zip(biases, self.layers, strict=True) if layer.has_bias]
        return np.concatenate([np.ravel(part) for part in [*weights, *kept, *others]])

    def _with_norms(self) -> Layout:
        """Return the layout with gains behind all else."""
        norms: list[NormLayout] = []
        gain_at = start = self.n_params
        for layer in self.layers[:-1]:
            norms.append(NormLayout(layer.n_out, gain_at, layer.bias_at, 2 * (gain_at - start)))
            gain_at += layer.n_out
        return Layout(self.layers, tuple(norms))


@lru_cache(maxsize=256)
def _dense(sizes: tuple[int, ...], output_bias: bool, is_normalised: bool) -> Layout:
    pairs = list(pairwise(sizes))
    layers: list[DenseLayout] = []
    weights_at, bias_at = 0, sum(n_in * n_out for n_in, n_out in pairs)
    for depth, (n_in, n_out) in enumerate(pairs):
        has_bias = output_bias or depth < len(pairs) - 1
        layers.append(DenseLayout(n_in, n_out, weights_at, bias_at if has_bias else -1))
        weights_at, bias_at = weights_at + n_in * n_out, bias_at + n_out
    plain = Layout(tuple(layers))
    return plain._with_norms() if is_normalised else plain
