"""One fully connected layer of every fit, and what it does to gradients.

A layer also bends its output at zero, ``z ↦ z if z > 0 else leak * z``, while it is in the cache:
that is relu, leaky relu, or with ``leak = 1`` nothing.

Layers are not given as views of the parameters but as where they lie in them: kernels are called
for every layer of every step, and making views would take as long as a small layer itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite.backends import (
    Array,
    input_product,
    input_product_transposed,
    is_plain_batch,
    kernel,
    matmul_into,
    namespace,
)


class Dense(NamedTuple):
    """Where a fully connected layer lies in the parameters of a fit."""

    n_in: int
    n_out: int
    weights_at: int
    bias_at: int
    """Negative: the layer has no bias; such a layer bends nothing either."""

    def weights(self, params: Array) -> Array:
        """Return the view of shape (n_fits, n_in, n_out)."""
        flat = params[:, self.weights_at : self.weights_at + self.n_in * self.n_out]
        return namespace(params).reshape(flat, (params.shape[0], self.n_in, self.n_out), copy=False)

    def bias(self, params: Array) -> Array:
        """Return the view of shape (n_fits, 1, n_out)."""
        return params[:, None, self.bias_at : self.bias_at + self.n_out]

    def forward(self, params: Array, x: Any, leak: float) -> Array:
        """Return the output, (n_fits, n_samples, n_out).

        `x` is ``(n_samples, n_in)``, dense or sparse, or ``(n_fits, n_samples, n_in)``.
        """
        if x.ndim == 3:
            return dense_forward(params, x, *self, leak)
        if is_plain_batch(x, params, self.n_out):
            return dense_forward(params, x[None, ...], *self, leak)
        z = input_product(x, self.weights(params))
        return z if self.bias_at < 0 else add_bias(z, self.bias(params), leak)

    def write_gradient(self, gradient: Array, x: Any, delta: Array) -> None:
        """Write the gradient with respect to weights and bias, summed over samples.

        `x` is the input; `delta` is the gradient with respect to the output before it was bent.
        """
        if x.ndim == 3:
            dense_gradient(gradient, x, delta, *self)
        elif is_plain_batch(x, gradient, self.n_out):
            dense_gradient(gradient, x[None, ...], delta, *self)
        else:
            input_product_transposed(self.weights(gradient), x, delta)
            if self.bias_at >= 0:
                self.bias(gradient)[...] = namespace(delta).sum(delta, axis=1, keepdims=True)

    def delta_below(self, params: Array, delta: Array, x: Array, leak: float) -> Array:
        """Return the gradient with respect to what a layer below bent to the input `x`."""
        return dense_delta(params, delta, x, *self, leak)


@kernel
def dense_forward(
    params: Array, x: Array, n_in: int, n_out: int, weights_at: int, bias_at: int, leak: float
) -> Array:
    """``bend(x @ weights + bias)``; `x` is (n_fits or 1, n_samples, n_in)."""
    layer = Dense(n_in, n_out, weights_at, bias_at)
    z = namespace(params).matmul(x, layer.weights(params))
    return z if bias_at < 0 else _bent(z + layer.bias(params), leak)


@kernel
def dense_gradient(
    gradient: Array, x: Array, delta: Array, n_in: int, n_out: int, weights_at: int, bias_at: int
) -> Array:
    """`gradient` with ``x.T @ delta`` for the weights and the sum of `delta` for the bias."""
    layer, xp = Dense(n_in, n_out, weights_at, bias_at), namespace(gradient)
    matmul_into(layer.weights(gradient), xp.matrix_transpose(x), delta)
    if bias_at >= 0:
        layer.bias(gradient)[...] = xp.sum(delta, axis=1, keepdims=True)
    return gradient


@kernel
def dense_delta(
    params: Array,
    delta: Array,
    x: Array,
    n_in: int,
    n_out: int,
    weights_at: int,
    bias_at: int,
    leak: float,
) -> Array:
    """``delta @ weights.T``, times `leak` where `x` is not positive."""
    xp = namespace(params)
    weights = Dense(n_in, n_out, weights_at, bias_at).weights(params)
    below = xp.matmul(delta, xp.matrix_transpose(weights))
    return below if leak == 1 else xp.where(x > 0, below, leak * below)


@kernel
def add_bias(z: Array, bias: Array, leak: float) -> Array:
    """``bend(z + bias)``; `z` is (n_fits, n_samples, n_out), `bias` (n_fits, 1, n_out)."""
    return _bent(z + bias, leak)


def _bent(z: Array, leak: float) -> Array:
    return z if leak == 1 else namespace(z).where(z > 0, z, leak * z)
