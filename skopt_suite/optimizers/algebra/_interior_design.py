"""The systems of linear equations of an interior-point method."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from skopt_suite.backends import Array
from skopt_suite.optimizers.algebra._interior_rows import scale_rows

Solve = Callable[[Array], Array]

_MOST_IN_BLOCK = 2**15  # numbers of rows that are taken at once: they stay in the cache
_NARROW = 32  # features: products of blocks of so few are faster than those that are symmetric
_FLOOR = 1e-8  # of the mean curvature: what every weight has at the least where rows are few
_RIDGES = (1e-13, 1e-10, 1e-7)  # on a diagonal of 1, one after the other until it has a root


@dataclass(eq=False)
class Design:
    """How numbers z depend on θ, which is weights and an intercept: ``A θ``.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        Inputs, in float64.
    has_bias : bool
        Whether there is an intercept; else it stays 0.
    has_l1 : bool
        Whether weights themselves come after the rows.
    """

    X: Array
    has_bias: bool
    has_l1: bool

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.X.shape[0]

    def product(self, theta: Array) -> Array:
        """Return ``A θ``, once for every row, and weights after them where there is L1."""
        n_samples, n_features = self.X.shape
        product = np.empty(n_samples + n_features * self.has_l1)
        np.matmul(self.X, theta[:-1], out=product[:n_samples])
        product[:n_samples] += theta[-1]
        product[n_samples:] = theta[: len(product) - n_samples]
        return product

    def transposed(self, a: Array) -> Array:
        """Return ``Aᵀ a`` of what has been summed over the kinks of every row."""
        of_rows, of_weights = self.split(a)
        result = np.empty(self.X.shape[1] + 1)
        np.matmul(self.X.T, of_rows, out=result[:-1])
        result[:-1] += of_weights
        result[-1] = of_rows.sum() * self.has_bias
        return result

    def all_transposed(self, several: Array) -> Array:
        """Return the same of several, (n, n_shared), in one pass through the rows."""
        of_rows = several[:, : self.n_rows]
        result = np.zeros((len(several), self.X.shape[1] + 1))
        for rows in _blocks(self.X):
            result[:, :-1] += of_rows[:, rows] @ self.X[rows]
        if self.has_l1:
            result[:, :-1] += several[:, self.n_rows :]
        result[:, -1] = of_rows.sum(axis=1) * self.has_bias
        return result

    def split(self, values: Array) -> tuple[Array, Array | float]:
        """Return what there is for every row, and for every weight."""
        return values[: self.n_rows], values[self.n_rows :] if self.has_l1 else 0.0

    @cached_property
    def squares(self) -> Array:
        """``Σ_j X_ij²``."""
        return np.vecdot(self.X, self.X)

    @cached_property
    def deviations(self) -> Array:
        """Root mean squares of features."""
        return np.sqrt(np.full(self.n_rows, 1 / self.n_rows) @ np.square(self.X))

    def inverse(self, curvature: Array, l2: Array, totals: Array) -> Solve:
        """Return what multiplies by the inverse of ``Aᵀ diag(curvature) A + diag(l2)``.

        The totals are ``Aᵀ curvature``.
        """
        of_rows, of_weights = self.split(curvature)
        n_samples, n_features = self.X.shape
        if n_samples < n_features:
            return self._inverse_by_rows(of_rows, of_weights + l2[:-1])
        totals = np.append(totals[:-1] - of_weights * self.has_bias, totals[-1])
        return self._inverse_by_features(of_rows, of_weights + l2[:-1], totals)

    def _inverse_by_features(self, curvature: Array, diagonal: Array, totals: Array) -> Solve:
        n = self.X.shape[1]
        matrix = np.empty((n + 1, n + 1))
        matrix[:n, :n] = _weighted_square(self.X, curvature)
        matrix[n] = matrix[:, n] = self.has_bias * totals
        _diagonal(matrix)[:n] += diagonal
        return _inverse(matrix, _RIDGES[0])

    def _inverse_by_rows(self, curvature: Array, diagonal: Array) -> Solve:
        """Solve with a matrix of rows by rows, and once more for what rounding has left."""
        mean = curvature @ self.squares / len(diagonal)
        least = np.finfo(np.float64).eps * curvature.max()
        at_least = np.maximum(diagonal, _FLOOR * mean)
        solve = _ByRows(self.X, self.has_bias, np.maximum(curvature, least), at_least)

        def refined(g: Array) -> Array:
            theta = solve(g)
            slope = curvature * (self.X @ theta[:-1] + theta[-1])
            left = g[:-1] - diagonal * theta[:-1] - self.X.T @ slope
            return theta + solve(np.append(left, self.has_bias * (g[-1] - slope.sum())))

        return refined


class _ByRows:
    """Multiplies by the inverse, found with a matrix of rows by rows.

    Weights w, which have a diagonal, and intercept b follow from ``s = curvature (X w + b)``.
    """

    def __init__(self, X: Array, has_bias: bool, curvature: Array, diagonal: Array) -> None:
        self.X, self.has_bias, self.diagonal = X, has_bias, diagonal
        scaled = X / np.sqrt(diagonal)
        matrix = scaled @ scaled.T
        _diagonal(matrix)[:] += 1 / curvature
        self.solve = _inverse(matrix, 0.0)
        self.of_ones = self.solve(np.ones(len(X)))

    def __call__(self, g: Array) -> Array:
        """Return the product with g."""
        s, bias = self.solve(self.X @ (g[:-1] / self.diagonal)), 0.0
        if self.has_bias:
            bias = (g[-1] - s.sum()) / self.of_ones.sum()
        weights = (g[:-1] - self.X.T @ (s + bias * self.of_ones)) / self.diagonal
        return np.append(weights, bias)


def _weighted_square(X: Array, weight: Array) -> Array:
    """Return ``Xᵀ diag(weight) X``."""
    n_features, room = X.shape[1], None
    is_narrow, total = n_features <= _NARROW, np.zeros((n_features, n_features))
    scale = weight if is_narrow else np.sqrt(weight)
    for rows in _blocks(X):
        part = X[rows]
        room = np.empty(part.shape) if room is None else room
        block = scale_rows(part, scale[rows], room)
        total += block.T @ (part if is_narrow else block)
    return total


def _blocks(X: Array) -> Iterator[slice]:
    n_rows = max(_MOST_IN_BLOCK // max(X.shape[1], 1), 1)
    return (slice(start, start + n_rows) for start in range(0, len(X), n_rows))


def _inverse(matrix: Array, ridge: float) -> Solve:
    """Return what multiplies by the inverse, or nearly so where there is none; overwrites it."""
    diagonal = _diagonal(matrix)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    matrix *= scale[:, None] * scale
    root = _root(matrix, ridge)
    return lambda g: scale * dpotrs(root, scale * g)[0]


def _root(matrix: Array, ridge: float) -> Array:
    """Return the root of a matrix, whose diagonal is 1, and of a ridge as narrow as it can be."""
    for least in (ridge, *_RIDGES):
        ridged = matrix.T.copy(order="F")
        _diagonal(ridged)[:] += least
        root, failed = dpotrf(ridged, clean=False, overwrite_a=True)
        if not failed:
            return root
    return np.eye(len(matrix))


def _diagonal(matrix: Array) -> Array:
    """Return the diagonal, to be written to."""
    return np.einsum("ii->i", matrix)
