"""A range of minibatch steps in one call, fit by fit, so that the numbers of a fit stay in cache.

The definition is `skopt_suite.training._epoch.run_steps`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends.kernels._numba._body import (
    call_activation,
    call_backward,
    call_drop,
    call_forward,
    call_loss,
)
from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_inner_views, jit_views
from skopt_suite.backends.kernels._numba._keeping import keep
from skopt_suite.backends.kernels._numba._loading import (
    all_places,
    load_inputs,
    load_targets,
    load_weights,
    places_of,
)
from skopt_suite.backends.kernels._numba._moving import move_part
from skopt_suite.backends.kernels._numba._prefetch import prefetch_rows
from skopt_suite.backends.kernels._numba._team import rows_of, wait
from skopt_suite.backends.kernels._numba._types import (
    matrix_of,
    part_of,
    row_of,
    taken_as_tuple,
)


@taken_as_tuple
class Fits(NamedTuple):
    """What is moved, and what differs between fits: all but groups begin with the fits."""

    params: np.ndarray  # (n_fits, n_params)
    moments: np.ndarray  # (n_fits, n_moments, n_params)
    n_steps: np.ndarray  # (n_fits, 1)
    known: np.ndarray  # (n_fits, n_numbers): what rules have found, or (n_fits, 0)
    rates: np.ndarray  # (n_fits, n_steps of the epoch)
    numbers: np.ndarray  # (n_fits, 1 or n_steps of the epoch, n_hyperparameters) of the rule
    limits: np.ndarray  # (n_fits, 2): the largest entry and norm of gradients; or (n_fits, 0)
    loss_numbers: np.ndarray  # (n_fits, n_hyperparameters) of the loss
    l2: np.ndarray  # (n_fits, 1) or (n_fits, n_weights)
    l1: np.ndarray  # (n_fits, 1) or (n_fits, n_weights)
    formula_numbers: np.ndarray  # (n_fits, n_numbers, 1, n_weights or n_groups) of the penalty
    members: np.ndarray  # (n_weights,): of groups, one after the other; or (0,)
    starts: np.ndarray  # (n_groups + 1,): of groups among members; or (0,)
    owed: np.ndarray  # (n_fits, 2, n_weights), or another shape
    dropout: np.ndarray  # (n_fits, n_hidden), with a last one of the input, or (n_fits, 0)
    beside: np.ndarray  # (n_fits, n_params) of what is around the rule, or (n_fits, 0)
    shares: np.ndarray  # (n_fits, n_steps of the epoch): what steps count there, or (n_fits, 0)
    loss: np.ndarray  # (n_fits,): is added to


@taken_as_tuple
class Rows(NamedTuple):
    """The rows of all batches."""

    x: np.ndarray  # (n_samples, n_features)
    mean: np.ndarray  # (n_features,), or (0,)
    factor: np.ndarray  # (n_features,), or (0,)
    columns: np.ndarray  # (n_fits, n_inputs): those that fits see; or (0, 0): all
    y: np.ndarray  # (n_samples, n_columns)
    weight: np.ndarray  # (n_fits or 1, n_samples), or (0, 0)
    order: np.ndarray  # (n_samples,)


@taken_as_tuple
class SparseRows(NamedTuple):
    """The rows of all batches, in compressed sparse rows."""

    data: np.ndarray  # (n_values,)
    indices: np.ndarray  # (n_values,)
    indptr: np.ndarray  # (n_samples + 1,)
    y: np.ndarray  # (n_samples, n_columns)
    weight: np.ndarray  # (n_fits or 1, n_samples), or (0, 0)
    order: np.ndarray  # (n_samples,)


@taken_as_tuple
class Network(NamedTuple):
    """The layers."""

    layers: np.ndarray  # (n_layers, 4): inputs, outputs, where weights and where biases lie
    slopes: np.ndarray  # (n_layers,): below zero; 1 with another activation or none
    activations: np.ndarray  # (n_layers,): addresses, 0 where there is but a slope


@taken_as_tuple
class Keys(NamedTuple):
    """What dropout is drawn with."""

    keys: np.ndarray
    multipliers: np.ndarray


@taken_as_tuple
class How(NamedTuple):
    """What is called, and numbers that all fits share."""

    rule: int  # addresses of bodies; 0 where there is none
    reach: int
    estimate: int
    clip: int
    tangent: int
    bend: int
    pay: int
    project: int
    unite: int
    lead: int
    follow: int
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


@taken_as_tuple
class Space(NamedTuple):
    """What steps work in, for batches of the full size; one for all threads of a fit."""

    places: np.ndarray  # of the rows that count
    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    value: np.ndarray
    outputs: np.ndarray
    derivatives: np.ndarray
    deltas: np.ndarray  # by the outputs of hidden layers
    gradient: np.ndarray
    reach: np.ndarray
    block: np.ndarray  # weights of a group, their steps, and room for two more rows
    slope: np.ndarray  # of concave penalties
    weaker: np.ndarray  # strengths of L1, then of L2, as weak as clipped gradients


def space_for(fits, batches, network, how):
    """Return room for steps."""
    kind, size, n_hidden = fits.params.dtype, how.batch_size, network.layers[:-1, 1].sum()
    has_derivatives = how.drop or network.activations.any()
    has_weaker = how.clip and (how.pay or how.unite or how.has_implicit_l2)
    largest = np.diff(fits.starts).max() if how.unite else 0
    n_dense = size * network.layers[0, 0] if isinstance(batches.x, np.ndarray) else 0
    return Space(
        places=np.empty(size, np.int64),
        x=np.empty(n_dense, kind),
        y=np.empty(size * batches.y.shape[1], kind),
        weight=np.empty(size if batches.weight.size else 0, kind),
        value=np.empty(size, kind),
        outputs=np.empty(size * how.n_units, kind),
        derivatives=np.empty(size * how.n_units if has_derivatives else 0, kind),
        deltas=np.empty(size * n_hidden, kind),
        gradient=np.empty(fits.params.shape[1], kind),
        reach=np.empty(how.n_weights if how.reach else 0, kind),
        block=np.empty(4 * largest, kind),
        slope=np.empty(how.n_weights if how.tangent else 0, kind),
        weaker=np.empty(2 * how.n_weights if has_weaker else 0, kind),
    )


@jit_views
def run_dense(fits, rows, network, how, keys, space, team, start, stop):
    """Make the steps from `start` to `stop` of an epoch on dense rows.

    Fit by fit, but for linear models, for which copying rows takes longer than their parameters.
    In every step a thread passes some rows of the batch forward and back, and when all have done
    that, it finds the gradient by some parameters and moves them. Where fits come one after the
    other, rows that do not count for one are left out.
    """
    fits, rows, network, how = keep(fits), keep(rows), keep(network), keep(how)
    keys, space, team = keep(keys), keep(space), keep(team)
    n_samples, n_features = rows.x.shape[0], network.layers[0, 0]
    n_fits, n_steps, by_step = fits.params.shape[0], stop - start, network.layers.shape[0] == 1
    begin, end = team.bounds[team.rank], team.bounds[team.rank + 1]
    for i in range(n_fits * n_steps):
        k, step = (
            (i % n_fits, start + i // n_fits) if by_step else (i // n_steps, start + i % n_steps)
        )
        size = min(how.batch_size, n_samples - step * how.batch_size)
        is_loaded = by_step and k > 0 and not fits.dropout.size
        n_rows = _choose_rows(rows, how, space, k, step, size, by_step, is_loaded)
        _take_rows(fits, rows, network, how, keys, space, team, k, step, size, n_rows, is_loaded)
        if not wait(team):
            return
        x = matrix_of(space.x, 0, n_rows, n_features)
        _find_gradient(fits, network, how, space, k, x, n_rows, begin, end)
        move_part(fits, how, space, team, k, step, begin, end)
        if team.rank == 0:
            fits.loss[k] += mean_of(space.value, space.weight, n_rows) * (size / n_samples)
        if not wait(team):
            return
        if team.rank == 0:
            fits.n_steps[k, 0] += 1


@jit_inlined
def _choose_rows(rows, how, space, k, step, size, by_step, is_loaded):
    """Write which rows of a batch count, return how many; dropout is drawn by where all lie."""
    first = step * how.batch_size
    if rows.weight.size and not by_step and not how.drop:
        of_fit = row_of(rows.weight, k if rows.weight.shape[0] > 1 else 0)
        return places_of(of_fit, rows.order, first, size, space.places)
    return size if is_loaded else all_places(rows.order, first, size, space.places)


@jit_inlined
def _take_rows(fits, rows, network, how, keys, space, team, k, step, n_all, size, is_loaded):
    """Pass a thread's rows of a batch forward and back: of `size` that count among `n_all`."""
    n_features, n_columns = network.layers[0, 0], rows.y.shape[1]
    begin, n_rows = rows_of(team, size)
    x = matrix_of(space.x, begin * n_features, n_rows, n_features)
    y = matrix_of(space.y, begin * n_columns, n_rows, n_columns)
    if not is_loaded:
        columns = row_of(rows.columns, k)
        load_inputs(rows.x, rows.mean, rows.factor, columns, space.places, begin, x)
        load_targets(rows.y, space.places, begin, y)
        following = (step + 1) * how.batch_size + begin
        prefetch_rows(rows.x, rows.order, following, following + n_rows)
    if rows.weight.size:
        of_fit = row_of(rows.weight, k if rows.weight.shape[0] > 1 else 0)
        to = part_of(space.weight, begin, n_rows)
        load_weights(of_fit, space.places, begin, to, size / n_all)
    if how.drop and fits.dropout.shape[1] == network.layers.shape[0]:
        _drop_features(fits, how, keys, space, k, step, x, begin)
    if n_rows:
        _pass_rows(fits, network, how, keys, space, k, step, x, y, size, begin)


@jit_inlined
def _drop_features(fits, how, keys, space, k, step, x, begin):
    """Drop features; the number of hidden layers stands for the input where that is drawn."""
    n_hidden, count = fits.dropout.shape[1] - 1, how.first_count + step
    rate, none = fits.dropout[k, n_hidden], matrix_of(space.x, 0, 0, 0)
    drawn = begin, keys.keys, keys.multipliers
    call_drop(how.drop, x, none, rate, count, n_hidden, *drawn)


@jit_inlined
def gradient_of(fits, network, how, keys, space, k, step, x, y):
    """Write the gradient, return the mean loss; `x` has no rows where the first layer is done."""
    size = y.shape[0]
    _pass_rows(fits, network, how, keys, space, k, step, x, y, size, 0)
    _find_gradient(fits, network, how, space, k, x, size, 0, fits.params.shape[1])
    return mean_of(space.value, space.weight, size)


@jit_inlined
def _pass_rows(fits, network, how, keys, space, k, step, x, y, size, begin):
    """Take rows of a batch forward, and what the loss says of them back.

    Inner functions take arrays, as tuples of them compile slowly.
    """
    params, n_rows, n_outputs = row_of(fits.params, k), y.shape[0], network.layers[-1, 1]
    outputs, derivatives, deltas = space.outputs, space.derivatives, space.deltas
    layers, slopes, activations = network.layers, network.slopes, network.activations
    drawn = row_of(fits.dropout, k), how.first_count + step, keys.keys, keys.multipliers
    part = size, begin, n_rows
    _forward(params, x, outputs, derivatives, layers, slopes, activations, how, drawn, part)
    first = size * (how.n_units - n_outputs) + begin * n_outputs
    raw, value = matrix_of(outputs, first, n_rows, n_outputs), part_of(space.value, begin, n_rows)
    call_loss(how.loss, raw, y, value, row_of(fits.loss_numbers, k))
    share_of_mean(raw, space.weight, size, begin)
    _backward(params, space.gradient, outputs, derivatives, deltas, raw, layers, slopes, how, part)


@jit_inner_views
def _forward(params, x, outputs, derivatives, layers, slopes, activations, how, drawn, part):
    """Write outputs and derivatives of all layers, one after the other."""
    (size, begin, n_rows), first, n_layers = part, 0, layers.shape[0]
    for depth in range(n_layers):
        n_out = layers[depth, 1]
        start = first + begin * n_out
        z = matrix_of(outputs, start, n_rows, n_out)
        if x.size:
            layer = row_of(layers, depth)
            call_forward(how.forward, params, x, z, layer, slopes[depth], how.gemm)
        if derivatives.size and depth < n_layers - 1:
            flat = part_of(outputs, start, z.size)
            derivative = part_of(derivatives, start, z.size)
            _differentiate(flat, derivative, slopes[depth], activations[depth])
            if how.drop:
                rates, count, keys, multipliers = drawn
                like_z = matrix_of(derivatives, start, n_rows, n_out)
                of_layer = rates[depth], count, depth, begin
                call_drop(how.drop, z, like_z, *of_layer, keys, multipliers)
        x, first = z, first + size * n_out


@jit_inner_views
def _differentiate(z, derivative, negative_slope, address):
    """Apply the activation to `z` unless that is done, and find its derivative."""
    if address:
        call_activation(address, z, derivative)
        return
    one, zero, slope = z.dtype.type(1), z.dtype.type(0), z.dtype.type(negative_slope)
    for i in range(z.size):
        derivative[i] = one if z[i] > zero else slope


@jit_inner_views
def share_of_mean(delta, weight, size, begin):
    """Turn gradients of losses into those of their mean over the batch."""
    share, (n_rows, n_outputs) = delta.dtype.type(1.0 / size), delta.shape
    for i in range(n_rows):
        factor = weight[begin + i] * share if weight.size else share
        for j in range(n_outputs):
            delta[i, j] *= factor


@jit_inner_views
def mean_of(value, weight, size):
    """Return the mean loss."""
    total = 0.0
    for i in range(size):
        total += value[i] * weight[i] if weight.size else value[i]
    return total / size


@jit_inner_views
def _backward(params, gradient, outputs, derivatives, deltas, delta, layers, slopes, how, part):
    """Write the gradient of the mean loss by the outputs of hidden layers."""
    size, begin, n_rows = part
    first = size * (how.n_units - layers[-1, 1])
    for depth in range(layers.shape[0] - 1, 0, -1):
        n_in = layers[depth, 0]
        first -= size * n_in
        start = first + begin * n_in
        below = matrix_of(deltas, start, n_rows, n_in)
        inputs = matrix_of(outputs, start, n_rows, n_in)
        arrays = params, gradient, inputs, delta, below, row_of(layers, depth)
        call_backward(how.backward, *arrays, 0, 0, how.gemm)
        flat = part_of(deltas, start, below.size)
        if derivatives.size:
            _multiply(flat, part_of(derivatives, start, below.size))
        else:
            _cut(flat, part_of(outputs, start, below.size), slopes[depth - 1])
        delta = below


@jit_inlined
def _find_gradient(fits, network, how, space, k, x, size, begin, end):
    """Write the gradient of the mean loss by some parameters."""
    params, part, layers = row_of(fits.params, k), (size, begin, end), network.layers
    _gradient(params, space.gradient, x, space.outputs, space.deltas, layers, how, part)


@jit_inner_views
def _gradient(params, gradient, inputs, outputs, deltas, layers, how, part):
    (size, begin, end), start = part, 0
    none = matrix_of(deltas, 0, 0, 0)
    for depth in range(layers.shape[0]):
        n_out, is_last = layers[depth, 1], depth == layers.shape[0] - 1
        output = matrix_of(outputs, start, size, n_out)
        delta = output if is_last else matrix_of(deltas, start, size, n_out)
        if inputs.size:
            arrays = params, gradient, inputs, delta, none, row_of(layers, depth)
            call_backward(how.backward, *arrays, begin, end, how.gemm)
        inputs, start = output, start + size * n_out


@jit_inner_views
def _multiply(delta, derivative):
    for i in range(delta.size):
        delta[i] *= derivative[i]


@jit_inner_views
def _cut(delta, output, negative_slope):
    one, zero, slope = delta.dtype.type(1), delta.dtype.type(0), delta.dtype.type(negative_slope)
    for i in range(delta.size):
        delta[i] *= one if output[i] > zero else slope
