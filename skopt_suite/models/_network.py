"""The fully connected network; with no hidden layer it is the linear model.

Parameters of a fit are one row: all weights first, layer by layer, then all biases. So
``params[:, :n_weights]`` is what penalties see, and layers are views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import (
    Array,
    input_product,
    input_product_transposed,
    matmul_into,
    namespace,
)
from skopt_suite.models._activations import ACTIVATIONS


class Layers(NamedTuple):
    """Views of a stack of parameters, layer by layer."""

    weights: list[Array]  # (n_fits, n_in, n_out)
    biases: list[Array]  # (n_fits, 1, n_out)


class Trace(NamedTuple):
    """What the forward pass leaves for the backward pass."""

    layers: Layers
    inputs: list[Array]  # of every layer: (n_samples, n_features), then (n_fits, n_samples, n_in)
    saved: list[Array]  # of every hidden activation
    masks: list[Array | None]  # of every hidden layer's dropout


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
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...] = ()
    output_bias: bool = True

    @property
    def n_hidden(self) -> int:
        """Number of hidden layers."""
        return len(self.sizes) - 2

    @cached_property
    def n_weights(self) -> int:
        """Number of weights of one fit; they come before the biases."""
        return sum(a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))

    @cached_property
    def n_params(self) -> int:
        """Number of parameters of one fit."""
        return self.n_weights + sum(self._bias_sizes())

    @property
    def largest_layer(self) -> int:
        """Number of weights of the largest layer."""
        return max(a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))

    def layers(self, params: Array) -> Layers:
        """Return views of ``params``, of shape (n_fits, n_params), layer by layer."""
        xp, n_fits, start = namespace(params), params.shape[0], 0
        weights, biases = [], []
        for n_in, n_out in zip(self.sizes, self.sizes[1:], strict=False):
            flat = params[:, start : start + n_in * n_out]
            weights.append(xp.reshape(flat, (n_fits, n_in, n_out), copy=False))
            start += n_in * n_out
        for size in self._bias_sizes():
            biases.append(params[:, None, start : start + size])
            start += size
        return Layers(weights, biases)

    def initialise(self, random_state: np.random.RandomState) -> np.ndarray:
        """Return parameters of shape (n_params,) to start from.

        Zeros for the linear model, whose objective is convex; else Glorot and Bengio's uniform
        distribution for weights ("Understanding the difficulty of training deep feedforward
        neural networks", AISTATS 2010), and zeros for biases.
        """
        params = np.zeros(self.n_params)
        if self.n_hidden:
            for weights in self.layers(params[None]).weights:
                bound = np.sqrt(6.0 / (weights.shape[1] + weights.shape[2]))
                weights[...] = random_state.uniform(-bound, bound, weights.shape)
        return params

    def flatten(self, coefs: Sequence[Array], intercepts: Sequence[Array]) -> np.ndarray:
        """Return weights ``(n_in, n_out)`` and biases ``(n_out,)`` as one row of parameters."""
        kept = intercepts[: len(self._bias_sizes())]
        return np.concatenate([np.ravel(part) for part in [*coefs, *kept]])

    def forward(
        self, params: Array, x: Any, masks: Sequence[Array | None] | None = None
    ) -> tuple[Array, Trace]:
        """Return raw predictions and what `backward` needs.

        Parameters
        ----------
        params : array of shape (n_fits, n_params)
            Parameters.
        x : array or sparse container of shape (n_samples, n_features)
            Input, the same for all fits.
        masks : list of arrays of shape (n_fits or 1, n_samples, n_units), optional
            What the outputs of every hidden layer are multiplied by (dropout).

        Returns
        -------
        raw : array of shape (n_fits, n_samples, n_outputs)
            Raw predictions.
        trace : Trace
            For `backward`.
        """
        xp = namespace(params)
        layers = self.layers(params)
        masks = [None] * self.n_hidden if masks is None else list(masks)
        trace = Trace(layers, [x], [], masks)
        z = input_product(x, layers.weights[0])
        for depth in range(self.n_hidden):
            activation = ACTIVATIONS[self.activations[depth]]
            a, saved = activation.forward(z, layers.biases[depth])
            if masks[depth] is not None:
                a = a * masks[depth]
            trace.inputs.append(a)
            trace.saved.append(saved)
            z = xp.matmul(a, layers.weights[depth + 1])
        if self.output_bias:
            z += layers.biases[-1]
        return z, trace

    def backward(self, trace: Trace, delta: Array) -> Array:
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
        xp = namespace(delta)
        gradient = xp.empty((delta.shape[0], self.n_params), dtype=delta.dtype, device=delta.device)
        layers = self.layers(gradient)
        if self.output_bias:
            layers.biases[-1][...] = xp.sum(delta, axis=1, keepdims=True)
        for depth in range(self.n_hidden, 0, -1):
            inputs = xp.matrix_transpose(trace.inputs[depth])
            matmul_into(layers.weights[depth], inputs, delta)
            delta = xp.matmul(delta, xp.matrix_transpose(trace.layers.weights[depth]))
            if trace.masks[depth - 1] is not None:
                delta = delta * trace.masks[depth - 1]
            activation = ACTIVATIONS[self.activations[depth - 1]]
            delta = activation.backward(delta, trace.saved[depth - 1])
            layers.biases[depth - 1][...] = xp.sum(delta, axis=1, keepdims=True)
        input_product_transposed(layers.weights[0], trace.inputs[0], delta)
        return gradient

    def _bias_sizes(self) -> tuple[int, ...]:
        return self.sizes[1:] if self.output_bias else self.sizes[1:-1]
