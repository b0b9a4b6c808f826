"""Losses and their gradients."""

from __future__ import annotations

import numpy as np
from numba import int64

from skopt_suite.backends._shapes import PerSample, RawPredictions, TargetColumns
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_views_sum, negligible
from skopt_suite.backends.kernels._numba._types import array, given


def softmax_log_loss(raw: RawPredictions, y: np.ndarray) -> tuple[PerSample, RawPredictions]:
    # exp in a compiled loop is scalar, NumPy's is SIMD; so the loop is cut in two around it
    (n_fits, _, n_outputs), (raw, fits_first) = raw.shape, _in_memory_order(raw)
    rows, labels = raw.reshape(-1, n_outputs), _labels_of_rows(y, n_fits, fits_first)
    of_label, total = np.empty((2, len(rows)), dtype=raw.dtype)
    _subtract_row_max(rows, labels, of_label)
    np.exp(rows, out=rows)
    _normalise(rows, labels, total)
    value = np.subtract(np.log(total, out=total), of_label, out=total).reshape(raw.shape[:2])
    return (value, raw) if fits_first else (value.T, raw.transpose(1, 0, 2))


def _in_memory_order(raw: RawPredictions) -> tuple[np.ndarray, bool]:
    """Return `raw` without gaps, and whether fits come before samples there (else after them)."""
    fits_first = raw.strides[0] >= raw.strides[1]
    return np.ascontiguousarray(raw if fits_first else raw.transpose(1, 0, 2)), fits_first


def _labels_of_rows(y: np.ndarray, n_fits: int, fits_first: bool) -> np.ndarray:
    y = np.ascontiguousarray(y, dtype=np.int64)
    if n_fits == 1:
        return y
    return np.tile(y, n_fits) if fits_first else np.repeat(y, n_fits)


def _of_rows(kind):
    return array(kind, 2), given(int64, 1), array(kind, 1)


@entry(_of_rows, jit_views_sum)
def _subtract_row_max(raw, labels, of_label):
    for i in range(raw.shape[0]):
        row = raw[i]
        top = row[0]
        for j in range(1, row.size):
            top = row[j] if row[j] > top else top
        for j in range(row.size):
            row[j] -= top
        of_label[i] = row[labels[i]]


@entry(_of_rows, jit_views_sum)
def _normalise(exponentials, labels, total):
    one, zero = exponentials.dtype.type(1), exponentials.dtype.type(0)
    tiny = negligible(exponentials)
    for i in range(exponentials.shape[0]):
        row, sum_of_row = exponentials[i], zero
        for j in range(row.size):
            sum_of_row += row[j]
        scale = one / sum_of_row
        for j in range(row.size):
            probability = row[j] * scale
            row[j] = zero if probability <= tiny else probability
        row[labels[i]] -= one
        total[i] = sum_of_row


def logistic_log_loss(raw: RawPredictions, y: TargetColumns) -> tuple[PerSample, RawPredictions]:
    n_outputs = raw.shape[2]
    raw, fits_first = _in_memory_order(raw if n_outputs == 1 else np.ascontiguousarray(raw))
    rows = raw.reshape(raw.shape[0], -1)
    small = np.copysign(rows, -1)  # -|z|
    np.exp(small, out=small)
    targets = np.ascontiguousarray(y.reshape(1, -1) if fits_first else y, dtype=raw.dtype)
    _logistic(rows, targets, small)
    value = small if n_outputs == 1 else small.reshape(raw.shape).sum(axis=-1)
    return (value, raw) if fits_first else (value.T, raw.transpose(1, 0, 2))


@entry(lambda kind: (array(kind, 2), given(kind, 2), array(kind, 2)))
def _logistic(raw, y, small):
    """Turn raw predictions, (m, n), into gradients, and exp(-|raw|) into values.

    ``log(1 + e) = log(2^k) + log((1 + s) / (1 - s))`` with s up to 0.172 in size and the series in
    s² of FreeBSD's `log`: within rounding also where e is tiny, and SIMD, unlike log1p.
    """
    number = raw.dtype.type
    zero, one, two, three, middle = number(0), number(1), number(2), number(3), number(0.41421356)
    log_two = number(0.6931471805599453)
    c1, c2, c3 = number(0.6666666666666735), number(0.3999999999940942), number(0.2857142874366239)
    c4, c5 = number(0.22222198432149784), number(0.1818357216161805)
    c6, c7 = number(0.15313837699209373), number(0.14798198605116586)
    one_target_per_row = y.shape[1] == 1
    for i in range(raw.shape[0]):
        targets = y[i if y.shape[0] > 1 else 0]
        first = targets[0]
        for j in range(raw.shape[1]):
            z, e = raw[i, j], small[i, j]
            target = first if one_target_per_row else targets[j]
            large = e > middle
            s = (e - one if large else e) / (e + (three if large else two))
            q = s * s
            series = c1 + q * (c2 + q * (c3 + q * (c4 + q * (c5 + q * (c6 + q * c7)))))
            log1p = (log_two if large else zero) + s * (two + q * series)
            small[i, j] = (zero if z <= zero else z) + log1p - target * z
            raw[i, j] = (one if z >= zero else e) / (one + e) - target
