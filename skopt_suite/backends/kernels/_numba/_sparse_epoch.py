"""A range of minibatch steps on sparse rows: see `_epoch`, which does all but the first layer."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._epoch import gradient_of, load, load_weights, move
from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_views


@jit_views
def run_sparse(fits, rows, network, how, keys, space, start, stop):
    """Make the steps from `start` to `stop` of an epoch on sparse rows."""
    n_samples, n_columns, layer = rows.y.shape[0], rows.y.shape[1], network.layers[0]
    none = space.x[:0].reshape((0, layer[0]))
    for k in range(fits.params.shape[0]):
        for step in range(start, stop):
            first = step * how.batch_size
            size = min(how.batch_size, n_samples - first)
            y = space.y[: size * n_columns].reshape((size, n_columns))
            load(rows.y, rows.order, first, how.batch_size, y)
            if rows.weight.size:
                of_fit = rows.weight[k if rows.weight.shape[0] > 1 else 0]
                load_weights(of_fit, rows.order, first, space.weight[:size])
            z = space.outputs[: size * layer[1]].reshape((size, layer[1]))
            forward(fits.params[k], rows, first, z, layer, network.slopes[0])
            loss = gradient_of(fits, network, how, keys, space, k, step, none, y)
            fits.loss[k] += loss * (size / n_samples)
            at = space.outputs if network.layers.shape[0] == 1 else space.delta[1]
            delta = at[: size * layer[1]].reshape((size, layer[1]))
            backward(space.gradient, rows, first, delta, layer)
            move(fits, how, space.gradient, space.reach, k, step)


@jit_inner_views
def forward(params, rows, first, z, layer, negative_slope):
    """Write the outputs of the first layer."""
    n_out, weights_at, bias_at = layer[1], layer[2], layer[3]
    zero, slope = z.dtype.type(0), z.dtype.type(negative_slope)
    for i in range(z.shape[0]):
        row = rows.order[first + i] if rows.order.size else first + i
        for j in range(n_out):
            z[i, j] = params[bias_at + j] if bias_at >= 0 else zero
        for position in range(rows.indptr[row], rows.indptr[row + 1]):
            value = z.dtype.type(rows.data[position])
            at = weights_at + rows.indices[position] * n_out
            for j in range(n_out):
                z[i, j] += value * params[at + j]
        if slope != 1:
            for j in range(n_out):
                z[i, j] = z[i, j] if z[i, j] > zero else slope * z[i, j]


@jit_inner_views
def backward(gradient, rows, first, delta, layer):
    """Write the gradient by weights and biases of the first layer."""
    n_in, n_out, weights_at, bias_at = layer[0], layer[1], layer[2], layer[3]
    gradient[weights_at : weights_at + n_in * n_out] = 0
    for i in range(delta.shape[0]):
        row = rows.order[first + i] if rows.order.size else first + i
        for position in range(rows.indptr[row], rows.indptr[row + 1]):
            value = gradient.dtype.type(rows.data[position])
            at = weights_at + rows.indices[position] * n_out
            for j in range(n_out):
                gradient[at + j] += value * delta[i, j]
    if bias_at >= 0:
        for j in range(n_out):
            total = 0.0
            for i in range(delta.shape[0]):
                total += delta[i, j]
            gradient[bias_at + j] = total
