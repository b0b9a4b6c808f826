"""Losses of classes and labels of one fit: values, and raw predictions that become gradients."""

import numpy as np

from skopt_suite.backends.kernels._numba._jit import jit_body, jit_inner_views, negligible
from skopt_suite.backends.kernels._numba._math import exp, logistic, softplus


@jit_body
def log_loss_of_classes(raw, y, value, numbers):
    for i in range(raw.shape[0]):
        top = raw[i, 0]
        for j in range(1, raw.shape[1]):
            top = max(top, raw[i, j])
        for j in range(raw.shape[1]):
            raw[i, j] -= top
        value[i] = raw[i, int(y[i, 0])]
    exponentials = raw.reshape(-1)  # all at once, as vectors
    for i in range(exponentials.size):
        exponentials[i] = exp(exponentials[i])
    _normalise(raw, y, value)


@jit_inner_views
def _normalise(raw, y, value):
    zero, one, tiny = raw.dtype.type(0), raw.dtype.type(1), negligible(raw)
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            total += raw[i, j]
        scale = one / total
        for j in range(raw.shape[1]):
            probability = raw[i, j] * scale
            raw[i, j] = zero if probability <= tiny else probability
        raw[i, int(y[i, 0])] -= one
        value[i] = np.log(total) - value[i]


@jit_body
def log_loss_of_labels(raw, y, value, numbers):
    if raw.shape[1] == 1:
        _logistic_of_one(raw[:, 0], y[:, 0], value)
        return
    for i in range(raw.shape[0]):
        total = raw.dtype.type(0)
        for j in range(raw.shape[1]):
            total += softplus(raw[i, j]) - y[i, j] * raw[i, j]
            raw[i, j] = logistic(raw[i, j])[0] - y[i, j]
        value[i] = total


@jit_inner_views
def _logistic_of_one(raw, y, value):
    for i in range(raw.size):
        value[i] = softplus(raw[i]) - y[i] * raw[i]
        raw[i] = logistic(raw[i])[0] - y[i]


@jit_inner_views
def _sign(y, i, j, n_outputs):
    """Return 1 for what the target is and -1 for what it is not, from an index or indicators."""
    one = y.dtype.type(1)
    is_index = y.shape[1] < n_outputs
    return one if (y[i, 0] == j if is_index else y[i, j] > 0) else -one


@jit_body
def hinge(raw, y, value, numbers):
    zero, one = raw.dtype.type(0), raw.dtype.type(1)
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            t = _sign(y, i, j, raw.shape[1])
            margin = one - t * raw[i, j]
            total += zero if margin <= zero else margin
            raw[i, j] = -t if margin > zero else zero
        value[i] = total


@jit_body
def squared_hinge(raw, y, value, numbers):
    zero, one, two = raw.dtype.type(0), raw.dtype.type(1), raw.dtype.type(2)
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            t = _sign(y, i, j, raw.shape[1])
            margin = one - t * raw[i, j]
            margin = zero if margin <= zero else margin
            total += margin * margin
            raw[i, j] = -two * t * margin
        value[i] = total
