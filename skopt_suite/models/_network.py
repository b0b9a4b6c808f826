"""The fully connected network; with no hidden layer it is the linear model.

Where weights and biases lie in a row of parameters, its `Layout` knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._layout import DenseLayout, Layout
from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    Params,
    RawPredictions,
    is_plain_batch,
    namespace,
)
from skopt_suite.models._activations import ACTIVATIONS
from skopt_suite.models._dense import Dense
from skopt_suite.models._dropout import Dropout, InputDropout
from skopt_suite.models._fused import fused
from skopt_suite.models._initialisers import initialiser_for
from skopt_suite.models._layer import Context, Layer
from skopt_suite.models._normalization import NORMALIZATIONS, moments_in
from skopt_suite.models._residual import Residual

_PLAIN = Context()


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass."""

    params: Params
    layers: tuple[Layer, ...]
    saved: list[Any]  # by every layer


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    Parameters
    ----------
    sizes : tuple of int
        Units of every layer: ``(n_features, *hidden, n_outputs)``.
    activations : tuple of str
        Activation of every hidden layer.
    output_bias : bool
        Whether the output layer has a bias (hidden layers always do).
    residual : bool
        Whether hidden layers that are as wide as the hidden layer before add their input.
    normalization : {"none", "layer", "batch"}
        What is behind the dense part of every hidden layer.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...] = ()
    output_bias: bool = True
    residual: bool = False
    normalization: str = "none"

    @property
    def n_hidden(self) -> int:
        """Number of hidden layers."""
        return len(self.sizes) - 2

    @cached_property
    def layout(self) -> Layout:
        """Where the weights and biases of every layer lie in a row of parameters."""
        return Layout.dense(self.sizes, self.output_bias, self.normalization != "none")

    @property
    def n_params(self) -> int:
        """Number of parameters of one fit."""
        return self.layout.n_params

    @property
    def n_buffers(self) -> int:
        """Number of statistics that layers of one fit keep."""
        is_kept = self.normalization == "batch"
        return 2 * sum(norm.n_units for norm in self.layout.norms) if is_kept else 0

    def initialise(self, seed: int, init: str = "auto") -> np.ndarray:
        """Return parameters and buffers of shape (n_params + n_buffers,) to start from.

        Zeros for the linear model, whose objective is convex; else what the initialiser of that
        name draws for weights, zeros for biases, and ones for gains.
        Buffers are means of 0 and variances of 1.
        """
        params = np.zeros(self.n_params + self.n_buffers)
        if self.n_hidden:
            behind, draws = (*self.activations, "identity"), np.random.RandomState(seed)
            for layer, activation in zip(self.layout.layers, behind, strict=True):
                draw = initialiser_for(init, activation)
                layer.weights(params[None])[0] = draw(draws, layer.n_in, layer.n_out)
        for norm in self.layout.norms:
            norm.gain(params[None])[...] = 1
            if self.n_buffers:
                norm.variance(params[None, self.n_params :])[...] = 1
        return params

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The definition: one layer after the other."""
        return tuple(self._layers())

    def forward(
        self, params: Params, X: FeatureMatrix, context: Context = _PLAIN
    ) -> tuple[RawPredictions, Trace]:
        """Return raw predictions and what `backward` needs.

        Parameters
        ----------
        params : array of shape (n_fits, n_params)
            Parameters.
        X : array or sparse container of shape (n_samples, n_features)
            Input, the same for all fits, which may see some of its columns only.
        context : Context, optional
            What else there is; by default nothing is dropped, and there are no buffers.

        Returns
        -------
        raw : array of shape (n_fits, n_samples, n_outputs)
            Raw predictions.
        trace : Trace
            For `backward`.
        """
        trace = Trace(params, self._layers_for(params, X, context), [])
        x = context.inputs(X)
        for layer in trace.layers:
            x, saved = layer.forward(params, x, context)
            trace.saved.append(saved)
        return x, trace

    def predict(self, rows: Params, X: FeatureMatrix, context: Context = _PLAIN) -> RawPredictions:
        """Return raw predictions of parameters and buffers, (n_fits, n_params + n_buffers)."""
        params, buffers = rows[:, : self.n_params], rows[:, self.n_params :]
        context = context._replace(buffers=buffers) if self.n_buffers else context
        return self.forward(params, X, context)[0]

    def moments(self, trace: Trace) -> Array | None:
        """Return what `forward` has met in place of buffers; None if there are none.

        Returns
        -------
        moments : array of shape (n_fits, n_buffers) or None
            Means and variances of the batch.
        """
        if not self.n_buffers:
            return None
        parts = list(moments_in(trace.saved))
        return namespace(trace.params).concat([part[:, 0, :] for part in parts], axis=1)

    def backward(self, trace: Trace, delta: RawPredictions) -> Params:
        """Return the gradient with respect to the parameters.

        Parameters
        ----------
        trace : Trace
            From `forward`.
        delta : array of shape (n_fits, n_samples, n_outputs)
            Gradient with respect to the raw predictions; may be overwritten.

        Returns
        -------
        gradient : array of shape (n_fits, n_params)
            Summed over samples.
        """
        params, below = trace.params, delta
        gradient = namespace(params).empty(params.shape, dtype=params.dtype, device=params.device)
        for layer, saved in zip(reversed(trace.layers), reversed(trace.saved), strict=True):
            below = layer.backward(gradient, params, saved, below)
        return gradient

    def _layers(self) -> Iterator[Layer]:
        *hidden, output = self.layout.layers
        yield InputDropout(self.n_hidden)
        for index, (layout, name) in enumerate(zip(hidden, self.activations, strict=True)):
            block = (*self._sums(index, layout), ACTIVATIONS[name], Dropout(index))
            if self.adds_input(index):
                yield Residual(block)
            else:
                yield from block
        yield Dense(output, is_input=not hidden)

    def _sums(self, index: int, layout: DenseLayout) -> tuple[Layer, ...]:
        """Return the layers that compute what the activation of a hidden layer is of."""
        is_input = index == 0
        if self.normalization == "none":
            return (Dense(layout, is_input),)
        without_bias = layout._replace(bias_at=-1)
        norm = NORMALIZATIONS[self.normalization](self.layout.norms[index])
        return Dense(without_bias, is_input), norm

    def adds_input(self, index: int) -> bool:
        """Whether a hidden layer has a connection around it; the first never has."""
        return self.residual and index > 0 and self.sizes[index] == self.sizes[index + 1]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but dense layers, activations and dropout."""
        adds_input = any(map(self.adds_input, range(self.n_hidden)))
        return self.normalization == "none" and not adds_input

    def _layers_for(self, params: Params, X: FeatureMatrix, context: Context) -> tuple[Layer, ...]:
        """Return the layers as they are computed: in runs, where there are kernels for them."""
        if type(params) is not np.ndarray:
            return self.layers
        dropout, is_shared = context.dropout, context.columns is None
        is_apart = is_shared and not is_plain_batch(X, params, self.sizes[1])
        drops_input = dropout is not None and dropout.drops_input(self.n_hidden)
        key = is_apart, dropout is not None, drops_input
        if key not in self._fused:
            self._fused[key] = fused(self.layers, *key)
        return self._fused[key]

    @cached_property
    def _fused(self) -> dict[tuple[bool, bool, bool], tuple[Layer, ...]]:
        return {}

    def __reduce__(self) -> tuple[type[Network], tuple[Any, ...]]:
        # without what is cached
        return Network, tuple(getattr(self, field.name) for field in fields(self))
