"""Fused CPU kernels, by the name of their definition.

They are serial (parallelism comes from BLAS and from threads over fits) and overwrite their
arguments. `fastmath` assumes that there is no NaN: divergence is looked for outside, in losses and
norms. Scalars per fit come as arrays of shape (n_fits, 1).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from skopt_suite.backends._threads import SMALL_PRODUCT, blas_is_limited_to_one_thread

_jit = njit(nogil=True, fastmath=True, error_model="numpy", cache=True)


@_jit
def _tiny(array):
    # What counts as zero. Denormal numbers are many times slower in everything that touches them:
    # moments of dead units decay to them, and probabilities of sure predictions are such.
    return np.finfo(array.dtype).tiny * array.dtype.type(1e3)


@_jit
def _small(array):
    # What counts as zero where it will be squared, about 1e-16 in single precision.
    return np.sqrt(np.finfo(array.dtype).tiny) * array.dtype.type(1e3)


@_jit
def _write_back(array, k, row):
    # `row` is np.ascontiguousarray(array[k]). Of the weights among all parameters, which are rows
    # apart but side by side in each, that is no copy: it tells the compiler that they are, and
    # loops over them vectorise. Of anything else it is a copy.
    if array.strides[1] != array.itemsize:
        array[k, :] = row


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
def adam_update(params, gradient, m, v, n_steps, learning_rate, beta1, beta2, epsilon):
    kind, zero = params.dtype.type, params.dtype.type(0)
    tiny, small = _tiny(params), _small(params)
    for k in range(params.shape[0]):
        correction = np.sqrt(1 - beta2[k, 0] ** n_steps[k, 0])
        step = kind(learning_rate[k, 0] * correction / (1 - beta1[k, 0] ** n_steps[k, 0]))
        b1, b2, eps = kind(beta1[k, 0]), kind(beta2[k, 0]), kind(epsilon[k, 0] * correction)
        c1, c2 = kind(1) - b1, kind(1) - b2
        for j in range(params.shape[1]):
            g = gradient[k, j]
            g = g if abs(g) > small else zero  # else its square is denormal
            m_j = b1 * m[k, j] + c1 * g
            v_j = b2 * v[k, j] + c2 * g * g
            m_j = m_j if abs(m_j) > small else zero
            v_j = v_j if v_j > tiny else zero
            m[k, j], v[k, j] = m_j, v_j
            params[k, j] -= step * (m_j / (np.sqrt(v_j) + eps))
    return params, m, v


@_jit
def add_scaled(total, weights, scale):
    for k in range(weights.shape[0]):
        sums, w = np.ascontiguousarray(total[k]), np.ascontiguousarray(weights[k])
        factor = scale[k, 0]
        for j in range(w.size):
            sums[j] += factor * w[j]
        _write_back(total, k, sums)
    return total


@_jit
def soft_threshold(weights, threshold):
    zero = weights.dtype.type(0)
    for k in range(weights.shape[0]):
        w, t = np.ascontiguousarray(weights[k]), np.ascontiguousarray(threshold[k])
        if t.size > 1:
            for j in range(w.size):
                w[j] = max(w[j] - t[j], zero) + min(w[j] + t[j], zero)
        else:
            for j in range(w.size):
                w[j] = max(w[j] - t[0], zero) + min(w[j] + t[0], zero)
        _write_back(weights, k, w)
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
def _bend(z, bias, leak):
    zero, slope = z.dtype.type(0), z.dtype.type(leak)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            total = z[i, j] + bias[j]
            z[i, j] = total if total > zero else slope * total


@_jit
def _layer(layers, depth):
    return layers[depth, 0], layers[depth, 1], layers[depth, 2], layers[depth, 3]


@_jit
def _weights_of(row, n_in, n_out, weights_at):
    return row[weights_at : weights_at + n_in * n_out].reshape((n_in, n_out))


@_jit
def _rows_at_once(n_samples, n_in, n_out):
    # OpenBLAS takes products of up to 100³ without packing its operands first, and is 1.3 to 1.5
    # times as fast at them as at larger ones. With few rows at once that is lost again, and
    # products that BLAS may share among its threads stay whole.
    most = 1_000_000 // (n_in * n_out)
    if most < 64 or 2.0 * n_samples * n_in * n_out >= SMALL_PRODUCT:
        return n_samples
    n_blocks = -(-n_samples // most)
    return -(-n_samples // n_blocks)


@_jit
def _dense_forward(row, x, z, n_in, n_out, weights_at, bias_at, leak):
    weights = _weights_of(row, n_in, n_out, weights_at)
    size = _rows_at_once(x.shape[0], n_in, n_out)
    for start in range(0, x.shape[0], size):
        stop = min(start + size, x.shape[0])
        np.dot(x[start:stop], weights, z[start:stop])
        if bias_at >= 0:
            _bend(z[start:stop], row[bias_at : bias_at + n_out], leak)


@_jit
def _run_forward(params, x, layers, leaks):
    n_fits, n_samples = params.shape[0], x.shape[1]
    outputs = np.empty(n_fits * n_samples * layers[:, 1].sum(), dtype=params.dtype)
    for k in range(n_fits):
        a, start = x[0 if x.shape[0] == 1 else k], 0
        for depth in range(layers.shape[0]):
            n_in, n_out, weights_at, bias_at = _layer(layers, depth)
            size = n_samples * n_out
            z = outputs[start + k * size : start + (k + 1) * size].reshape((n_samples, n_out))
            _dense_forward(params[k], a, z, n_in, n_out, weights_at, bias_at, leaks[depth])
            a, start = z, start + n_fits * size
    return outputs


def run_forward(params, x, layers, leaks):
    x = np.ascontiguousarray(x, dtype=params.dtype)
    return _run_forward(np.ascontiguousarray(params), x, layers, leaks)


@_jit
def _dense_gradient(row, x, delta, n_in, n_out, weights_at, bias_at):
    weights, n_samples = _weights_of(row, n_in, n_out, weights_at), x.shape[0]
    size = _rows_at_once(n_samples, n_in, n_out)
    np.dot(x[:size].T, delta[:size], weights)
    if size < n_samples:
        part = np.empty((n_in, n_out), dtype=row.dtype)
        for start in range(size, n_samples, size):
            stop = min(start + size, n_samples)
            np.dot(x[start:stop].T, delta[start:stop], part)
            for i in range(n_in):
                for j in range(n_out):
                    weights[i, j] += part[i, j]
    if bias_at >= 0:
        bias = row[bias_at : bias_at + n_out]
        bias[:] = 0
        for i in range(n_samples):
            for j in range(n_out):
                bias[j] += delta[i, j]


@_jit
def _unbend(delta, outputs, leak):
    zero, one, slope = delta.dtype.type(0), delta.dtype.type(1), delta.dtype.type(leak)
    if leak != 1:
        for i in range(delta.shape[0]):
            for j in range(delta.shape[1]):
                delta[i, j] *= one if outputs[i, j] > zero else slope


@_jit
def _run_backward(gradient, params, x, outputs, delta, layers, leaks, below):
    n_fits, n_samples, n_layers = gradient.shape[0], x.shape[1], layers.shape[0]
    spare = np.empty((2, n_samples * layers[:, 0].max()), dtype=gradient.dtype)
    for k in range(n_fits):
        row, stop, d = np.ascontiguousarray(gradient[k]), outputs.size, delta[k]
        size = n_samples * layers[n_layers - 1, 1]
        stop -= n_fits * size
        _unbend(d, outputs[stop + k * size : stop + (k + 1) * size].reshape(d.shape), leaks[-1])
        for depth in range(n_layers - 1, 0, -1):
            n_in, n_out, weights_at, bias_at = _layer(layers, depth)
            size = n_samples * n_in
            stop -= n_fits * size
            a = outputs[stop + k * size : stop + (k + 1) * size].reshape((n_samples, n_in))
            _dense_gradient(row, a, d, n_in, n_out, weights_at, bias_at)
            e = spare[depth % 2, :size].reshape((n_samples, n_in))
            np.dot(d, _weights_of(params[k], n_in, n_out, weights_at).T, e)
            _unbend(e, a, leaks[depth - 1])
            d = e
        n_in, n_out, weights_at, bias_at = _layer(layers, 0)
        _dense_gradient(row, x[0 if x.shape[0] == 1 else k], d, n_in, n_out, weights_at, bias_at)
        if below.size:
            np.dot(d, _weights_of(params[k], n_in, n_out, weights_at).T, below[k])
        _write_back(gradient, k, row)


def run_backward(gradient, params, x, outputs, delta, layers, leaks, needs_below):
    kind = gradient.dtype
    x, delta = np.ascontiguousarray(x, dtype=kind), np.ascontiguousarray(delta, dtype=kind)
    params, outputs = np.ascontiguousarray(params), np.ascontiguousarray(outputs)
    below = np.empty((delta.shape[0], *x.shape[1:]) if needs_below else (0, 0, 0), dtype=kind)
    _run_backward(gradient, params, x, outputs, delta, layers, leaks, below)
    return gradient, below if needs_below else None


def wide_product(x, wide):
    size = _rows_of_block(x, wide)
    if size == x.shape[0]:
        return x @ wide
    out = np.empty((x.shape[0], wide.shape[1]), dtype=x.dtype)
    _wide_product(x, np.ascontiguousarray(wide), out, size)
    return out


def wide_product_transposed(x, wide):
    size = _rows_of_block(x, wide)
    if size == x.shape[0]:
        return x.T @ wide
    out = np.empty((x.shape[1], wide.shape[1]), dtype=x.dtype)
    _wide_product_transposed(x, np.ascontiguousarray(wide), out, size)
    return out


def _rows_of_block(x, wide):
    """Return how many rows to multiply at once: as `_rows_at_once`, but for one wide product."""
    (n_samples, n_in), n_out = x.shape, wide.shape[1]
    is_shared = 2.0 * n_samples * n_in * n_out >= SMALL_PRODUCT
    if (is_shared and not blas_is_limited_to_one_thread()) or x.dtype != wide.dtype:
        return n_samples
    size = 1_000_000 // (n_in * n_out)
    return min(size, n_samples) if size >= 64 and x.flags.c_contiguous else n_samples


@_jit
def _wide_product(x, wide, out, size):
    for start in range(0, x.shape[0], size):
        stop = min(start + size, x.shape[0])
        np.dot(x[start:stop], wide, out[start:stop])


@_jit
def _wide_product_transposed(x, wide, out, size):
    part = np.empty_like(out)
    np.dot(x[:size].T, wide[:size], out)
    for start in range(size, x.shape[0], size):
        stop = min(start + size, x.shape[0])
        np.dot(x[start:stop].T, wide[start:stop], part)
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j] += part[i, j]


def summed_over_samples(delta):
    n_fits, n_samples, n_outputs = delta.shape
    total = np.zeros((n_fits, n_outputs))
    if delta.strides[0] < delta.strides[1]:  # fits after samples in memory
        _add_up(delta.transpose(1, 0, 2).reshape(n_samples, -1), total.reshape(-1))
    else:
        for k in range(n_fits):
            _add_up(delta[k], total[k])
    return total[:, None, :].astype(delta.dtype, copy=False)


@_jit
def _add_up(rows, total):
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            total[j] += rows[i, j]


def averaged(value, delta):
    n_samples = value.shape[1]
    mean = np.zeros(value.shape[0])
    if value.strides[0] < value.strides[1]:  # fits after samples in memory
        _add_up(value.T, mean)
    else:
        _add_up_each(value, mean)
    delta *= 1.0 / n_samples
    return (mean / n_samples).astype(value.dtype, copy=False), delta


@_jit
def _add_up_each(rows, total):
    for k in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            total[k] += rows[k, i]


def add_bias(z, bias, leak):
    if z.strides[0] >= z.strides[1]:
        _bend_each(z, bias, leak)
        return z
    n_fits, n_samples, n_outputs = z.shape  # with the fits after the samples in memory
    rows = z.transpose(1, 0, 2).reshape(n_samples, -1)
    _bend(rows, np.ascontiguousarray(bias).reshape(-1), leak)
    return rows.reshape(n_samples, n_fits, n_outputs).transpose(1, 0, 2)


@_jit
def _bend_each(z, bias, leak):
    for k in range(z.shape[0]):
        _bend(z[k], bias[k, 0], leak)


def _in_memory_order(raw):
    """Return `raw` without gaps, and whether fits come before samples there (else after them)."""
    fits_first = raw.strides[0] >= raw.strides[1]
    return np.ascontiguousarray(raw if fits_first else raw.transpose(1, 0, 2)), fits_first


@_jit
def unbend(delta, outputs, leak):
    for k in range(delta.shape[0]):
        _unbend(delta[k], outputs[k], leak)
    return delta


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
        run_forward,
        run_backward,
        wide_product,
        wide_product_transposed,
        summed_over_samples,
        averaged,
        add_bias,
        unbend,
        newest_to_oldest,
        oldest_to_newest,
        softmax_log_loss,
        logistic_log_loss,
    )
}
