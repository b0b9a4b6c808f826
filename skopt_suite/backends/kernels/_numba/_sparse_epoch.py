"""A range of minibatch steps on sparse rows: see `_epoch`, which does all but the first layer."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._epoch import gradient_of
from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_inner_views, jit_views
from skopt_suite.backends.kernels._numba._keeping import keep
from skopt_suite.backends.kernels._numba._loading import load_targets, load_weights
from skopt_suite.backends.kernels._numba._moving import move
from skopt_suite.backends.kernels._numba._types import part_of, row_of

SMALL = 1e-6  # factor at which weights are stored anew, so that nothing is lost to rounding


@jit_views
def run_sparse(fits, rows, network, how, keys, space, team, start, stop):
    """Make the steps from `start` to `stop` of an epoch on sparse rows."""
    fits, rows, network, how = keep(fits), keep(rows), keep(network), keep(how)
    keys, space, team = keep(keys), keep(space), keep(team)
    layer = network.layers[0]
    for k in range(fits.params.shape[0]):
        for step in range(start, stop):
            first = step * how.batch_size
            size = min(how.batch_size, rows.y.shape[0] - first)
            _learn(fits, rows, network, how, keys, space, k, step, size, 1.0)
            at = space.outputs if network.layers.shape[0] == 1 else space.deltas
            delta = at[: size * layer[1]].reshape((size, layer[1]))
            n_weights = layer[0] * layer[1]
            space.gradient[:n_weights] = 0
            _add_products(space.gradient, rows, first, delta, layer[1], 1.0)
            sum_of_rows(space.gradient, delta, layer[3])
            move(fits, how, space, team, k, step, 0)


@jit_views
def run_lazily(fits, rows, network, how, keys, space, team, start, stop):
    """Make steps of a network, by a rule without memory, in proportion to what is not zero.

    Weights of the first layer are a multiple of what is stored, by which L2 acts on all at once.
    """
    fits, rows, network, how = keep(fits), keep(rows), keep(network), keep(how)
    keys, space, team = keep(keys), keep(space), keep(team)
    layer = network.layers[0]
    n_weights = layer[0] * layer[1]
    for k in range(fits.params.shape[0]):
        stored, multiple = fits.params[k, :n_weights], 1.0
        for step in range(start, stop):
            first, rate = step * how.batch_size, fits.rates[k, step]
            size = min(how.batch_size, rows.y.shape[0] - first)
            _learn(fits, rows, network, how, keys, space, k, step, size, multiple)
            delta = space.deltas[: size * layer[1]].reshape((size, layer[1]))
            _add_products(stored, rows, first, delta, layer[1], -rate / multiple)
            multiple /= 1 + rate * fits.l2[k, 0]
            sum_of_rows(space.gradient, delta, layer[3])
            move(fits, how, space, team, k, step, n_weights)
            if multiple < SMALL:
                multiply(stored, multiple)
                multiple = 1.0
        multiply(stored, multiple)


@jit_inlined
def _learn(fits, rows, network, how, keys, space, k, step, size, multiple):
    """Write the gradient of all but the first layer, and add the loss."""
    (n_samples, n_columns), layer, first = rows.y.shape, network.layers[0], step * how.batch_size
    y = space.y[: size * n_columns].reshape((size, n_columns))
    load_targets(rows.y, rows.order, first, y)
    if rows.weight.size:
        of_fit = rows.weight[k if rows.weight.shape[0] > 1 else 0]
        load_weights(of_fit, rows.order, first, space.weight[:size])
    z = space.outputs[: size * layer[1]].reshape((size, layer[1]))
    forward(fits.params[k], rows, first, z, layer, network.slopes[0], multiple)
    none = space.x[:0].reshape((0, layer[0]))
    loss = gradient_of(fits, network, how, keys, space, k, step, none, y)
    fits.loss[k] += loss * (size / n_samples)


@jit_inner_views
def forward(params, rows, first, z, layer, negative_slope, multiple):
    """Write the outputs of the first layer."""
    n_out, weights_at, bias_at = layer[1], layer[2], layer[3]
    zero, slope = z.dtype.type(0), z.dtype.type(negative_slope)
    for i in range(z.shape[0]):
        row = rows.order[first + i]
        for j in range(n_out):
            z[i, j] = params[bias_at + j] if bias_at >= 0 else zero
        total = row_of(z, i)
        for position in range(rows.indptr[row], rows.indptr[row + 1]):
            value = z.dtype.type(multiple * rows.data[position])
            of_entry = part_of(params, weights_at + rows.indices[position] * n_out, n_out)
            for j in range(n_out):
                total[j] += value * of_entry[j]
        if slope != 1:
            for j in range(n_out):
                z[i, j] = z[i, j] if z[i, j] > zero else slope * z[i, j]


@jit_inner_views
def _add_products(weights, rows, first, delta, n_out, factor):
    """Add the gradient of the loss by the weights of the first layer, times a factor."""
    for i in range(delta.shape[0]):
        row, of_row = rows.order[first + i], row_of(delta, i)
        for position in range(rows.indptr[row], rows.indptr[row + 1]):
            value = weights.dtype.type(factor * rows.data[position])
            of_entry = part_of(weights, rows.indices[position] * n_out, n_out)
            for j in range(n_out):
                of_entry[j] += value * of_row[j]


@jit_inner_views
def sum_of_rows(gradient, delta, bias_at):
    """Write the gradient by the biases of the first layer."""
    if bias_at >= 0:
        for j in range(delta.shape[1]):
            total = 0.0
            for i in range(delta.shape[0]):
                total += delta[i, j]
            gradient[bias_at + j] = total


@jit_inner_views
def multiply(values, factor):
    factor = values.dtype.type(factor)
    for j in range(values.size):
        values[j] *= factor
