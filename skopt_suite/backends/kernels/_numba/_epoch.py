"""A range of minibatch steps in one call, fit by fit, so that the numbers of a fit stay in cache.

The definition is `skopt_suite.training._epoch.run_steps`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends.kernels._numba._body import (
    activation_at,
    backward_at,
    drop_at,
    forward_at,
    loss_at,
    rule_at,
)
from skopt_suite.backends.kernels._numba._jit import jit, jit_inner
from skopt_suite.backends.kernels._numba._prefetch import prefetch_rows


class Fits(NamedTuple):
    """What is moved, and what differs between fits: all begin with the fits."""

    params: np.ndarray  # (n_fits, n_params)
    moments: np.ndarray  # (n_fits, n_moments, n_params)
    n_steps: np.ndarray  # (n_fits, 1)
    rates: np.ndarray  # (n_fits, n_steps of the epoch)
    numbers: np.ndarray  # (n_fits, n_hyperparameters) of the rule
    loss_numbers: np.ndarray  # (n_fits, n_hyperparameters) of the loss
    l2: np.ndarray  # (n_fits, 1) or (n_fits, n_weights)
    dropout: np.ndarray  # (n_fits, n_hidden), or (n_fits, 0) without
    loss: np.ndarray  # (n_fits,): is added to


class Rows(NamedTuple):
    """The rows of all batches."""

    x: np.ndarray  # (n_samples, n_features)
    y: np.ndarray  # (n_samples, n_columns)
    weight: np.ndarray  # (n_fits or 1, n_samples), or (0, 0)
    order: np.ndarray  # (n_samples,), or (0,) as they come


class Network(NamedTuple):
    """The layers."""

    layers: np.ndarray  # (n_layers, 4): inputs, outputs, where weights and where biases lie
    slopes: np.ndarray  # (n_layers,): below zero; 1 with another activation or none
    activations: np.ndarray  # (n_layers,): addresses, 0 where there is but a slope
    n_weights: int
    n_units: int  # of all layers
    widest: int
    has_derivatives: bool


class How(NamedTuple):
    """What is called, and what all fits share."""

    rule: int  # addresses of bodies; 0 where there is none
    loss: int
    forward: int
    backward: int
    drop: int
    batch_size: int
    keys: np.ndarray  # of dropout
    multipliers: np.ndarray
    first_count: int  # of steps before the epoch


class Space(NamedTuple):
    """What the steps of one fit work in, for batches of the full size."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    value: np.ndarray
    outputs: np.ndarray
    derivatives: np.ndarray
    delta: np.ndarray  # (2, batch_size * the widest layer)
    gradient: np.ndarray


def space_for(fits, rows, network, how):
    """Return room for the steps of one thread."""
    kind, size = fits.params.dtype, how.batch_size
    return Space(
        x=np.empty(size * network.layers[0, 0], kind),
        y=np.empty(size * rows.y.shape[1], kind),
        weight=np.empty(size if rows.weight.size else 0, kind),
        value=np.empty(size, kind),
        outputs=np.empty(size * network.n_units, kind),
        derivatives=np.empty(size * network.n_units if network.has_derivatives else 0, kind),
        delta=np.empty((2, size * network.widest), kind),
        gradient=np.empty(fits.params.shape[1], kind),
    )


@jit
def run_dense(fits, rows, network, how, space, start, stop):
    """Make the steps from `start` to `stop` of an epoch on dense rows."""
    for k in range(fits.params.shape[0]):
        for step in range(start, stop):
            size = _load(rows, k, step * how.batch_size, how.batch_size, space)
            _step(fits, network, how, space, k, step, size, rows.y.shape)


@jit_inner
def _load(rows, k, start, batch_size, space):
    """Copy a batch to where it is computed with, in the precision of the fit; return its size."""
    n_samples, n_features = rows.x.shape
    n_columns, size = rows.y.shape[1], min(batch_size, n_samples - start)
    for i in range(size):
        row = rows.order[start + i] if rows.order.size else start + i
        for j in range(n_features):
            space.x[i * n_features + j] = rows.x[row, j]
        for j in range(n_columns):
            space.y[i * n_columns + j] = rows.y[row, j]
        if rows.weight.size:
            space.weight[i] = rows.weight[k if rows.weight.shape[0] > 1 else 0, row]
    prefetch_rows(rows.x, rows.order, start + size, start + size + batch_size)
    prefetch_rows(rows.y, rows.order, start + size, start + size + batch_size)
    return size


@jit_inner
def _step(fits, network, how, space, k, step, size, shape_of_y):
    n_samples, n_columns = shape_of_y
    x = space.x[: size * network.layers[0, 0]].reshape((size, network.layers[0, 0]))
    y = space.y[: size * n_columns].reshape((size, n_columns))
    raw = _forward(fits, network, how, space, k, step, x)
    value = space.value[:size]
    loss = loss_at(how.loss, raw)
    loss(raw, y, value, fits.loss_numbers[k])
    fits.loss[k] += _average(value, raw, space.weight) * (size / n_samples)
    _backward(fits, network, how, space, k, x, raw)
    _add_l2(space.gradient, fits.params[k], fits.l2[k], network.n_weights)
    fits.n_steps[k, 0] += 1
    rule = rule_at(how.rule, raw)
    rule(
        fits.params[k],
        space.gradient,
        fits.moments[k],
        fits.n_steps[k, 0],
        fits.rates[k, step],
        fits.numbers[k],
        network.n_weights,
    )


@jit_inner
def _forward(fits, network, how, space, k, step, x):
    """Return raw predictions; outputs and derivatives of all layers lie one after the other."""
    size, start, n_layers = x.shape[0], 0, network.layers.shape[0]
    forward, drop = forward_at(how.forward, x), drop_at(how.drop, x)
    for depth in range(n_layers):
        stop = start + size * network.layers[depth, 1]
        z = space.outputs[start:stop].reshape((size, network.layers[depth, 1]))
        forward(fits.params[k], x, z, network.layers[depth], network.slopes[depth])
        if network.has_derivatives and depth < n_layers - 1:
            derivative = space.derivatives[start:stop]
            _differentiate(network, depth, space.outputs[start:stop], derivative)
            if how.drop:
                rate, count = fits.dropout[k, depth], how.first_count + step
                like_z = derivative.reshape(z.shape)
                drop(z, like_z, rate, count, depth, how.keys, how.multipliers)
        x, start = z, stop
    return x


@jit_inner
def _differentiate(network, depth, z, derivative):
    """Apply the activation to `z` unless that is done, and find its derivative."""
    if network.activations[depth]:
        activation = activation_at(network.activations[depth], z)
        activation(z, derivative)
        return
    one, zero, slope = z.dtype.type(1), z.dtype.type(0), z.dtype.type(network.slopes[depth])
    for i in range(z.size):
        derivative[i] = one if z[i] > zero else slope


@jit_inner
def _average(value, delta, weight):
    """Return the mean loss, and divide its gradient."""
    total, size = 0.0, value.size
    share = delta.dtype.type(1.0 / size)
    if weight.size:
        for i in range(size):
            total += value[i] * weight[i]
            for j in range(delta.shape[1]):
                delta[i, j] *= weight[i] * share
    else:
        for i in range(size):
            total += value[i]
        flat = delta.reshape(-1)
        for i in range(flat.size):
            flat[i] *= share
    return total / size


@jit_inner
def _backward(fits, network, how, space, k, x, delta):
    """Write the gradient of the mean loss by all parameters."""
    size, stop, backward = x.shape[0], x.shape[0] * network.n_units, backward_at(how.backward, x)
    for depth in range(network.layers.shape[0] - 1, -1, -1):
        layer = network.layers[depth]
        stop -= size * layer[1]
        start = max(stop - size * layer[0], 0)
        flat = space.delta[depth % 2, : size * layer[0] if depth else 0]
        below = flat.reshape((size if depth else 0, layer[0]))
        inputs = space.outputs[start:stop].reshape((size, layer[0])) if depth else x
        backward(fits.params[k], space.gradient, inputs, delta, below, layer)
        if depth:
            _through_activation(network, space, depth - 1, start, stop, flat)
        delta = below


@jit_inner
def _through_activation(network, space, depth, start, stop, delta):
    if network.has_derivatives:
        derivative = space.derivatives[start:stop]
        for i in range(delta.size):
            delta[i] *= derivative[i]
        return
    one, zero = delta.dtype.type(1), delta.dtype.type(0)
    slope, output = delta.dtype.type(network.slopes[depth]), space.outputs[start:stop]
    for i in range(delta.size):
        delta[i] *= one if output[i] > zero else slope


@jit_inner
def _add_l2(gradient, params, strength, n_weights):
    kind = gradient.dtype.type
    if strength.size > 1:
        for j in range(n_weights):
            gradient[j] += strength[j] * params[j]
    elif strength[0] != 0:
        factor = kind(strength[0])
        for j in range(n_weights):
            gradient[j] += factor * params[j]
