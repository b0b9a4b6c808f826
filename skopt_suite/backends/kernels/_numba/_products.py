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
from skopt_suite.backends.kernels._numba._entry import entry
from skopt_suite.backends.kernels._numba._gemm import gemm_address, product, transposed_product
from skopt_suite.backends.kernels._numba._jit import jit_inlined
from skopt_suite.backends.kernels._numba._types import (
    array,
    doubles,
    given,
    part_of,
    row_of,
    rows_of,
    whole,
)
from skopt_suite.backends.resources import SMALL_PRODUCT


def wide_product(x: FeatureMatrix, wide: np.ndarray) -> np.ndarray:
    size = _rows_of_block(x, wide)
    if size == x.shape[0]:
        return x @ wide
    out = np.empty((x.shape[0], wide.shape[1]), dtype=x.dtype)
    _wide_product(out, x, np.ascontiguousarray(wide), size, gemm_address(x.dtype))
    return out


def _with_matrices(kind):
    return array(kind, 2), given(kind, 2), given(kind, 2), whole, whole


@entry(_with_matrices)
def _wide_product(out, x, wide, size, gemm):
    for start in range(0, x.shape[0], size):
        n_rows = min(size, x.shape[0] - start)
        product(gemm, rows_of(x, start, n_rows), wide, rows_of(out, start, n_rows), 0)


def wide_product_transposed(x: FeatureMatrix, wide: np.ndarray) -> np.ndarray:
    size = _rows_of_block(x, wide)
    if size == x.shape[0]:
        return x.T @ wide
    out = np.empty((x.shape[1], wide.shape[1]), dtype=x.dtype)
    _wide_product_transposed(out, x, np.ascontiguousarray(wide), size, gemm_address(x.dtype))
    return out


@entry(_with_matrices)
def _wide_product_transposed(out, x, wide, size, gemm):
    for start in range(0, x.shape[0], size):
        n_rows = min(size, x.shape[0] - start)
        rows, of_out = rows_of(x, start, n_rows), rows_of(wide, start, n_rows)
        transposed_product(gemm, rows, of_out, out, start > 0)


def _rows_of_block(x: FeatureMatrix, wide: np.ndarray) -> int:
    """Return how many rows to multiply at once: as `rows_at_once`, if blocks of rows are arrays."""
    (n_samples, n_in), n_out = x.shape, wide.shape[1]
    if x.dtype != wide.dtype or not x.flags.c_contiguous:
        return n_samples
    return _rows_at_once(n_samples, n_in, n_out)


def _rows_at_once(n_samples, n_in, n_out):
    # OpenBLAS takes products of up to 100³ without packing its operands first, and is 1.3 to 1.5
    # times as fast at them as at larger ones. With few rows at once that is lost again, and
    # products that BLAS may share among its threads stay whole: however many it has at the moment,
    # so that the rounding of a fit does not depend on what other threads do.
    most = 1_000_000 // (n_in * n_out)
    if most < 64 or 2.0 * n_samples * n_in * n_out >= SMALL_PRODUCT:
        return n_samples
    n_blocks = -(-n_samples // most)
    return -(-n_samples // n_blocks)


rows_at_once = jit_inlined(_rows_at_once)


def summed_over_samples(delta: Activations) -> np.ndarray:
    n_fits, n_samples, n_outputs = delta.shape
    total = np.empty((n_fits, 1, n_outputs), dtype=delta.dtype)
    if delta.strides[0] < delta.strides[1]:  # fits after samples in memory
        delta = delta.transpose(1, 0, 2).reshape(1, n_samples, -1)
    _summed_over_samples(total.reshape(len(delta), -1), np.ascontiguousarray(delta))
    return total


@entry(lambda kind: (array(kind, 2), given(kind, 3)))
def _summed_over_samples(total, delta):
    for k in range(delta.shape[0]):
        sum_rows(delta[k], total[k])


@jit_inlined
def sum_rows(rows, total):
    """Write the sum of rows, (n_samples, n), to `total`, (n,); it is added up in double precision.

    Four rows at once, else each waits for the one before.
    """
    wide, n_fours = doubles(), rows.shape[0] // 4 * 4
    for first in range(0, total.size, wide.size):
        n = total.size - first if total.size - first < wide.size else wide.size
        for j in range(n):
            wide[j] = 0
        for i in range(0, n_fours, 4):
            a, b = part_of(row_of(rows, i), first, n), part_of(row_of(rows, i + 1), first, n)
            c, d = part_of(row_of(rows, i + 2), first, n), part_of(row_of(rows, i + 3), first, n)
            for j in range(n):
                wide[j] += (np.float64(a[j]) + b[j]) + (np.float64(c[j]) + d[j])
        for i in range(n_fours, rows.shape[0]):
            a = part_of(row_of(rows, i), first, n)
            for j in range(n):
                wide[j] += a[j]
        for j in range(n):
            total[first + j] = wide[j]


def averaged(value: PerSample, delta: RawPredictions) -> tuple[PerFit, RawPredictions]:
    n_samples = value.shape[1]
    mean = value.sum(axis=1, dtype=np.float64) / n_samples
    delta *= 1.0 / n_samples  # whose memory may be that of `value`
    return mean.astype(value.dtype, copy=False), delta
