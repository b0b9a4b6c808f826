"""Fully connected layers of every fit, and what they do to gradients.

A layer bends its output at zero, ``z ↦ z if z > 0 else leak * z``: that is relu, leaky relu, or
with ``leak = 1`` nothing. Layers with nothing but bends between them are one `Run`, so that a
kernel takes a fit through all of them while its numbers are in the cache.

Layers are not given as views of the parameters but as where they lie in them: making views would
take as long as a small layer itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from skopt_suite._layout import DenseLayout
from skopt_suite.backends import (
    Array,
    input_product,
    input_product_transposed,
    kernel,
    matmul_into,
    namespace,
    summed_over_samples,
)


class InputLayer:
    """The first layer, by products that are made for the input: sparse, or with few outputs."""

    def __init__(self, layer: DenseLayout, leak: float):
        self.layer, self.leak = layer, leak

    def forward(self, params: Array, x: Any) -> tuple[Array, Array]:
        """Return the output, (n_fits, n_samples, n_out), and the same for `backward`."""
        z = input_product(x, self.layer.weights(params))
        if self.layer.bias_at >= 0:
            z = add_bias(z, self.layer.bias(params), self.leak)
        return z, z

    def backward(
        self, gradient: Array, params: Array, x: Any, outputs: Array, delta: Array
    ) -> None:
        """Write the gradient with respect to weights and bias."""
        delta = unbend(delta, outputs, self.leak)
        input_product_transposed(self.layer.weights(gradient), x, delta)
        if self.layer.bias_at >= 0:
            self.layer.bias(gradient)[...] = summed_over_samples(delta)


class Run:
    """Layers with nothing but bends between them."""

    def __init__(self, layers: Sequence[DenseLayout], leaks: Sequence[float]):
        self.n_out = layers[-1].n_out
        self.layers = np.array(layers, dtype=np.int64)
        self.leaks = np.array(leaks, dtype=np.float64)

    def forward(self, params: Array, x: Array) -> tuple[Array, Array]:
        """Return the output of the last layer, (n_fits, n_samples, n_out), and those of all.

        `x` is ``(n_samples, n_in)`` or ``(n_fits, n_samples, n_in)``.
        """
        x = x if x.ndim == 3 else x[None, ...]
        outputs = run_forward(params, x, self.layers, self.leaks)
        shape = (params.shape[0], x.shape[1], self.n_out)
        last = outputs[outputs.shape[0] - shape[0] * shape[1] * shape[2] :]
        return namespace(params).reshape(last, shape, copy=False), outputs

    def backward(
        self, gradient: Array, params: Array, x: Array, outputs: Array, delta: Array
    ) -> Array | None:
        """Write the gradient with respect to weights and biases, summed over samples.

        `delta` is the gradient with respect to the output of the last layer, and may be
        overwritten; returned is that with respect to `x`, None if `x` is the input of the network.
        """
        is_first = x.ndim == 2
        x = x[None, ...] if is_first else x
        layout = (self.layers, self.leaks)
        _, below = run_backward(gradient, params, x, outputs, delta, *layout, not is_first)
        return below


@kernel
def run_forward(params: Array, x: Array, layers: np.ndarray, leaks: np.ndarray) -> Array:
    """``bend(x @ weights + bias)``, layer by layer.

    `x` is (n_fits or 1, n_samples, n_in). Returned are the outputs of all layers, one after the
    other, flat.
    """
    xp, outputs = namespace(params), []
    for layer, leak in _by_layer(layers, leaks):
        x = xp.matmul(x, layer.weights(params))
        x = x if layer.bias_at < 0 else _bent(x + layer.bias(params), leak)
        outputs.append(xp.reshape(x, (-1,)))
    return xp.concat(outputs) if len(outputs) > 1 else outputs[0]


@kernel
def run_backward(
    gradient: Array,
    params: Array,
    x: Array,
    outputs: Array,
    delta: Array,
    layers: np.ndarray,
    leaks: np.ndarray,
    needs_below: bool,
) -> tuple[Array, Array | None]:
    """`gradient` with that of these layers written to it, and the gradient with respect to `x`."""
    xp, stop = namespace(gradient), outputs.shape[0]
    for layer, leak in reversed(list(_by_layer(layers, leaks))):
        start = stop - delta.shape[0] * delta.shape[1] * layer.n_out
        delta = unbend(delta, xp.reshape(outputs[start:stop], delta.shape), leak)
        size = delta.shape[0] * delta.shape[1] * layer.n_in
        is_first = start == 0
        below = x if is_first else xp.reshape(outputs[start - size : start], (*delta.shape[:2], -1))
        matmul_into(layer.weights(gradient), xp.matrix_transpose(below), delta)
        if layer.bias_at >= 0:
            layer.bias(gradient)[...] = summed_over_samples(delta)
        if needs_below or not is_first:
            delta = xp.matmul(delta, xp.matrix_transpose(layer.weights(params)))
        stop = start
    return gradient, delta if needs_below else None


@kernel
def add_bias(z: Array, bias: Array, leak: float) -> Array:
    """``bend(z + bias)``; `z` is (n_fits, n_samples, n_out), `bias` (n_fits, 1, n_out)."""
    return _bent(z + bias, leak)


@kernel
def unbend(delta: Array, outputs: Array, leak: float) -> Array:
    """`delta`, times `leak` where the output is not positive."""
    return delta if leak == 1 else namespace(delta).where(outputs > 0, delta, leak * delta)


def _bent(z: Array, leak: float) -> Array:
    return z if leak == 1 else namespace(z).where(z > 0, z, leak * z)


def _by_layer(layers: np.ndarray, leaks: np.ndarray) -> Iterator[tuple[DenseLayout, float]]:
    for row, leak in zip(layers, leaks, strict=True):
        yield DenseLayout(*map(int, row)), float(leak)
