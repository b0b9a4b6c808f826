"""Losses of classes and labels of one fit: values, and raw predictions that become gradients."""

import numpy as np

from skopt_suite.backends.kernels._numba._jit import (
    jit_body,
    jit_inlined,
    jit_inner_views,
    negligible,
)
from skopt_suite.backends.kernels._numba._math import exp, exp_below, log, logistic, softplus
from skopt_suite.backends.kernels._numba._types import flat_of, part_of, room_like, rows_of


@jit_inlined
def _subtract_row_max(raw, y, of_label):
    for i in range(raw.shape[0]):
        top = raw[i, 0]
        for j in range(1, raw.shape[1]):
            top = raw[i, j] if raw[i, j] > top else top
        for j in range(raw.shape[1]):
            raw[i, j] -= top
        of_label[i] = raw[i, int(y[i, 0])]


@jit_inner_views
def _entropy(smoothing, n_classes):
    """Return the loss of predicting smoothed labels themselves."""
    spread = smoothing / n_classes
    true = 1 - spread * (n_classes - 1)
    of_spread = spread * np.log(spread) if spread > 0 else 0.0
    return -true * np.log(true) - (n_classes - 1) * of_spread


@jit_inlined
def _take_smoothed_labels(raw, value, smoothing):
    """Turn the raw prediction of the label into the mean by smoothed labels, plus entropy."""
    kind, n_classes = raw.dtype.type, raw.shape[1]
    share, entropy = kind(smoothing), kind(_entropy(smoothing, n_classes))
    for i in range(raw.shape[0]):
        total = kind(0)
        for j in range(n_classes):
            total += raw[i, j]
        value[i] += share * (total / kind(n_classes) - value[i]) + entropy


@jit_inlined
def _normalise(raw, y, totals, smoothing):
    """Turn exponentials into gradients, and write their sums."""
    kind, n_classes, tiny = raw.dtype.type, raw.shape[1], negligible(raw)
    zero, of_each, of_label = kind(0), kind(smoothing / n_classes), kind(1 - smoothing)
    for i in range(raw.shape[0]):
        total = zero
        for j in range(n_classes):
            total += raw[i, j]
        totals[i], scale = total, kind(1) / total
        for j in range(n_classes):
            probability = raw[i, j] * scale
            raw[i, j] = (zero if probability <= tiny else probability) - of_each
        raw[i, int(y[i, 0])] -= of_label


def _log_loss_of_classes(is_smoothed):
    """Return the body; what smooths labels takes as long to compile as the rest."""

    @jit_body
    def log_loss(raw, y, value, numbers):
        totals, n_rows = room_like(raw), raw.shape[0]
        smoothing = numbers[0] if is_smoothed else 0.0
        for first in range(0, n_rows, totals.size):
            size = totals.size if totals.size < n_rows - first else n_rows - first
            rows, labels = rows_of(raw, first, size), rows_of(y, first, size)
            values = part_of(value, first, size)
            _subtract_row_max(rows, labels, values)
            if is_smoothed:
                _take_smoothed_labels(rows, values, smoothing)
            exponentials = flat_of(rows)  # all at once, as vectors
            for i in range(exponentials.size):
                exponentials[i] = exp_below(exponentials[i])
            _normalise(rows, labels, totals, smoothing)
            for i in range(size):
                values[i] = log(totals[i]) - values[i]

    return log_loss


log_loss_of_classes = _log_loss_of_classes(is_smoothed=False)
smoothed_log_loss_of_classes = _log_loss_of_classes(is_smoothed=True)


@jit_body
def log_loss_of_labels(raw, y, value, numbers):
    kind = raw.dtype.type
    kept, added = kind(1 - numbers[0]), kind(numbers[0] / 2)
    entropy = kind(_entropy(numbers[0], 2))
    flat, targets, values = flat_of(raw), flat_of(y), room_like(raw)
    if raw.shape[1] == 1:
        _logistic(flat, targets, value, kept, added, entropy)
        return
    for first in range(0, flat.size, values.size):
        left = flat.size - first
        part = part_of(values, 0, left if left < values.size else values.size)
        z, of_part = part_of(flat, first, part.size), part_of(targets, first, part.size)
        _logistic(z, of_part, part, kept, added, entropy)
        _add_to_rows(part, first, raw.shape[1], value)


@jit_inner_views
def _logistic(raw, y, value, kept, added, entropy):
    for i in range(raw.size):
        target = kept * y[i] + added
        value[i] = softplus(raw[i]) - target * raw[i] - entropy
        raw[i] = logistic(raw[i])[0] - target


@jit_inlined
def _add_to_rows(values, first, n_columns, total):
    """Add values to the totals of their rows, from the `first` of all values on."""
    zero, i, j = total.dtype.type(0), first // n_columns, first % n_columns
    of_row = total[i] if j > 0 else zero
    for at in range(values.size):
        of_row += values[at]
        j += 1
        if j == n_columns:
            total[i], of_row = of_row, zero
            i, j = i + 1, 0
    if j > 0:
        total[i] = of_row


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
