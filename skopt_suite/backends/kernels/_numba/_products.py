"""Products of the input with all fits at once, and sums over samples."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends._shapes import (
    Activations,
    FeatureMatrix,
    PerFit,
    PerSample,
    RawPredictions,
)
from skopt_suite.backends.kernels._numba._jit import jit, jit_sum
from skopt_suite.backends.resources import SMALL_PRODUCT


def wide_product(x: FeatureMatrix, wide: np.ndarray) -> np.ndarray:
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


def wide_product_transposed(x: FeatureMatrix, wide: np.ndarray) -> np.ndarray:
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


def _rows_of_block(x: FeatureMatrix, wide: np.ndarray) -> int:
    """Return how many rows to multiply at once: as `rows_at_once`, if blocks of rows are arrays."""
    (n_samples, n_in), n_out = x.shape, wide.shape[1]
    if x.dtype != wide.dtype or not x.flags.c_contiguous:
        return n_samples
    return rows_at_once(n_samples, n_in, n_out)


@jit
def rows_at_once(n_samples, n_in, n_out):
    # OpenBLAS takes products of up to 100³ without packing its operands first, and is 1.3 to 1.5
    # times as fast at them as at larger ones. With few rows at once that is lost again, and
    # products that BLAS may share among its threads stay whole: however many it has at the moment,
    # so that the rounding of a fit does not depend on what other threads do.
    most = 1_000_000 // (n_in * n_out)
    if most < 64 or 2.0 * n_samples * n_in * n_out >= SMALL_PRODUCT:
        return n_samples
    n_blocks = -(-n_samples // most)
    return -(-n_samples // n_blocks)


def summed_over_samples(delta: Activations) -> np.ndarray:
    n_fits, n_samples, n_outputs = delta.shape
    total = np.zeros((n_fits, n_outputs))
    if delta.strides[0] < delta.strides[1]:  # fits after samples in memory
        add_up(delta.transpose(1, 0, 2).reshape(n_samples, -1), total.reshape(-1))
    else:
        for k in range(n_fits):
            add_up(delta[k], total[k])
    return total[:, None, :].astype(delta.dtype, copy=False)


@jit
def add_up(rows, total):
    """Add rows, (n_samples, n), to `total`, (n,), in double precision."""
    # Four at once, else each waits for the one before.
    wide, n_fours = total.dtype.type, rows.shape[0] // 4 * 4
    for i in range(0, n_fours, 4):
        for j in range(rows.shape[1]):
            first, second = wide(rows[i, j]) + rows[i + 1, j], wide(rows[i + 2, j]) + rows[i + 3, j]
            total[j] += first + second
    for i in range(n_fours, rows.shape[0]):
        for j in range(rows.shape[1]):
            total[j] += rows[i, j]


def averaged(value: PerSample, delta: RawPredictions) -> tuple[PerFit, RawPredictions]:
    n_samples = value.shape[1]
    mean = np.zeros(value.shape[0])
    if value.strides[0] < value.strides[1]:  # fits after samples in memory
        add_up(value.T, mean)
    else:
        _add_up_each(value, mean)
    delta *= 1.0 / n_samples
    return (mean / n_samples).astype(value.dtype, copy=False), delta


@jit_sum
def _add_up_each(rows, total):
    for k in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            total[k] += rows[k, i]
