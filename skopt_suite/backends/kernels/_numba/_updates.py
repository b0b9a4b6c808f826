"""What optimizers, penalties and line searches do to parameters."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends._shapes import FitColumn, FlatWeights, Params
from skopt_suite.backends.kernels._numba._jit import jit, jit_sum, negligible, write_back


@jit
def descend(params: Params, gradient: Params, learning_rate: FitColumn) -> Params:
    for k in range(params.shape[0]):
        rate = learning_rate[k, 0]
        for j in range(params.shape[1]):
            params[k, j] -= rate * gradient[k, j]
    return params


@jit
def momentum_update(
    params: Params,
    gradient: Params,
    velocity: Params,
    learning_rate: FitColumn,
    momentum: FitColumn,
) -> tuple[Params, Params]:
    zero, tiny = params.dtype.type(0), negligible(params)
    for k in range(params.shape[0]):
        rate, keep = learning_rate[k, 0], momentum[k, 0]
        for j in range(params.shape[1]):
            v = keep * velocity[k, j] + gradient[k, j]
            velocity[k, j] = zero if abs(v) <= tiny else v
            params[k, j] -= rate * v
    return params, velocity


@jit
def nesterov_update(
    params: Params,
    gradient: Params,
    velocity: Params,
    learning_rate: FitColumn,
    momentum: FitColumn,
) -> tuple[Params, Params]:
    zero, tiny = params.dtype.type(0), negligible(params)
    for k in range(params.shape[0]):
        rate, keep = learning_rate[k, 0], momentum[k, 0]
        for j in range(params.shape[1]):
            v = keep * velocity[k, j] + gradient[k, j]
            velocity[k, j] = zero if abs(v) <= tiny else v
            params[k, j] -= rate * (gradient[k, j] + keep * v)
    return params, velocity


@jit
def adam_update(
    params: Params,
    gradient: Params,
    m: Params,
    v: Params,
    n_steps: FitColumn,
    learning_rate: FitColumn,
    beta1: FitColumn,
    beta2: FitColumn,
    epsilon: FitColumn,
) -> tuple[Params, Params, Params]:
    kind, zero = params.dtype.type, params.dtype.type(0)
    tiny, small = negligible(params), _small(params)
    for k in range(params.shape[0]):
        correction = np.sqrt(1 - beta2[k, 0] ** n_steps[k, 0])
        step = kind(learning_rate[k, 0] * correction / (1 - beta1[k, 0] ** n_steps[k, 0]))
        b1, b2, eps = kind(beta1[k, 0]), kind(beta2[k, 0]), kind(epsilon[k, 0] * correction)
        c1, c2 = kind(1) - b1, kind(1) - b2
        for j in range(params.shape[1]):
            g = gradient[k, j]
            g = zero if abs(g) <= small else g  # else its square is denormal
            m_j = b1 * m[k, j] + c1 * g
            v_j = b2 * v[k, j] + c2 * g * g
            m_j = zero if abs(m_j) <= small else m_j
            v_j = zero if abs(v_j) <= tiny else v_j
            m[k, j], v[k, j] = m_j, v_j
            params[k, j] -= step * (m_j / (np.sqrt(v_j) + eps))
    return params, m, v


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


@jit
def _small(array):
    # What counts as zero where it will be squared, about 1e-16 in single precision.
    return np.sqrt(np.finfo(array.dtype).tiny) * array.dtype.type(1e3)
