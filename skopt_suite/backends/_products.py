"""Products of the input, which all fits of a stack share, with a stack of matrices.

Shapes: ``x`` is ``(n_samples, n_features)``, dense or sparse; weights are
``(n_fits, n_features, n_outputs)``; predictions and deltas ``(n_fits, n_samples, n_outputs)``.
"""

from __future__ import annotations

import numpy as np

from skopt_suite.backends._arrays import is_sparse, matmul_into, namespace
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
from skopt_suite.backends.kernels import kernel

_NARROW = 16  # below this many outputs one wide product beats a batch of narrow ones
_MANY_ROWS = 1000  # that SciPy may add up one after the other in single precision


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
    if not is_sparse(x):
        return namespace(x).matmul(x, weights)
    out = np.empty((n_fits, x.shape[0], n_outputs), dtype=weights.dtype)
    for k in range(n_fits):
        out[k] = x @ weights[k]
    return out


def input_product_transposed(out: LayerWeights, x: FeatureMatrix, delta: Activations) -> None:
    """Write ``x.T @ delta[k]`` for every fit into `out`."""
    n_fits, _, n_outputs = delta.shape
    if n_fits > 1 and is_narrow(n_outputs):
        wide = wide_product_transposed(x, _side_by_side(delta))
        out[...] = _stacked(wide, n_fits, n_outputs)
    elif is_sparse(x):
        for k in range(n_fits):
            out[k] = wide_product_transposed(x, delta[k])
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
        wide = wide.astype(np.float64)
    return x.T @ wide


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
    xp = namespace(values)
    total = xp.sum(values, axis=axis, dtype=xp.float64, keepdims=keepdims)
    return xp.astype(total, values.dtype, copy=False)


def mean_in_double(values: Array, axis: int) -> Array:
    """Return the mean in the precision of `values`, but added up in double precision."""
    xp = namespace(values)
    total = xp.sum(values, axis=axis, dtype=xp.float64)
    return xp.astype(total / values.shape[axis], values.dtype, copy=False)


def _side_by_side(stack: Array) -> Array:
    """``(n_fits, n, n_outputs)`` → ``(n, n_fits * n_outputs)``."""
    xp = namespace(stack)
    return xp.reshape(xp.permute_dims(stack, (1, 0, 2)), (stack.shape[1], -1))


def _stacked(wide: Array, n_fits: int, n_outputs: int) -> Array:
    """``(n, n_fits * n_outputs)`` → ``(n_fits, n, n_outputs)``."""
    xp = namespace(wide)
    return xp.permute_dims(xp.reshape(wide, (wide.shape[0], n_fits, n_outputs)), (1, 0, 2))
