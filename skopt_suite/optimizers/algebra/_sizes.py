"""How large features and rows are, for steps with one row after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array

_AT_ONCE = 4096  # rows
_CONSTANT = 8.0  # units in the last place of the largest value


class Sizes(NamedTuple):
    """Of inputs ``x_i - m``, m being 0 for sparse rows, which stay as they are.

    A step for every feature is in inverse proportion to ``c_j = r_j max_i |x_ij - m_j|``, with r_j
    the root of the mean square. That is between two extremes: with the largest square, features
    that are rarely not 0 hardly move; with the mean square, rows that have such features are so
    long that all steps are short.
    """

    mean: Array  # (n_features,): m
    curvature: Array  # (n_features,): c
    lengths: Array  # (n_samples,): Σ_j (x_ij - m_j)² / c_j, and 1 of the intercept

    @classmethod
    def of(cls, X: Any, has_bias: bool) -> Sizes:
        """Return those of dense or sparse rows."""
        is_dense = isinstance(X, np.ndarray)
        find = _of_dense if is_dense else _of_sparse
        mean = np.zeros(X.shape[1])
        if is_dense and has_bias:
            mean = X.mean(axis=0, dtype=np.float64)
        curvature, lengths = find(X, mean)
        return cls(mean, curvature, lengths + has_bias)


def _of_dense(X: Array, mean: Array) -> tuple[Array, Array]:
    low, high = X.min(axis=0), X.max(axis=0)
    furthest = np.maximum(np.abs(low - mean), np.abs(high - mean))
    square = sum((part * part).sum(axis=0) for part in _parts(X, mean)) / len(X)
    rounding = _CONSTANT * np.finfo(X.dtype).eps * np.maximum(np.abs(low), np.abs(high))
    curvature = _curvature(square, np.where(furthest > rounding, furthest, 0.0), mean)
    return curvature, np.concatenate([(part * part) @ (1 / curvature) for part in _parts(X, mean)])


def _of_sparse(X: Any, mean: Array) -> tuple[Array, Array]:
    values = np.square(X.data, dtype=np.float64)
    furthest = np.zeros(X.shape[1])
    np.maximum.at(furthest, X.indices, values)
    square = np.bincount(X.indices, values, minlength=X.shape[1]) / X.shape[0]
    curvature = _curvature(square, np.sqrt(furthest), mean)
    squares = type(X)((values, X.indices, X.indptr), shape=X.shape)
    return curvature, squares @ (1 / curvature)


def _curvature(square: Array, furthest: Array, mean: Array) -> Array:
    """Return that of features; of those that are constant, what lets them stay."""
    curvature = np.sqrt(square) * furthest
    return np.where(curvature > 0, curvature, np.where(mean == 0, 1.0, mean * mean))


def _parts(X: Array, mean: Array) -> Iterator[Array]:
    """Yield centred rows, some at a time."""
    for start in range(0, len(X), _AT_ONCE):
        yield X[start : start + _AT_ONCE] - mean
