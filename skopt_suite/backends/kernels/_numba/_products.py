"""Products of the input with all fits at once, and sums over samples."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._jit import jit, jit_sum
from skopt_suite.backends.resources._threads import SMALL_PRODUCT, blas_is_limited_to_one_thread


def wide_product(x, wide):
    size = _rows_of_block(x, wide)
    if size == x.shape[0]:
        return x @ wide
    out = np.empty((x.shape[0], wide.shape[1]), dtype=x.dtype)
    _wide_product(x, np.ascontiguousarray(wide), out, size)
    return out


@jit
def _wide_product(x, wide, out, size):
    for start in range(0, x.shape[0], size):
        stop = min(start + size, x.shape[0])
        np.dot(x[start:stop], wide, out[start:stop])


def wide_product_transposed(x, wide):
    size = _rows_of_block(x, wide)
    if size == x.shape[0]:
        return x.T @ wide
    out = np.empty((x.shape[1], wide.shape[1]), dtype=x.dtype)
    _wide_product_transposed(x, np.ascontiguousarray(wide), out, size)
    return out


@jit
def _wide_product_transposed(x, wide, out, size):
    part = np.empty_like(out)
    np.dot(x[:size].T, wide[:size], out)
    for start in range(size, x.shape[0], size):
        stop = min(start + size, x.shape[0])
        np.dot(x[start:stop].T, wide[start:stop], part)
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                out[i, j] += part[i, j]


def _rows_of_block(x, wide):
    """Return how many rows to multiply at once: as `_rows_at_once`, but for one wide product."""
    (n_samples, n_in), n_out = x.shape, wide.shape[1]
    is_shared = 2.0 * n_samples * n_in * n_out >= SMALL_PRODUCT
    if (is_shared and not blas_is_limited_to_one_thread()) or x.dtype != wide.dtype:
        return n_samples
    size = 1_000_000 // (n_in * n_out)
    return min(size, n_samples) if size >= 64 and x.flags.c_contiguous else n_samples


def summed_over_samples(delta):
    n_fits, n_samples, n_outputs = delta.shape
    total = np.zeros((n_fits, n_outputs))
    if delta.strides[0] < delta.strides[1]:  # fits after samples in memory
        _add_up(delta.transpose(1, 0, 2).reshape(n_samples, -1), total.reshape(-1))
    else:
        for k in range(n_fits):
            _add_up(delta[k], total[k])
    return total[:, None, :].astype(delta.dtype, copy=False)


@jit
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


@jit_sum
def _add_up_each(rows, total):
    for k in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            total[k] += rows[k, i]
