"""Fused CPU kernels, by the name of their definition.

They are serial (parallelism comes from BLAS and from threads over fits) and overwrite their
arguments. `fastmath` assumes that there is no NaN: divergence is looked for outside, in losses and
norms. Scalars per fit come as arrays of shape (n_fits, 1).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

_jit = njit(nogil=True, fastmath=True, error_model="numpy", cache=True)


@_jit
def _tiny(array):
    # What counts as zero. Denormal numbers are many times slower in everything that touches them:
    # moments of dead units decay to them, and probabilities of sure predictions are such.
    return np.finfo(array.dtype).tiny * array.dtype.type(1e3)


@_jit
def descend(params, gradient, learning_rate):
    for k in range(params.shape[0]):
        rate = learning_rate[k, 0]
        for j in range(params.shape[1]):
            params[k, j] -= rate * gradient[k, j]
    return params


@_jit
def momentum_update(params, gradient, velocity, learning_rate, momentum):
    zero, tiny = params.dtype.type(0), _tiny(params)
    for k in range(params.shape[0]):
        rate, keep = learning_rate[k, 0], momentum[k, 0]
        for j in range(params.shape[1]):
            v = keep * velocity[k, j] + gradient[k, j]
            velocity[k, j] = v if abs(v) > tiny else zero
            params[k, j] -= rate * v
    return params, velocity


@_jit
def nesterov_update(params, gradient, velocity, learning_rate, momentum):
    zero, tiny = params.dtype.type(0), _tiny(params)
    for k in range(params.shape[0]):
        rate, keep = learning_rate[k, 0], momentum[k, 0]
        for j in range(params.shape[1]):
            v = keep * velocity[k, j] + gradient[k, j]
            velocity[k, j] = v if abs(v) > tiny else zero
            params[k, j] -= rate * (gradient[k, j] + keep * v)
    return params, velocity


@_jit
def adam_update(params, gradient, m, v, rate, beta1, beta2, epsilon):
    one, zero = params.dtype.type(1), params.dtype.type(0)
    tiny = _tiny(params)
    for k in range(params.shape[0]):
        step, b1, b2, eps = rate[k, 0], beta1[k, 0], beta2[k, 0], epsilon[k, 0]
        c1, c2 = one - b1, one - b2
        for j in range(params.shape[1]):
            g = gradient[k, j]
            m_j = b1 * m[k, j] + c1 * g
            v_j = b2 * v[k, j] + c2 * g * g
            m[k, j] = m_j if abs(m_j) > tiny else zero
            v[k, j] = v_j if v_j > tiny else zero
            params[k, j] -= step * m_j / (np.sqrt(v_j) + eps)
    return params, m, v


@_jit
def add_scaled(total, weights, scale):
    for k in range(weights.shape[0]):
        factor = scale[k, 0]
        for j in range(weights.shape[1]):
            total[k, j] += factor * weights[k, j]
    return total


@_jit
def soft_threshold(weights, threshold):
    zero = weights.dtype.type(0)
    per_coordinate = threshold.shape[1] > 1
    for k in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            t = threshold[k, j] if per_coordinate else threshold[k, 0]
            w = weights[k, j]
            weights[k, j] = max(w - t, zero) + min(w + t, zero)
    return weights


@_jit
def newest_to_oldest(gradient, steps, changes, curvature, n_steps):
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


@_jit
def oldest_to_newest(direction, weights, steps, changes, curvature, n_steps):
    history_size = steps.shape[1]
    for k in range(direction.shape[0]):
        d = direction[k]
        for age in range(min(n_steps, history_size) - 1, -1, -1):
            i = (n_steps - 1 - age) % history_size
            correction = curvature[k, i] * _dot(changes[k, i], d)
            _add_multiple(d, weights[k, i] - correction, steps[k, i])
    return direction


@_jit
def _dot(a, b):
    total = a.dtype.type(0)
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@_jit
def _add_multiple(total, factor, array):
    for j in range(array.size):
        total[j] += factor * array[j]


@_jit
def relu_forward(z, bias):
    zero = z.dtype.type(0)
    for k in range(z.shape[0]):
        for i in range(z.shape[1]):
            for j in range(z.shape[2]):
                z[k, i, j] = max(z[k, i, j] + bias[k, 0, j], zero)
    return z


@_jit
def relu_backward(delta, a):
    zero = delta.dtype.type(0)
    for k in range(delta.shape[0]):
        for i in range(delta.shape[1]):
            for j in range(delta.shape[2]):
                delta[k, i, j] = delta[k, i, j] if a[k, i, j] > zero else zero
    return delta


def _in_memory_order(raw):
    """Return `raw` without gaps, and whether fits come before samples there (else after them)."""
    fits_first = raw.strides[0] >= raw.strides[1]
    return np.ascontiguousarray(raw if fits_first else raw.transpose(1, 0, 2)), fits_first


@_jit
def _subtract_row_max(raw, y, fits_first, of_label):
    for a in range(raw.shape[0]):
        for b in range(raw.shape[1]):
            top = raw[a, b, 0]
            for j in range(1, raw.shape[2]):
                top = max(top, raw[a, b, j])
            for j in range(raw.shape[2]):
                raw[a, b, j] -= top
            of_label[a, b] = raw[a, b, y[b if fits_first else a]]


@_jit
def _normalise(exponentials, y, fits_first, total):
    one, zero = exponentials.dtype.type(1), exponentials.dtype.type(0)
    tiny = _tiny(exponentials)
    for a in range(total.shape[0]):
        for b in range(total.shape[1]):
            row_total = exponentials[a, b, 0]
            for j in range(1, exponentials.shape[2]):
                row_total += exponentials[a, b, j]
            scale = one / row_total
            for j in range(exponentials.shape[2]):
                probability = exponentials[a, b, j] * scale
                exponentials[a, b, j] = probability if probability > tiny else zero
            exponentials[a, b, y[b if fits_first else a]] -= one
            total[a, b] = row_total


def softmax_log_loss(raw, y):
    # exp in a compiled loop is scalar, NumPy's is SIMD; so the loop is cut in two around it
    raw, fits_first = _in_memory_order(raw)
    of_label, total = np.empty((2, *raw.shape[:2]), dtype=raw.dtype)
    _subtract_row_max(raw, y, fits_first, of_label)
    np.exp(raw, out=raw)
    _normalise(raw, y, fits_first, total)
    value = np.subtract(np.log(total, out=total), of_label, out=total)
    return (value, raw) if fits_first else (value.T, raw.transpose(1, 0, 2))


@_jit
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
            small[i, j] = max(z, zero) + log1p - target * z
            raw[i, j] = (one if z >= zero else e) / (one + e) - target


def logistic_log_loss(raw, y):
    n_outputs = raw.shape[2]
    raw, fits_first = _in_memory_order(raw if n_outputs == 1 else np.ascontiguousarray(raw))
    rows = raw.reshape(raw.shape[0], -1)
    small = np.copysign(rows, -1)  # -|z|
    np.exp(small, out=small)
    _logistic(rows, y.reshape(1, -1) if fits_first else y, small)
    value = small if n_outputs == 1 else small.reshape(raw.shape).sum(axis=-1)
    return (value, raw) if fits_first else (value.T, raw.transpose(1, 0, 2))


FUSED: dict[str, Callable] = {
    function.__name__: function
    for function in (
        descend,
        momentum_update,
        nesterov_update,
        adam_update,
        add_scaled,
        soft_threshold,
        relu_forward,
        relu_backward,
        newest_to_oldest,
        oldest_to_newest,
        softmax_log_loss,
        logistic_log_loss,
    )
}
