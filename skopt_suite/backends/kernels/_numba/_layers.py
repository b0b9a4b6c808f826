"""Layers of networks, forward and backward, fit by fit."""

from __future__ import annotations

import numpy as np
from numba import float64, int64

from skopt_suite.backends._shapes import Activations
from skopt_suite.backends.kernels._numba._body import (
    Body,
    backward_type,
    call_backward,
    call_forward,
    forward_type,
)
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._gemm import (
    gemm_address,
    product,
    product_with_transposed,
    transposed_product,
)
from skopt_suite.backends.kernels._numba._jit import jit_body, jit_inlined, jit_inner_views, jit_sum
from skopt_suite.backends.kernels._numba._products import rows_at_once, sum_rows
from skopt_suite.backends.kernels._numba._types import (
    array,
    flat_of,
    from_column,
    given,
    matrix_of,
    number,
    part_of,
    row_of,
    rows_of,
    whole,
)

_LAYERS = given(int64, 2), given(float64, 1)
_ADDRESSES = whole, whole


def run_forward(params, x, layers, slopes):
    x = np.ascontiguousarray(x, dtype=params.dtype)
    n_units = int(layers[:, 1].sum())
    outputs = np.empty(len(params) * x.shape[1] * n_units, dtype=params.dtype)
    addresses = FORWARD.address(params.dtype), gemm_address(params.dtype)
    _run_forward(outputs, np.ascontiguousarray(params), x, layers, slopes, *addresses)
    return outputs


@entry(lambda kind: (array(kind, 1), given(kind, 2), given(kind, 3), *_LAYERS, *_ADDRESSES))
def _run_forward(outputs, params, x, layers, slopes, address, gemm):
    (n_fits, _), n_samples = params.shape, x.shape[1]
    for k in range(n_fits):
        a, start = x[0 if x.shape[0] == 1 else k], 0
        for depth in range(layers.shape[0]):
            size = n_samples * layers[depth, 1]
            z = matrix_of(outputs, start + k * size, n_samples, layers[depth, 1])
            layer = row_of(layers, depth)
            call_forward(address, row_of(params, k), a, z, layer, slopes[depth], gemm)
            a, start = z, start + n_fits * size


def run_backward(gradient, params, x, outputs, delta, layers, slopes, needs_below):
    kind = gradient.dtype
    x = np.ascontiguousarray(x, dtype=kind)
    delta = np.ascontiguousarray(delta, dtype=kind)
    params, outputs = np.ascontiguousarray(params), np.ascontiguousarray(outputs)
    below = np.empty((delta.shape[0], *x.shape[1:]) if needs_below else (1, 0, 0), dtype=kind)
    spare = np.empty((2, x.shape[1] * layers[:, 0].max()), dtype=kind)
    addresses = BACKWARD.address(kind), gemm_address(kind)
    rows = np.ascontiguousarray(gradient)
    _run_backward(rows, params, x, outputs, delta, below, spare, layers, slopes, *addresses)
    if rows is not gradient:
        gradient[...] = rows
    return gradient, below if needs_below else None


def _with_outputs(kind):
    stack, rows = array(kind, 3), array(kind, 2)
    read = given(kind, 2), given(kind, 3), given(kind, 1)
    return rows, *read, stack, stack, rows, *_LAYERS, *_ADDRESSES


@entry(_with_outputs)
def _run_backward(gradient, params, x, outputs, delta, below, spare, layers, slopes, address, gemm):
    n_fits, n_samples = gradient.shape[0], x.shape[1]
    for k in range(n_fits):
        stop, d = outputs.size, delta[k]
        for depth in range(layers.shape[0] - 1, -1, -1):
            size = n_samples * layers[depth, 1]
            stop -= n_fits * size
            _cut(flat_of(d), part_of(outputs, stop + k * size, size), slopes[depth])
            n_in = layers[depth, 0]
            if depth == 0:
                inputs, e = x[0 if x.shape[0] == 1 else k], below[k if below.size else 0]
            else:
                start = stop - (n_fits - k) * n_samples * n_in
                inputs = matrix_of(outputs, start, n_samples, n_in)
                e = matrix_of(row_of(spare, depth % 2), 0, n_samples, n_in)
            of_fit, layer = (row_of(params, k), row_of(gradient, k)), row_of(layers, depth)
            call_backward(address, *of_fit, inputs, d, e, layer, 0, gradient.shape[1], gemm)
            d = e


@jit_body
def _forward(params, x, z, layer, negative_slope, gemm):
    n_in, n_out, weights_at, bias_at = layer[0], layer[1], layer[2], layer[3]
    bias = part_of(params, max(bias_at, 0), n_out if bias_at >= 0 else 0)
    if n_out == 1 and negative_slope == 1:
        _products_with(x, part_of(params, weights_at, n_in), flat_of(z), bias)
        return
    weights = matrix_of(params, weights_at, n_in, n_out)
    size = rows_at_once(x.shape[0], n_in, n_out)
    for start in range(0, x.shape[0], size):
        n_rows = min(size, x.shape[0] - start)
        rows = rows_of(z, start, n_rows)
        product(gemm, rows_of(x, start, n_rows), weights, rows, 0)
        if bias.size:
            _add_bias(rows, bias, negative_slope)
        elif negative_slope != 1:
            _leaky_relu(flat_of(rows), negative_slope)


@jit_sum
def _products_with(x, weights, z, bias):
    # of one output: BLAS would take twice as long
    more = bias[0] if bias.size else x.dtype.type(0)
    for i in range(x.shape[0]):
        total = x.dtype.type(0)
        for j in range(weights.size):
            total += x[i, j] * weights[j]
        z[i] = total + more


@jit_inlined
def _add_bias(z, bias, negative_slope):
    zero, slope = z.dtype.type(0), z.dtype.type(negative_slope)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            total = z[i, j] + bias[j]
            z[i, j] = total if total > zero else slope * total


@jit_inlined
def _leaky_relu(z, negative_slope):
    zero, slope = z.dtype.type(0), z.dtype.type(negative_slope)
    for i in range(z.size):
        z[i] = z[i] if z[i] > zero else slope * z[i]


@jit_body
def _backward(params, gradient, x, delta, below, layer, begin, end, gemm):
    n_in, n_out, weights_at, bias_at = layer[0], layer[1], layer[2], layer[3]
    first = max((begin - weights_at) // n_out, 0)
    last = min((end - weights_at) // n_out, n_in)
    if first < last:
        _by_weights(gradient, x, delta, (n_in, n_out, weights_at), first, last, gemm)
    if begin <= bias_at < end:
        sum_rows(delta, part_of(gradient, bias_at, n_out))
    if below.size:
        weights = matrix_of(params, weights_at, n_in, n_out)
        product_with_transposed(gemm, delta, weights, below, 0)


@jit_inlined
def _by_weights(gradient, x, delta, layer, first, last, gemm):
    """Write the gradient by the weights of some inputs."""
    n_in, n_out, weights_at = layer
    x, begin = from_column(x, first), weights_at + first * n_out
    if n_out == 1:
        _weighted_sum(x, flat_of(delta), part_of(gradient, begin, last - first))
        return
    weights = matrix_of(gradient, begin, last - first, n_out)
    size = rows_at_once(x.shape[0], n_in, n_out)
    for start in range(0, x.shape[0], size):
        n_rows = min(size, x.shape[0] - start)
        of_x, of_delta = rows_of(x, start, n_rows), rows_of(delta, start, n_rows)
        transposed_product(gemm, of_x, of_delta, weights, start > 0)


@jit_inlined
def _weighted_sum(x, delta, total):
    # four rows at once, so that the sum is read and written a quarter as often
    n_fours = x.shape[0] // 4 * 4
    for j in range(total.size):
        total[j] = 0
    for i in range(0, n_fours, 4):
        a, b, c, d = delta[i], delta[i + 1], delta[i + 2], delta[i + 3]
        for j in range(total.size):
            total[j] += (a * x[i, j] + b * x[i + 1, j]) + (c * x[i + 2, j] + d * x[i + 3, j])
    for i in range(n_fours, x.shape[0]):
        a = delta[i]
        for j in range(total.size):
            total[j] += a * x[i, j]


FORWARD = Body(_forward, forward_type)
BACKWARD = Body(_backward, backward_type)


def add_bias(z: Activations, bias: np.ndarray, negative_slope: float) -> Activations:
    if z.strides[0] < z.strides[1]:  # fits after samples in memory
        n_fits, n_samples, n_outputs = z.shape
        rows = z.transpose(1, 0, 2).reshape(1, n_samples, -1)
        _add_bias_to_each(rows, np.ascontiguousarray(bias.reshape(1, -1)), negative_slope)
        return rows.reshape(n_samples, n_fits, n_outputs).transpose(1, 0, 2)
    z = np.ascontiguousarray(z)
    _add_bias_to_each(z, np.ascontiguousarray(bias[:, 0]), negative_slope)
    return z


@entry(lambda kind: (array(kind, 3), given(kind, 2), number))
def _add_bias_to_each(z, bias, negative_slope):
    for k in range(z.shape[0]):
        _add_bias(z[k], bias[k], negative_slope)


def leaky_relu_backward(
    delta: Activations, output: Activations, negative_slope: float
) -> Activations:
    if negative_slope == 1:
        return delta
    if delta.strides[0] < delta.strides[1]:  # fits after samples in memory
        turned = delta.transpose(1, 0, 2), output.transpose(1, 0, 2)
        return leaky_relu_backward(*turned, negative_slope).transpose(1, 0, 2)
    delta = np.ascontiguousarray(delta)
    _leaky_relu_backward(delta.reshape(-1), np.ravel(output), negative_slope)
    return delta


@entry(lambda kind: (array(kind, 1), given(kind, 1), number))
def _leaky_relu_backward(delta, output, negative_slope):
    _cut(delta, output, negative_slope)


@jit_inner_views
def _cut(delta, output, negative_slope):
    one, zero, slope = delta.dtype.type(1), delta.dtype.type(0), delta.dtype.type(negative_slope)
    for i in range(delta.size if negative_slope != 1 else 0):
        delta[i] *= one if output[i] > zero else slope
