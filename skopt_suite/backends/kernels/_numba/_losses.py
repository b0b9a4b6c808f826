"""Log losses of all fits of a stack, by what they are of one."""

from __future__ import annotations

import numpy as np
from numba import float64

from skopt_suite.backends._shapes import PerSample, RawPredictions, TargetColumns
from skopt_suite.backends.kernels._numba._body import Body, call_loss
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._loss_bodies import LOSSES
from skopt_suite.backends.kernels._numba._types import (
    array,
    flat_of,
    given,
    matrix_of,
    part_of,
    whole,
)

_LOG_LOSS = "skopt_suite.losses._log_loss.LogLoss.value_and_gradient"
_NOT_SMOOTHED = np.zeros(1)


def softmax_log_loss(raw: RawPredictions, y: np.ndarray) -> tuple[PerSample, RawPredictions]:
    return _of_stack(LOSSES[f"{_LOG_LOSS}, classes"], raw, y[:, None])


def logistic_log_loss(raw: RawPredictions, y: TargetColumns) -> tuple[PerSample, RawPredictions]:
    return _of_stack(LOSSES[f"{_LOG_LOSS}, labels"], raw, y)


def _of_stack(
    loss: Body, raw: RawPredictions, y: TargetColumns
) -> tuple[PerSample, RawPredictions]:
    if raw.shape[0] == 1 or raw.strides[0] >= raw.strides[1]:
        return _of_rows(loss, np.ascontiguousarray(raw), np.ascontiguousarray(y, dtype=raw.dtype))
    raw = np.ascontiguousarray(raw.transpose(1, 0, 2))
    targets = np.empty((*raw.shape[:2], y.shape[1]), raw.dtype)
    targets[...] = y[:, None]  # as rows of one fit; this is quicker than `np.repeat`
    value, gradient = _of_rows(loss, raw, targets.reshape(-1, y.shape[1]))
    return value.T, gradient.transpose(1, 0, 2)


def _of_rows(loss: Body, raw: np.ndarray, y: TargetColumns) -> tuple[np.ndarray, np.ndarray]:
    value = np.empty(raw.shape[:2], raw.dtype)
    _evaluate(raw, y, value, _NOT_SMOOTHED, loss.address(raw.dtype))
    return value, raw


@entry(lambda kind: (array(kind, 3), given(kind, 2), array(kind, 2), given(float64, 1), whole))
def _evaluate(raw, y, value, numbers, address):
    """Evaluate as many rows at once as there are targets, until there are none left."""
    values, n_rows, n_outputs = flat_of(value), y.shape[0], raw.shape[2]
    for first in range(0, values.size, n_rows):
        rows = matrix_of(flat_of(raw), first * n_outputs, n_rows, n_outputs)
        call_loss(address, rows, y, part_of(values, first, n_rows), numbers)
