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
    pay_at,
    rule_at,
)
from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_inner_views, jit_views
from skopt_suite.backends.kernels._numba._pay import damp
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
    l1: np.ndarray  # (n_fits, 1) or (n_fits, n_weights)
    owed: np.ndarray  # (n_fits, 2, n_weights), or (n_fits, 0, n_weights)
    dropout: np.ndarray  # (n_fits, n_hidden), or (n_fits, 0) without
    loss: np.ndarray  # (n_fits,): is added to


class Rows(NamedTuple):
    """The rows of all batches."""

    x: np.ndarray  # (n_samples, n_features)
    y: np.ndarray  # (n_samples, n_columns)
    weight: np.ndarray  # (n_fits or 1, n_samples), or (0, 0)
    order: np.ndarray  # (n_samples,), or (0,) as they come


class SparseRows(NamedTuple):
    """The rows of all batches, in compressed sparse rows."""

    data: np.ndarray  # (n_values,)
    indices: np.ndarray  # (n_values,)
    indptr: np.ndarray  # (n_samples + 1,)
    y: np.ndarray  # (n_samples, n_columns)
    weight: np.ndarray  # (n_fits or 1, n_samples), or (0, 0)
    order: np.ndarray  # (n_samples,), or (0,) as they come


class Network(NamedTuple):
    """The layers."""

    layers: np.ndarray  # (n_layers, 4): inputs, outputs, where weights and where biases lie
    slopes: np.ndarray  # (n_layers,): below zero; 1 with another activation or none
    activations: np.ndarray  # (n_layers,): addresses, 0 where there is but a slope


class Keys(NamedTuple):
    """What dropout is drawn with."""

    keys: np.ndarray
    multipliers: np.ndarray


class How(NamedTuple):
    """What is called, and numbers that all fits share."""

    rule: int  # addresses of bodies; 0 where there is none
    reach: int
    pay: int
    loss: int
    forward: int
    backward: int
    drop: int
    gemm: int
    batch_size: int
    n_weights: int
    n_units: int  # of all layers
    is_positive: bool  # whether weights are
    has_implicit_l2: bool
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
    reach: np.ndarray


def space_for(fits, batches, network, how):
    """Return room for the steps of one thread."""
    kind, size, widest = fits.params.dtype, how.batch_size, network.layers[:, 1].max()
    has_derivatives = how.drop or network.activations.any()
    n_dense = size * network.layers[0, 0] if isinstance(batches.x, np.ndarray) else 0
    return Space(
        x=np.empty(n_dense, kind),
        y=np.empty(size * batches.y.shape[1], kind),
        weight=np.empty(size if batches.weight.size else 0, kind),
        value=np.empty(size, kind),
        outputs=np.empty(size * how.n_units, kind),
        derivatives=np.empty(size * how.n_units if has_derivatives else 0, kind),
        delta=np.empty((2, size * widest), kind),
        gradient=np.empty(fits.params.shape[1], kind),
        reach=np.empty(how.n_weights if how.reach else 0, kind),
    )


@jit_views
def run_dense(fits, rows, network, how, keys, space, start, stop):
    """Make the steps from `start` to `stop` of an epoch on dense rows.

    Fit by fit, but for linear models, for which copying rows takes longer than their parameters.
    """
    (n_samples, n_features), n_columns = rows.x.shape, rows.y.shape[1]
    n_fits, n_steps, by_step = fits.params.shape[0], stop - start, network.layers.shape[0] == 1
    for i in range(n_fits * n_steps):
        k, step = (
            (i % n_fits, start + i // n_fits) if by_step else (i // n_steps, start + i % n_steps)
        )
        first = step * how.batch_size
        size = min(how.batch_size, n_samples - first)
        x = space.x[: size * n_features].reshape((size, n_features))
        y = space.y[: size * n_columns].reshape((size, n_columns))
        if k == 0 or not by_step:
            load(rows.x, rows.order, first, how.batch_size, x)
            load(rows.y, rows.order, first, how.batch_size, y)
        if rows.weight.size:
            of_fit = rows.weight[k if rows.weight.shape[0] > 1 else 0]
            load_weights(of_fit, rows.order, first, space.weight[:size])
        loss = gradient_of(fits, network, how, keys, space, k, step, x, y)
        fits.loss[k] += loss * (size / n_samples)
        move(fits, how, space.gradient, space.reach, k, step, 0)


@jit_inner_views
def load(values, order, first, batch_size, to):
    """Copy rows to where they are computed with, in the precision of the fit."""
    for i in range(to.shape[0]):
        row = order[first + i] if order.size else first + i
        for j in range(to.shape[1]):
            to[i, j] = values[row, j]
    prefetch_rows(values, order, first + batch_size, first + 2 * batch_size)


@jit_inner_views
def load_weights(values, order, first, to):
    for i in range(to.size):
        to[i] = values[order[first + i] if order.size else first + i]


@jit_inlined
def gradient_of(fits, network, how, keys, space, k, step, x, y):
    """Write the gradient, return the mean loss; `x` has no rows where the first layer is done.

    Inner functions take arrays, as tuples of them compile slowly.
    """
    params, size, n_outputs = fits.params[k], y.shape[0], network.layers[-1, 1]
    outputs = space.outputs[: size * how.n_units]
    derivatives = space.derivatives[: size * how.n_units]
    layers, slopes, activations = network.layers, network.slopes, network.activations
    drawn = fits.dropout[k], how.first_count + step, keys.keys, keys.multipliers
    _forward(params, x, outputs, derivatives, size, layers, slopes, activations, how, drawn)
    raw, value = outputs[outputs.size - size * n_outputs :], space.value[:size]
    raw, loss = raw.reshape((size, n_outputs)), loss_at(how.loss, x)
    loss(raw, y, value, fits.loss_numbers[k])
    mean = average(value, raw, space.weight)
    gradient = space.gradient
    _backward(params, gradient, x, outputs, derivatives, space.delta, raw, layers, slopes, how)
    return mean


@jit_inlined
def move(fits, how, gradient, reached, k, step, begin):
    """Apply penalty and rule to the parameters from `begin` on."""
    params, n_weights = fits.params[k, begin:], how.n_weights - begin
    gradient, rule = gradient[begin:], rule_at(how.rule, gradient)
    _add_l2(gradient, params, fits.l2[k], n_weights)
    fits.n_steps[k, 0] += 1
    n_steps, rate = fits.n_steps[k, 0], fits.rates[k, step]
    if how.has_implicit_l2:
        damp(gradient[:n_weights], rate, fits.l2[k])
    rule(params, gradient, fits.moments[k], n_steps, rate, fits.numbers[k], n_weights)
    if how.pay:
        pay, kinds = pay_at(how.pay, gradient), (how.has_implicit_l2, how.is_positive)
        of_rule = fits.moments[k], n_steps, rate, fits.numbers[k]
        pay(params, fits.owed[k], fits.l1[k], fits.l2[k], how.reach, reached, of_rule, kinds)


@jit_inner_views
def _forward(params, x, outputs, derivatives, size, layers, slopes, activations, how, drawn):
    """Write outputs and derivatives of all layers, one after the other."""
    start, n_layers = 0, layers.shape[0]
    forward = forward_at(how.forward, x)
    for depth in range(n_layers):
        stop = start + size * layers[depth, 1]
        z = outputs[start:stop].reshape((size, layers[depth, 1]))
        if x.size:
            forward(params, x, z, layers[depth], slopes[depth], how.gemm)
        if derivatives.size and depth < n_layers - 1:
            derivative = derivatives[start:stop]
            _differentiate(outputs[start:stop], derivative, slopes[depth], activations[depth])
            if how.drop:
                drop, (rates, count, keys, multipliers) = drop_at(how.drop, x), drawn
                like_z = derivative.reshape(z.shape)
                drop(z, like_z, rates[depth], count, depth, keys, multipliers)
        x, start = z, stop


@jit_inner_views
def _differentiate(z, derivative, negative_slope, address):
    """Apply the activation to `z` unless that is done, and find its derivative."""
    if address:
        activation = activation_at(address, z)
        activation(z, derivative)
        return
    one, zero, slope = z.dtype.type(1), z.dtype.type(0), z.dtype.type(negative_slope)
    for i in range(z.size):
        derivative[i] = one if z[i] > zero else slope


@jit_inner_views
def average(value, delta, weight):
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


@jit_inner_views
def _backward(params, gradient, x, outputs, derivatives, deltas, delta, layers, slopes, how):
    """Write the gradient of the mean loss by all parameters."""
    size, stop, backward = delta.shape[0], outputs.size, backward_at(how.backward, x)
    for depth in range(layers.shape[0] - 1, -1, -1):
        n_in = layers[depth, 0]
        stop -= size * layers[depth, 1]
        start = max(stop - size * n_in, 0)
        flat = deltas[depth % 2, : size * n_in if depth else 0]
        below = flat.reshape((size if depth else 0, n_in))
        inputs = outputs[start:stop].reshape((size, n_in)) if depth else x
        if inputs.size:
            backward(params, gradient, inputs, delta, below, layers[depth], how.gemm)
        if depth and derivatives.size:
            _multiply(flat, derivatives[start:stop])
        elif depth:
            _cut(flat, outputs[start:stop], slopes[depth - 1])
        delta = below


@jit_inner_views
def _multiply(delta, derivative):
    for i in range(delta.size):
        delta[i] *= derivative[i]


@jit_inner_views
def _cut(delta, output, negative_slope):
    one, zero, slope = delta.dtype.type(1), delta.dtype.type(0), delta.dtype.type(negative_slope)
    for i in range(delta.size):
        delta[i] *= one if output[i] > zero else slope


@jit_inner_views
def _add_l2(gradient, params, strength, n_weights):
    kind = gradient.dtype.type
    if strength.size > 1:
        for j in range(n_weights):
            gradient[j] += strength[j] * params[j]
    elif strength[0] != 0:
        factor = kind(strength[0])
        for j in range(n_weights):
            gradient[j] += factor * params[j]
