"""Layers of networks, forward and backward, fit by fit."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends._shapes import Activations, Params
from skopt_suite.backends.kernels._numba._body import Body, backward_type, forward_type
from skopt_suite.backends.kernels._numba._jit import jit, jit_inner, jit_sum, write_back
from skopt_suite.backends.kernels._numba._products import add_up, rows_at_once


def run_forward(
    params: Params, x: Activations, layers: np.ndarray, slopes: np.ndarray
) -> np.ndarray:
    x = np.ascontiguousarray(x, dtype=params.dtype)
    return _run_forward(np.ascontiguousarray(params), x, layers, slopes)


@jit
def _run_forward(params, x, layers, slopes):
    n_fits, n_samples = params.shape[0], x.shape[1]
    outputs = np.empty(n_fits * n_samples * layers[:, 1].sum(), dtype=params.dtype)
    for k in range(n_fits):
        a, start = x[0 if x.shape[0] == 1 else k], 0
        for depth in range(layers.shape[0]):
            n_in, n_out, weights_at, bias_at = layer_of(layers, depth)
            size = n_samples * n_out
            z = outputs[start + k * size : start + (k + 1) * size].reshape((n_samples, n_out))
            dense_forward(params[k], a, z, n_in, n_out, weights_at, bias_at, slopes[depth])
            a, start = z, start + n_fits * size
    return outputs


@jit_inner
def dense_forward(row, x, z, n_in, n_out, weights_at, bias_at, negative_slope):
    weights = weights_of(row, n_in, n_out, weights_at)
    size = rows_at_once(x.shape[0], n_in, n_out)
    for start in range(0, x.shape[0], size):
        stop = min(start + size, x.shape[0])
        np.dot(x[start:stop], weights, z[start:stop])
        if bias_at >= 0:
            _add_bias(z[start:stop], row[bias_at : bias_at + n_out], negative_slope)
        elif negative_slope != 1:
            _leaky_relu(z[start:stop], negative_slope)


def run_backward(
    gradient: Params,
    params: Params,
    x: Activations,
    outputs: np.ndarray,
    delta: Activations,
    layers: np.ndarray,
    slopes: np.ndarray,
    needs_below: bool,
) -> tuple[Params, Activations | None]:
    kind = gradient.dtype
    x, delta = np.ascontiguousarray(x, dtype=kind), np.ascontiguousarray(delta, dtype=kind)
    params, outputs = np.ascontiguousarray(params), np.ascontiguousarray(outputs)
    below = np.empty((delta.shape[0], *x.shape[1:]) if needs_below else (0, 0, 0), dtype=kind)
    _run_backward(gradient, params, x, outputs, delta, layers, slopes, below)
    return gradient, below if needs_below else None


@jit
def _run_backward(gradient, params, x, outputs, delta, layers, slopes, below):
    n_fits, n_samples, n_layers = gradient.shape[0], x.shape[1], layers.shape[0]
    spare = np.empty((2, n_samples * layers[:, 0].max()), dtype=gradient.dtype)
    for k in range(n_fits):
        row, stop, d = np.ascontiguousarray(gradient[k]), outputs.size, delta[k]
        size = n_samples * layers[n_layers - 1, 1]
        stop -= n_fits * size
        _leaky_relu_backward(
            d, outputs[stop + k * size : stop + (k + 1) * size].reshape(d.shape), slopes[-1]
        )
        for depth in range(n_layers - 1, 0, -1):
            n_in, n_out, weights_at, bias_at = layer_of(layers, depth)
            size = n_samples * n_in
            stop -= n_fits * size
            a = outputs[stop + k * size : stop + (k + 1) * size].reshape((n_samples, n_in))
            dense_gradient(row, a, d, n_in, n_out, weights_at, bias_at)
            e = spare[depth % 2, :size].reshape((n_samples, n_in))
            np.dot(d, weights_of(params[k], n_in, n_out, weights_at).T, e)
            _leaky_relu_backward(e, a, slopes[depth - 1])
            d = e
        n_in, n_out, weights_at, bias_at = layer_of(layers, 0)
        dense_gradient(row, x[0 if x.shape[0] == 1 else k], d, n_in, n_out, weights_at, bias_at)
        if below.size:
            np.dot(d, weights_of(params[k], n_in, n_out, weights_at).T, below[k])
        write_back(gradient, k, row)


@jit_inner
def dense_gradient(row, x, delta, n_in, n_out, weights_at, bias_at):
    weights, n_samples = weights_of(row, n_in, n_out, weights_at), x.shape[0]
    size = rows_at_once(n_samples, n_in, n_out)
    np.dot(x[:size].T, delta[:size], weights)
    if size < n_samples:
        part = np.empty((n_in, n_out), dtype=row.dtype)
        for start in range(size, n_samples, size):
            stop = min(start + size, n_samples)
            np.dot(x[start:stop].T, delta[start:stop], part)
            for i in range(n_in):
                for j in range(n_out):
                    weights[i, j] += part[i, j]
    if bias_at >= 0:
        total = np.zeros(n_out)
        add_up(delta, total)
        for j in range(n_out):
            row[bias_at + j] = total[j]


@jit_inner
def layer_of(layers, depth):
    return layers[depth, 0], layers[depth, 1], layers[depth, 2], layers[depth, 3]


@jit_inner
def weights_of(row, n_in, n_out, weights_at):
    return row[weights_at : weights_at + n_in * n_out].reshape((n_in, n_out))


def add_bias(z: Activations, bias: np.ndarray, negative_slope: float) -> Activations:
    if z.strides[0] >= z.strides[1]:
        _add_bias_to_each(z, bias, negative_slope)
        return z
    n_fits, n_samples, n_outputs = z.shape  # with the fits after the samples in memory
    rows = z.transpose(1, 0, 2).reshape(n_samples, -1)
    _add_bias(rows, np.ascontiguousarray(bias).reshape(-1), negative_slope)
    return rows.reshape(n_samples, n_fits, n_outputs).transpose(1, 0, 2)


@jit
def _add_bias_to_each(z, bias, negative_slope):
    for k in range(z.shape[0]):
        _add_bias(z[k], bias[k, 0], negative_slope)


@jit
def _add_bias(z, bias, negative_slope):
    zero, slope = z.dtype.type(0), z.dtype.type(negative_slope)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            total = z[i, j] + bias[j]
            z[i, j] = total if total > zero else slope * total


@jit_inner
def _leaky_relu(z, negative_slope):
    zero, slope = z.dtype.type(0), z.dtype.type(negative_slope)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] = z[i, j] if z[i, j] > zero else slope * z[i, j]


@jit
def leaky_relu_backward(
    delta: Activations, output: Activations, negative_slope: float
) -> Activations:
    for k in range(delta.shape[0]):
        _leaky_relu_backward(delta[k], output[k], negative_slope)
    return delta


@jit
def _leaky_relu_backward(delta, output, negative_slope):
    zero, one = delta.dtype.type(0), delta.dtype.type(1)
    slope = delta.dtype.type(negative_slope)
    if negative_slope != 1:
        for i in range(delta.shape[0]):
            for j in range(delta.shape[1]):
                delta[i, j] *= one if output[i, j] > zero else slope


@jit
def _forward_body(params, x, z, layer, negative_slope):
    if layer[1] == 1 and negative_slope == 1:
        weights = params[layer[2] : layer[2] + layer[0]]
        _products_with(x, weights, z[:, 0], params[layer[3]] if layer[3] >= 0 else z.dtype.type(0))
    else:
        dense_forward(params, x, z, layer[0], layer[1], layer[2], layer[3], negative_slope)


@jit_sum
def _products_with(x, weights, z, bias):
    # of one output: BLAS would take twice as long
    for i in range(x.shape[0]):
        total = x.dtype.type(0)
        for j in range(weights.size):
            total += x[i, j] * weights[j]
        z[i] = total + bias


@jit
def _backward_body(params, gradient, x, delta, below, layer):
    if layer[1] == 1:
        _weighted_sum(x, delta[:, 0], gradient[layer[2] : layer[2] + layer[0]])
        if layer[3] >= 0:
            gradient[layer[3]] = _sum(delta[:, 0])
    else:
        dense_gradient(gradient, x, delta, layer[0], layer[1], layer[2], layer[3])
    if below.size:
        np.dot(delta, weights_of(params, layer[0], layer[1], layer[2]).T, below)


@jit_inner
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


@jit_sum
def _sum(values):
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


FORWARD = Body(_forward_body, forward_type)
BACKWARD = Body(_backward_body, backward_type)
