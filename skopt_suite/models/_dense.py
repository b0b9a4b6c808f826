"""The fully connected layer."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite._layout import DenseLayout
from skopt_suite.backends import (
    Activations,
    Array,
    FeatureMatrix,
    Params,
    input_product,
    input_product_transposed,
    is_sparse,
    kernel,
    matmul_into,
    namespace,
    summed_over_samples,
)
from skopt_suite.models._activations import leaky_relu
from skopt_suite.models._layer import Context


class Dense(NamedTuple):
    """``x @ weights + bias``."""

    layout: DenseLayout
    is_input: bool = False
    """Whether `x` is the input of the network, by which no gradient is asked for."""

    def forward(
        self, params: Params, x: Activations | FeatureMatrix, context: Context
    ) -> tuple[Activations, Activations | FeatureMatrix]:
        """Return the output, and the input."""
        return self.activated(params, x, 1.0), x

    def activated(
        self, params: Params, x: Activations | FeatureMatrix, negative_slope: float
    ) -> Activations:
        """Return the output, times `negative_slope` where it is not positive."""
        weights = self.layout.weights(params)
        is_shared = is_sparse(x) or x.shape[0] == 1
        z = input_product(_rows(x), weights) if is_shared else namespace(x).matmul(x, weights)
        if self.layout.has_bias:
            return add_bias(z, self.layout.bias(params), negative_slope)
        return leaky_relu(z, negative_slope)

    def backward(
        self,
        gradient: Params,
        params: Params,
        saved: Activations | FeatureMatrix,
        delta: Activations,
    ) -> Activations | None:
        """Write the gradient by weights and bias, return that by the input."""
        xp, weights = namespace(delta), self.layout.weights(gradient)
        if is_sparse(saved) or saved.shape[0] == 1:
            input_product_transposed(weights, _rows(saved), delta)
        else:
            matmul_into(weights, xp.matrix_transpose(saved), delta)
        if self.layout.has_bias:
            self.layout.bias(gradient)[...] = summed_over_samples(delta)
        if self.is_input:
            return None
        return xp.matmul(delta, xp.matrix_transpose(self.layout.weights(params)))


@kernel
def add_bias(z: Activations, bias: Array, negative_slope: float) -> Activations:
    """``leaky_relu(z + bias)``; `z` is (n_fits, n_samples, n_out), `bias` (n_fits, 1, n_out)."""
    return leaky_relu(z + bias, negative_slope)


def _rows(x: Activations | FeatureMatrix) -> FeatureMatrix:
    """Return the input that all fits share, (n_samples, n_in)."""
    return x if is_sparse(x) else x[0, ...]
