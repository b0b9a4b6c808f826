"""Passes over rows of linear models with one output: all fits, forward and back, block by block."""

from __future__ import annotations

import numpy as np
from numba import float64

from skopt_suite.backends.kernels._numba._body import call_loss
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._gemm import gemm_address, product
from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_sum
from skopt_suite.backends.kernels._numba._loss_bodies import body_of
from skopt_suite.backends.kernels._numba._types import (
    array,
    flat_of,
    given,
    matrix_of,
    part_of,
    row_of,
    rows_of,
    whole,
)


def linear_pass(params, x, y, weight, loss, layer, n_rows, needs_gradient):
    (n_fits, _), kind, n_samples = params.shape, params.dtype, len(x)
    x = np.ascontiguousarray(x, dtype=kind)
    wide = np.ascontiguousarray(layer.weights(params)[:, :, 0].T)
    bias, targets = layer.bias(params).ravel(), np.ascontiguousarray(y, dtype=kind)
    weight = np.empty((0, 0), kind) if weight is None else np.ascontiguousarray(weight)
    rooms = [np.empty(shape, kind) for shape in ((n_rows, n_fits), (n_fits, n_rows), n_rows)]
    addresses = body_of(loss.name, loss.numbers).address(kind), gemm_address(kind)
    of_weights = np.empty((n_fits, layer.n_in if needs_gradient else 0), kind)
    sums = np.zeros((2, n_fits))
    rows = wide, bias, x, targets, weight, loss.numbers
    _pass(of_weights, sums, *rows, *rooms, *addresses)
    sums /= n_samples
    value = sums[0].astype(kind)
    if not needs_gradient:
        return value, None
    of_weights /= n_samples
    gradient = np.empty_like(params)
    layer.weights(gradient)[:, :, 0] = of_weights
    layer.bias(gradient)[...] = sums[1, :, None, None]
    return value, gradient


def _types(kind):
    row, rows = given(kind, 1), given(kind, 2)
    written, read = (array(kind, 2), array(float64, 2)), (rows, row, rows, rows, rows)
    rooms = array(kind, 2), array(kind, 2), array(kind, 1)
    return *written, *read, given(float64, 2), *rooms, whole, whole


@entry(_types)
def _pass(
    gradient,
    sums,
    wide,
    bias,
    x,
    y,
    weight,
    numbers,
    room_by_row,
    room_by_fit,
    values,
    loss,
    gemm,
):
    # `sums` are those of losses, and of their gradients by intercepts
    n_fits, most = room_by_row.shape[1], room_by_row.shape[0]
    for start in range(0, x.shape[0], most):
        n_rows = min(most, x.shape[0] - start)
        rows, targets = rows_of(x, start, n_rows), rows_of(y, start, n_rows)
        by_row, value = rows_of(room_by_row, 0, n_rows), part_of(values, 0, n_rows)
        by_fit = matrix_of(flat_of(room_by_fit), 0, n_fits, n_rows)
        product(gemm, rows, wide, by_row, 0)
        for k in range(n_fits):
            raw, more = row_of(by_fit, k), bias[k] if bias.size else bias.dtype.type(0)
            for i in range(n_rows):
                raw[i] = by_row[i, k] + more
            call_loss(loss, matrix_of(raw, 0, n_rows, 1), targets, value, row_of(numbers, k))
            if weight.size:
                own = part_of(row_of(weight, k if weight.shape[0] > 1 else 0), start, n_rows)
                _multiply(value, own)
                _multiply(raw, own)
            sums[0, k] += _sum(value)
            sums[1, k] += _sum(raw)
        if gradient.size:
            product(gemm, by_fit, rows, gradient, start > 0)


@jit_inlined
def _multiply(values, weight):
    for i in range(values.size):
        values[i] *= weight[i]


@jit_sum
def _sum(values):
    total = 0.0
    for i in range(values.size):
        total += float(values[i])
    return total
