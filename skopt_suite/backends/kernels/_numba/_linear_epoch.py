"""A range of steps of linear models on sparse rows, by a rule that moves by the gradient only.

A step costs in proportion to the values that are not zero: weights without a gradient wait (see
`_waiting`). The definition of steps is that of `_epoch`.
"""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._body import call_loss
from skopt_suite.backends.kernels._numba._entries import add_entries, dot_of_entries
from skopt_suite.backends.kernels._numba._epoch import mean_of, share_of_mean
from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_views
from skopt_suite.backends.kernels._numba._loading import load_targets, load_weights
from skopt_suite.backends.kernels._numba._prefetch import prefetch_sparse_rows
from skopt_suite.backends.kernels._numba._sparse_epoch import SMALL, multiply
from skopt_suite.backends.kernels._numba._types import matrix_of, part_of, row_of
from skopt_suite.backends.kernels._numba._waiting import (
    begin,
    note,
    pay_rows,
    restart,
    see_all,
    see_rows,
)

_AHEAD = 4  # rows


@jit_views
def run_linear(fits, rows, network, how, space, waiting, start, stop):
    """Make the steps from `start` to `stop` of an epoch."""
    n_out = network.layers[0, 1]
    for k in range(fits.params.shape[0]):
        stored, multiple = fits.params[k, : how.n_weights], 1.0
        begin(waiting)
        for step in range(start, stop):
            first = step * how.batch_size
            size = min(how.batch_size, rows.y.shape[0] - first)
            z = matrix_of(space.outputs, 0, size, n_out)
            see_rows(fits, rows, how, waiting, k, first, size, n_out, step - start)
            learn(fits, rows, network, how, space, k, first, z, multiple)
            rate = fits.rates[k, step]
            _move(fits, rows, network, how, k, first, z, rate, multiple)
            pay_rows(fits, rows, how, waiting, k, first, size, n_out, step - start, rate)
            multiple /= 1 + rate * fits.l2[k, 0]
            note(waiting, step - start, rate, multiple)
            if multiple < SMALL:
                see_all(fits, how, waiting, k, n_out, step - start + 1)
                multiply(stored, multiple)
                restart(waiting, step - start + 1)
                multiple = 1.0
        see_all(fits, how, waiting, k, n_out, stop - start)
        multiply(stored, multiple)
        fits.n_steps[k, 0] += stop - start


@jit_inlined
def learn(fits, rows, network, how, space, k, first, z, multiple):
    """Write the gradient of the mean loss by raw predictions, and add the loss."""
    size, (n_samples, n_columns), bias_at = z.shape[0], rows.y.shape, network.layers[0, 3]
    y = matrix_of(space.y, 0, size, n_columns)
    load_targets(rows.y, rows.order, first, y)
    prefetch_sparse_rows(rows, first + max(size, _AHEAD), size)
    _predict(fits.params[k], bias_at, rows, first, z, multiple)
    value = part_of(space.value, 0, size)
    call_loss(how.loss, z, y, value, row_of(fits.loss_numbers, k))
    if rows.weight.size:
        of_fit = rows.weight[k if rows.weight.shape[0] > 1 else 0]
        load_weights(of_fit, rows.order, first, space.weight[:size])
    share_of_mean(z, space.weight, size, 0)
    fits.loss[k] += mean_of(value, space.weight, size) * (size / n_samples)


@jit_inlined
def _move(fits, rows, network, how, k, first, z, rate, multiple):
    """Move stored weights and biases, the gradient by raw predictions being `z`."""
    add_products(fits.params[k], rows, first, z, -rate / multiple)
    bias_at, share = network.layers[0, 3], rate * fits.numbers[k, 0, 0]
    if bias_at >= 0:
        for j in range(z.shape[1]):
            total = 0.0
            for i in range(z.shape[0]):
                total += z[i, j]
            fits.params[k, bias_at + j] -= z.dtype.type(share * total)


@jit_inlined
def _predict(params, bias_at, rows, first, z, multiple):
    """Write raw predictions."""
    n_out, zero = z.shape[1], z.dtype.type(0)
    for i in range(z.shape[0]):
        row = rows.order[first + i]
        start, stop = rows.indptr[row], rows.indptr[row + 1]
        if n_out == 1:
            z[i, 0] = dot_of_entries(rows.data, rows.indices, start, stop, params)
        else:
            total = row_of(z, i)
            total[:] = zero
            for position in range(start, stop):
                value, at = z.dtype.type(rows.data[position]), rows.indices[position] * n_out
                of_entry = part_of(params, at, n_out)
                for j in range(n_out):
                    total[j] += value * of_entry[j]
        for j in range(n_out):
            z[i, j] = multiple * z[i, j] + (params[bias_at + j] if bias_at >= 0 else zero)


@jit_inlined
def add_products(weights, rows, first, delta, factor):
    """Add the gradient by weights, times a factor."""
    n_out = delta.shape[1]
    for i in range(delta.shape[0]):
        row = rows.order[first + i]
        start, stop = rows.indptr[row], rows.indptr[row + 1]
        if n_out == 1:
            scale = weights.dtype.type(factor * delta[i, 0])
            add_entries(rows.data, rows.indices, start, stop, weights, scale)
        else:
            of_row = row_of(delta, i)
            for position in range(start, stop):
                value = weights.dtype.type(factor * rows.data[position])
                of_entry = part_of(weights, rows.indices[position] * n_out, n_out)
                for j in range(n_out):
                    of_entry[j] += value * of_row[j]
