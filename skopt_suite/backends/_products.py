"""Products of the input, which all fits of a stack share, with a stack of matrices.

Shapes: ``x`` is ``(n_samples, n_features)``, dense or sparse; weights are
``(n_fits, n_features, n_outputs)``; predictions and deltas ``(n_fits, n_samples, n_outputs)``.
"""

from __future__ import annotations

import numpy as np

from skopt_suite.backends._arrays import in_precision, matmul_into, namespace
from skopt_suite.backends._shapes import (
    Activations,
    Array,
    FeatureMatrix,
    LayerWeights,
    Params,
    PerFit,
    PerSample,
    RawPredictions,
)
from skopt_suite.backends._sparse import is_sparse
from skopt_suite.backends.kernels import kernel

_NARROW = 16  # below this many outputs one wide product beats a batch of narrow ones
_MANY_ROWS = 1000  # that SciPy may add up one after the other in single precision
_BLOCK_ROWS = 2048  # that devices add up in one go, side by side with other blocks
_FEW_ENTRIES = 2**14  # of a product: whole, it would keep next to nothing of a device busy


def is_plain_batch(x: FeatureMatrix, params: Params, n_outputs: int) -> bool:
    """Whether `x` is best multiplied with the matrix of each fit in turn, by a kernel."""
    if is_sparse(x) or is_narrow(n_outputs):
        return False
    return type(x) is not np.ndarray or (x.flags.c_contiguous and x.dtype == params.dtype)


def is_narrow(n_outputs: int) -> bool:
    """Whether the matrices of a stack are multiplied with the input side by side, in one copy."""
    return n_outputs < _NARROW


def is_summed_in_double(n_samples: int) -> bool:
    """Whether products that sum over samples of sparse rows take copies in double precision."""
    return n_samples > _MANY_ROWS


def input_product(x: FeatureMatrix, weights: LayerWeights) -> Activations:
    """Return ``x @ weights[k]`` for every fit."""
    n_fits, _, n_outputs = weights.shape
    if n_fits > 1 and is_narrow(n_outputs):
        return _stacked(wide_product(x, _side_by_side(weights)), n_fits, n_outputs)
    if n_fits == 1 and _is_on_device(x):  # more dimensions make copies where x is transposed
        return wide_product(x, weights[0, ...])[None, ...]
    if not is_sparse(x):
        return namespace(x).matmul(x, weights)
    shape, device = (n_fits, x.shape[0], n_outputs), weights.device
    out = namespace(weights).empty(shape, dtype=weights.dtype, device=device)
    for k in range(n_fits):
        out[k, ...] = x @ weights[k, ...]
    return out


def input_product_transposed(out: LayerWeights, x: FeatureMatrix, delta: Activations) -> None:
    """Write ``x.T @ delta[k]`` for every fit into `out`."""
    n_fits, _, n_outputs = delta.shape
    if n_fits > 1 and is_narrow(n_outputs):
        wide = wide_product_transposed(x, _side_by_side(delta))
        _write(out, _stacked(wide, n_fits, n_outputs))
    elif n_fits == 1 and _is_on_device(x):
        out[0, ...] = wide_product_transposed(x, delta[0, ...])
    elif is_sparse(x):
        for k in range(n_fits):
            _write(out[k, ...], wide_product_transposed(x, delta[k, ...]))
    else:
        matmul_into(out, x.T, delta)


@kernel
def wide_product(x: FeatureMatrix, wide: Array) -> Array:
    """``x @ wide``, where `x` has many more rows than there are columns."""
    return x @ wide


@kernel
def wide_product_transposed(x: FeatureMatrix, wide: Array) -> Array:
    """``x.T @ wide``, where `x` has many more rows than there are columns."""
    if is_sparse(x) and is_summed_in_double(x.shape[0]):
        xp = namespace(wide)
        wide = xp.astype(wide, xp.float64)
    return product_over_rows(x, wide) if _is_on_device(x) else x.T @ wide


@kernel
def summed_over_samples(delta: Activations) -> Array:
    """Sum of an array (n_fits, n_samples, n_outputs) over its samples, (n_fits, 1, n_outputs)."""
    return sum_in_double(delta, axis=1, keepdims=True)


@kernel
def averaged(value: PerSample, delta: RawPredictions) -> tuple[PerFit, RawPredictions]:
    """Mean over samples of `value`, (n_fits, n_samples), and the gradient of that from `delta`."""
    return mean_in_double(value, axis=-1), delta / value.shape[1]


def sum_in_double(values: Array, axis: int, keepdims: bool = False) -> Array:
    """Return the sum in the precision of `values`, but added up in double precision.

    Millions of numbers in single precision, one after the other, lose all digits but one or two.
    """
    total = _sum_in_double(values, axis)
    if keepdims:
        total = namespace(values).expand_dims(total, axis=axis)
    return in_precision(total, values.dtype)


def mean_in_double(values: Array, axis: int) -> Array:
    """Return the mean in the precision of `values`, but added up in double precision."""
    mean = _sum_in_double(values, axis) / values.shape[axis]
    return in_precision(mean, values.dtype)


def weighted_sum(values: Array, weight: Array) -> Array:
    """Return the sum over samples of `values`, (n_fits, n_samples), times weights that fit them."""
    xp = namespace(values)
    if xp is np:
        return xp.vecdot(values, weight)
    return sum_in_double(values * weight, axis=-1)


def product_over_rows(a: Array, b: Array) -> Array:
    """Return ``a.T @ b`` of dense arrays with many rows, (n_rows, p) and (n_rows, q).

    A device multiplies blocks of rows side by side, and what they give is added up in double
    precision: a product of few entries over all rows would wait for one processor. Of the narrower
    array it makes a copy.
    """
    xp, (n_rows, p), q = namespace(a), a.shape, b.shape[1]
    is_whole = n_rows < 2 * _BLOCK_ROWS or p * q > _FEW_ENTRIES
    if xp is np or is_whole or not (_is_in_rows(a) and _is_in_rows(b)):
        return xp.matmul(a.T, b)
    if p > q:
        return product_over_rows(b, a).T
    (a_blocks, a_rest), (b_blocks, b_rest) = _in_blocks(a, 0), _in_blocks(b, 0)
    products = xp.matmul(xp.matrix_transpose(a_blocks), b_blocks)
    total = xp.sum(products, axis=0, dtype=xp.float64)
    return xp.astype(total + xp.matmul(a_rest.T, b_rest), products.dtype, copy=False)


def _sum_in_double(values: Array, axis: int) -> Array:
    """Return the sum in double precision; on a device that of blocks side by side."""
    xp, axis = namespace(values), axis % values.ndim
    if xp is np:
        return values.sum(axis=axis, dtype=np.float64)
    if values.shape[axis] < 2 * _BLOCK_ROWS:
        return xp.sum(values, axis=axis, dtype=xp.float64)
    blocks, rest = _in_blocks(values, axis)
    total = xp.sum(xp.sum(blocks, axis=axis + 1, dtype=xp.float64), axis=axis)
    return total + xp.sum(rest, axis=axis, dtype=xp.float64)


def _in_blocks(values: Array, axis: int) -> tuple[Array, Array]:
    """Return blocks of an axis along one more, (..., n_blocks, n, ...), and what is left over."""
    shape, before = values.shape, (slice(None),) * axis
    n_blocks = shape[axis] // _BLOCK_ROWS
    end = n_blocks * _BLOCK_ROWS
    blocked = (*shape[:axis], n_blocks, _BLOCK_ROWS, *shape[axis + 1 :])
    blocks = namespace(values).reshape(values[(*before, slice(0, end), ...)], blocked)
    return blocks, values[(*before, slice(end, shape[axis]), ...)]


def _is_on_device(x: FeatureMatrix) -> bool:
    return not is_sparse(x) and namespace(x) is not np


def _is_in_rows(x: Array) -> bool:
    """Whether blocks of rows are views, as far as arrays say."""
    flags = getattr(x, "flags", None)
    return flags is None or flags.c_contiguous


def _write(out: Array, values: Array) -> None:
    """Write values of either precision; only NumPy's are always converted as they are written."""
    is_numpy = type(out) is np.ndarray
    out[...] = values if is_numpy else namespace(out).astype(values, out.dtype, copy=False)


def _side_by_side(stack: Array) -> Array:
    """``(n_fits, n, n_outputs)`` → ``(n, n_fits * n_outputs)``."""
    xp = namespace(stack)
    return xp.reshape(xp.permute_dims(stack, (1, 0, 2)), (stack.shape[1], -1))


def _stacked(wide: Array, n_fits: int, n_outputs: int) -> Array:
    """``(n, n_fits * n_outputs)`` → ``(n_fits, n, n_outputs)``."""
    xp = namespace(wide)
    return xp.permute_dims(xp.reshape(wide, (wide.shape[0], n_fits, n_outputs)), (1, 0, 2))
