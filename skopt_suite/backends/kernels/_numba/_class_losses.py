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
    if numbers[0] > 0:
        _take_smoothed_labels(raw, value, numbers[0])
    exponentials = raw.reshape(-1)  # all at once, as vectors
    for i in range(exponentials.size):
        exponentials[i] = exp(exponentials[i])
    _normalise(raw, y, value)
    if numbers[0] > 0:
        _smooth_gradient(raw, y, numbers[0])


@jit_inner_views
def _entropy(smoothing, n_classes):
    """Return the loss of predicting smoothed labels themselves."""
    spread = smoothing / n_classes
    true = 1 - spread * (n_classes - 1)
    of_spread = spread * np.log(spread) if spread > 0 else 0.0
    return -true * np.log(true) - (n_classes - 1) * of_spread


@jit_inner_views
def _take_smoothed_labels(raw, value, smoothing):
    """Turn the raw prediction of the label into the mean by smoothed labels, plus entropy."""
    kind, n_classes = raw.dtype.type, raw.shape[1]
    share, entropy = kind(smoothing), kind(_entropy(smoothing, n_classes))
    for i in range(raw.shape[0]):
        total = kind(0)
        for j in range(n_classes):
            total += raw[i, j]
        value[i] += share * (total / kind(n_classes) - value[i]) + entropy


@jit_inner_views
def _smooth_gradient(raw, y, smoothing):
    share = raw.dtype.type(smoothing)
    each = share / raw.dtype.type(raw.shape[1])
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            raw[i, j] -= each
        raw[i, int(y[i, 0])] += share


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
    kind = raw.dtype.type
    half, share, entropy = kind(0.5), kind(numbers[0]), kind(_entropy(numbers[0], 2))
    if raw.shape[1] == 1:
        _logistic_of_one(raw[:, 0], y[:, 0], value, share, entropy)
        return
    for i in range(raw.shape[0]):
        total = kind(0)
        for j in range(raw.shape[1]):
            target = y[i, j] + share * (half - y[i, j])
            total += softplus(raw[i, j]) - target * raw[i, j] - entropy
            raw[i, j] = logistic(raw[i, j])[0] - target
        value[i] = total


@jit_inner_views
def _logistic_of_one(raw, y, value, share, entropy):
    half = raw.dtype.type(0.5)
    for i in range(raw.size):
        target = y[i] + share * (half - y[i])
        value[i] = softplus(raw[i]) - target * raw[i] - entropy
        raw[i] = logistic(raw[i])[0] - target


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


@jit_body
def modified_huber(raw, y, value, numbers):
    zero, one, two = raw.dtype.type(0), raw.dtype.type(1), raw.dtype.type(2)
    for i in range(raw.shape[0]):
        total = zero
        for j in range(raw.shape[1]):
            t = _sign(y, i, j, raw.shape[1])
            violation = one - t * raw[i, j]
            violation = zero if violation <= zero else violation
            size = two if violation > two else violation
            total += size * (two * violation - size)
            raw[i, j] = -two * t * size
        value[i] = total


@jit_inner_views
def _focus(wrong, right, entropy, gamma):
    """Return the focal loss, and what its gradient is of that of the log loss."""
    one = right * 0 + 1
    factor = wrong**gamma
    ratio = entropy / wrong if wrong > 0 else wrong
    return factor * entropy, factor * (gamma * right * ratio + one)


@jit_body
def focal_of_labels(raw, y, value, numbers):
    gamma = raw.dtype.type(numbers[0])
    for i in range(raw.shape[0]):
        total = raw.dtype.type(0)
        for j in range(raw.shape[1]):
            t = raw.dtype.type(1) if y[i, j] > 0 else -raw.dtype.type(1)
            right, wrong = logistic(t * raw[i, j])
            one, slope = _focus(wrong, right, softplus(-t * raw[i, j]), gamma)
            total += one
            raw[i, j] = -t * wrong * slope
        value[i] = total


@jit_body
def focal_of_classes(raw, y, value, numbers):
    zero, gamma = raw.dtype.type(0), raw.dtype.type(numbers[0])
    for i in range(raw.shape[0]):
        label, top, of_others = int(y[i, 0]), raw[i, 0], zero
        for j in range(1, raw.shape[1]):
            top = max(top, raw[i, j])
        margin = raw[i, label] - top
        for j in range(raw.shape[1]):
            raw[i, j] = exp(raw[i, j] - top)
            of_others += zero if j == label else raw[i, j]
        total = of_others + raw[i, label]
        right, wrong = raw[i, label] / total, of_others / total
        value[i], slope = _focus(wrong, right, np.log(total) - margin, gamma)
        for j in range(raw.shape[1]):
            raw[i, j] = slope * (-wrong if j == label else raw[i, j] / total)
