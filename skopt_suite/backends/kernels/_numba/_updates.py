"""What penalties and line searches do to parameters."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends._shapes import FitColumn, FlatWeights, Params
from skopt_suite.backends.kernels._numba._jit import jit, jit_sum, write_back


@jit
def add_scaled(
    total: FlatWeights, weights: FlatWeights, scale: FitColumn | FlatWeights
) -> FlatWeights:
    for k in range(weights.shape[0]):
        sums, w = np.ascontiguousarray(total[k]), np.ascontiguousarray(weights[k])
        factors = np.ascontiguousarray(scale[k if scale.shape[0] > 1 else 0])
        if factors.size > 1:
            for j in range(w.size):
                sums[j] += factors[j] * w[j]
        else:
            for j in range(w.size):
                sums[j] += factors[0] * w[j]
        write_back(total, k, sums)
    return total


@jit
def soft_threshold(weights: FlatWeights, threshold: FitColumn | FlatWeights) -> FlatWeights:
    zero = weights.dtype.type(0)
    for k in range(weights.shape[0]):
        w = np.ascontiguousarray(weights[k])
        t = np.ascontiguousarray(threshold[k if threshold.shape[0] > 1 else 0])
        if t.size > 1:
            for j in range(w.size):
                w[j] = max(w[j] - t[j], zero) + min(w[j] + t[j], zero)
        else:
            for j in range(w.size):
                w[j] = max(w[j] - t[0], zero) + min(w[j] + t[0], zero)
        write_back(weights, k, w)
    return weights


@jit
def newest_to_oldest(
    gradient: Params, steps: np.ndarray, changes: np.ndarray, curvature: np.ndarray, n_steps: int
) -> tuple[Params, np.ndarray]:
    history_size = steps.shape[1]
    direction = np.empty_like(gradient)
    weights = np.zeros_like(curvature)
    for k in range(gradient.shape[0]):
        d = direction[k]
        for j in range(d.size):
            d[j] = -gradient[k, j]
        for age in range(min(n_steps, history_size)):
            i = (n_steps - 1 - age) % history_size
            weights[k, i] = curvature[k, i] * _dot(steps[k, i], d)
            _add_multiple(d, -weights[k, i], changes[k, i])
    return direction, weights


@jit
def oldest_to_newest(
    direction: Params,
    weights: np.ndarray,
    steps: np.ndarray,
    changes: np.ndarray,
    curvature: np.ndarray,
    n_steps: int,
) -> Params:
    history_size = steps.shape[1]
    for k in range(direction.shape[0]):
        d = direction[k]
        for age in range(min(n_steps, history_size) - 1, -1, -1):
            i = (n_steps - 1 - age) % history_size
            correction = curvature[k, i] * _dot(changes[k, i], d)
            _add_multiple(d, weights[k, i] - correction, steps[k, i])
    return direction


@jit_sum
def _dot(a, b):
    total = a.dtype.type(0)
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@jit
def _add_multiple(total, factor, array):
    for j in range(array.size):
        total[j] += factor * array[j]
