"""What penalties and line searches do to parameters."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends._shapes import FitColumn, FlatWeights, Params
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_sum
from skopt_suite.backends.kernels._numba._types import array, given, row_of, whole


def add_scaled(
    total: FlatWeights, weights: FlatWeights, scale: FitColumn | FlatWeights
) -> FlatWeights:
    total = _with_whole_rows(total)
    _add_scaled(total, _with_whole_rows(weights), _with_whole_rows(scale))
    return total


def soft_threshold(weights: FlatWeights, threshold: FitColumn | FlatWeights) -> FlatWeights:
    weights = _with_whole_rows(weights)
    _soft_threshold(weights, _with_whole_rows(threshold))
    return weights


def _with_whole_rows(values: np.ndarray) -> np.ndarray:
    """Return an array whose rows are contiguous, as those of the weights among parameters are."""
    return values if values.strides[1] == values.itemsize else np.ascontiguousarray(values)


@entry(lambda kind: (array(kind, 2, "A"), given(kind, 2, "A"), given(kind, 2, "A")))
def _add_scaled(total, weights, scale):
    for k in range(weights.shape[0]):
        sums, w = row_of(total, k), row_of(weights, k)
        factors = row_of(scale, k if scale.shape[0] > 1 else 0)
        if factors.size > 1:
            for j in range(w.size):
                sums[j] += factors[j] * w[j]
        else:
            for j in range(w.size):
                sums[j] += factors[0] * w[j]


@entry(lambda kind: (array(kind, 2, "A"), given(kind, 2, "A")))
def _soft_threshold(weights, threshold):
    zero = weights.dtype.type(0)
    for k in range(weights.shape[0]):
        w, t = row_of(weights, k), row_of(threshold, k if threshold.shape[0] > 1 else 0)
        for j in range(w.size):
            size = t[j if t.size > 1 else 0]
            above, below = w[j] - size, w[j] + size
            w[j] = (zero if above <= zero else above) + (zero if below >= zero else below)


def newest_to_oldest(
    gradient: Params, steps: np.ndarray, changes: np.ndarray, curvature: np.ndarray, n_steps: int
) -> tuple[Params, np.ndarray]:
    direction, weights = -gradient, np.zeros(curvature.shape, curvature.dtype)
    rings = np.ascontiguousarray(steps), np.ascontiguousarray(changes)
    _newest_to_oldest(direction, weights, *rings, np.ascontiguousarray(curvature), n_steps)
    return direction, weights


def oldest_to_newest(
    direction: Params,
    weights: np.ndarray,
    steps: np.ndarray,
    changes: np.ndarray,
    curvature: np.ndarray,
    n_steps: int,
) -> Params:
    direction, *others = map(np.ascontiguousarray, (direction, weights, steps, changes, curvature))
    _oldest_to_newest(direction, *others, n_steps)
    return direction


def _recursion(kind):
    row, ring = array(kind, 2), given(kind, 3)
    return row, row, ring, ring, given(kind, 2), whole


@entry(_recursion)
def _newest_to_oldest(direction, weights, steps, changes, curvature, n_steps):
    history_size = steps.shape[1]
    for k in range(direction.shape[0]):
        d = direction[k]
        for age in range(history_size if n_steps > history_size else n_steps):
            i = (n_steps - 1 - age) % history_size
            weights[k, i] = curvature[k, i] * _dot(steps[k, i], d)
            _add_multiple(d, -weights[k, i], changes[k, i])


@entry(_recursion)
def _oldest_to_newest(direction, weights, steps, changes, curvature, n_steps):
    history_size = steps.shape[1]
    for k in range(direction.shape[0]):
        d = direction[k]
        for i in range(n_steps - history_size if n_steps > history_size else 0, n_steps):
            i = i % history_size
            correction = curvature[k, i] * _dot(changes[k, i], d)
            _add_multiple(d, weights[k, i] - correction, steps[k, i])


@jit_sum
def _dot(a, b):
    total = a.dtype.type(0)
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@jit_inner_views
def _add_multiple(total, factor, array):
    for j in range(array.size):
        total[j] += factor * array[j]
