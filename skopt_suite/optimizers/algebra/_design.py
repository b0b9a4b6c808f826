"""Inputs of linear models as solvers multiply with them: centred, with a column of ones.

Coefficients are of shape ``(n_fits, n_columns, n_outputs)``: those of features and, last, where
there is one, the intercept of centred inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, FeatureMatrix, PerFit, RawPredictions

_BLOCK = 2**17  # numbers that are centred and multiplied at once
_FEW_COLUMNS = 32  # products of any two of them are found once for all fits
_ROUNDING = 1e-12


class Hessian(NamedTuple):
    """Of the mean loss by raw predictions, for every row: ``diag(diagonal) - root rootᵀ``."""

    diagonal: RawPredictions
    root: RawPredictions | None = None

    def times(self, raw: RawPredictions) -> RawPredictions:
        """Return the product with raw predictions."""
        product = self.diagonal * raw
        if self.root is not None:
            product -= self.root * np.vecdot(self.root, raw)[..., None]
        return product

    def pairs(self, rows: slice) -> Array:
        """Return it for some rows: (n_fits, n_outputs, n_rows), or by every two outputs.

        These are (n_fits, n_outputs, n_outputs, n_rows), where outputs depend on each other.
        """
        diagonal = np.maximum(self.diagonal[:, rows], 0.0).transpose(0, 2, 1)
        if self.root is None:
            return diagonal
        root = self.root[:, rows].transpose(0, 2, 1)
        pairs = -root[:, :, None] * root[:, None]
        np.einsum("kaai->kai", pairs)[...] += diagonal
        return pairs

    def block(self, rows: slice) -> Hessian:
        """Return that of some of the rows."""
        return Hessian(*(part if part is None else part[:, rows] for part in self))

    @property
    def has_shift(self) -> bool:
        """Whether outputs may all move together, as those of a softmax, and nothing changes."""
        if self.root is None:
            return False
        moved = self.times(np.ones_like(self.diagonal))
        return bool(np.abs(moved).max() <= _ROUNDING * np.abs(self.diagonal).max())

    def take(self, index: Array) -> Hessian:
        """Return that of the fits that `index` names."""
        return Hessian(*(part if part is None else part[index] for part in self))


@dataclass(frozen=True, eq=False)
class Design:
    """``(x - x̄, 1)`` for every row x, or x alone, in no memory but that of X."""

    X: FeatureMatrix
    mean: Array | None  # (n_fits or 1, n_features): x̄; None: there is no intercept
    variance: Array  # (n_fits or 1, n_features): about x̄, or about 0

    @property
    def n_columns(self) -> int:
        """How many coefficients an output has."""
        return self.X.shape[1] + (self.mean is not None)

    def times(self, coef: Array) -> RawPredictions:
        """Return raw predictions, (n_fits, n_samples, n_outputs)."""
        n_features = self.X.shape[1]
        weights = coef[:, :n_features]
        if not coef.any():  # as fits begin
            return np.zeros((len(coef), self.X.shape[0], coef.shape[2]))
        raw = _apart(self.X @ self._wide(weights), coef)
        if self.mean is not None:
            raw += coef[:, n_features:] - self._along(weights)
        return raw

    def transposed(self, slope: RawPredictions) -> Array:
        """Return the products of columns with numbers of rows, (n_fits, n_columns, n_outputs)."""
        by_weights = _apart(self._columns @ self._wide(slope), slope)
        if self.mean is None:
            return by_weights
        product = np.empty((len(slope), self.n_columns, slope.shape[2]))
        total = slope.sum(axis=1, keepdims=True)
        np.subtract(by_weights, self.mean[..., None] * total, out=product[:, :-1])
        product[:, -1:] = total
        return product

    def squares(self, total: Array) -> Array:
        """Return ``Σ_i h_i x_ij²``, were all h the same, from their sums (n_fits, 1, n_outputs)."""
        variance = self.variance
        if self.mean is not None:
            variance = np.concatenate([variance, np.ones((len(variance), 1))], axis=1)
        return variance[..., None] * total

    def centred(self, weights: Array, bias: Array) -> Array:
        """Return coefficients from weights and the intercepts of X itself."""
        if self.mean is None:
            return np.array(weights, dtype=np.float64)
        return np.concatenate([weights, bias + self._along(weights)], axis=1, dtype=np.float64)

    def uncentred(self, coef: Array) -> tuple[Array, Array]:
        """Return weights and the intercepts of X itself, which are of no columns if there are none.

        It is the inverse of `centred`.
        """
        n_features = self.X.shape[1]
        weights, bias = coef[:, :n_features], coef[:, n_features:]
        return weights, bias if self.mean is None else bias - self._along(weights)

    def grams(self, hessian: Hessian) -> Iterator[Array]:
        """Yield the Hessian of every fit by its coefficients, as `gram` returns it."""
        n_fits, has_one_mean = len(hessian.diagonal), self.mean is None or len(self.mean) == 1
        if n_fits > 1 and has_one_mean and self.n_columns <= _FEW_COLUMNS:
            yield from self._grams_at_once(hessian)
        else:
            yield from (self.gram(fit, hessian) for fit in range(n_fits))

    def _grams_at_once(self, hessian: Hessian) -> Array:
        """Return them as one product of all fits with products of columns."""
        size, (n_fits, _, n_outputs) = self.n_columns, hessian.diagonal.shape
        is_joint = hessian.root is not None
        n_pairs = n_outputs**2 if is_joint else n_outputs
        total = np.zeros((n_fits * n_pairs, size**2))
        for rows, x in self._blocks(0, max(size, n_fits * n_pairs // size)):
            products = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
            total += hessian.pairs(rows).reshape(-1, len(x)) @ products
        if not is_joint:
            return total.reshape(n_fits, n_outputs, size, size)
        by_pair = total.reshape(n_fits, n_outputs, n_outputs, size, size)
        return by_pair.transpose(0, 3, 1, 4, 2).reshape(n_fits, 1, size * n_outputs, -1)

    def gram(self, fit: int, hessian: Hessian) -> Array:
        """Return the Hessian of a fit by its coefficients.

        Of independent outputs (n_outputs, n_columns, n_columns); else, output by output in every
        column, (1, n_columns * n_outputs, n_columns * n_outputs).
        """
        n_outputs = hessian.diagonal.shape[2]
        root = None if hessian.root is None else hessian.root[fit]
        size = self.n_columns
        second, cross = np.zeros((n_outputs, size, size)), np.zeros((size * n_outputs,) * 2)
        for rows, x in self._blocks(fit, n_outputs):
            scale = np.sqrt(np.maximum(hessian.diagonal[fit, rows], 0.0))
            for output in range(n_outputs):
                scaled = x * scale[:, output, None]
                second[output] += scaled.T @ scaled
            if root is not None:
                scaled = (x[:, :, None] * root[rows, None, :]).reshape(len(x), -1)
                cross -= scaled.T @ scaled
        if root is None:
            return second
        own = np.einsum("jala->ajl", cross.reshape(size, n_outputs, size, n_outputs))
        own += second
        return cross[None]

    def take(self, index: Array) -> Design:
        """Return that of the fits that `index` names."""
        mean, variance = (
            part if part is None or len(part) == 1 else part[index]
            for part in (self.mean, self.variance)
        )
        return Design(self.X, mean, variance)

    @cached_property
    def _columns(self) -> FeatureMatrix:
        """The transpose of X, which shares its memory."""
        return self.X.T

    def _along(self, weights: Array) -> Array:
        """Return ``x̄ᵀ w``, (n_fits, 1, n_outputs)."""
        assert self.mean is not None
        return np.matmul(self.mean[:, None, :], weights)

    def _wide(self, stack: Array) -> Array:
        """Return all fits side by side, in the precision of X."""
        wide = stack.transpose(1, 0, 2).reshape(stack.shape[1], -1)
        return wide.astype(self.X.dtype, copy=False)

    def _blocks(self, fit: int, n_outputs: int) -> Iterator[tuple[slice, Array]]:
        """Yield some rows and what they are here, (n_rows, n_columns), in float64."""
        n_samples, n_features = self.X.shape
        mean = None if self.mean is None else self.mean[fit if len(self.mean) > 1 else 0]
        n_rows = max(64, _BLOCK // (self.n_columns * n_outputs))
        for start in range(0, n_samples, n_rows):
            rows = slice(start, min(start + n_rows, n_samples))
            x = np.ones((rows.stop - start, self.n_columns))
            x[:, :n_features] = _dense(self.X[rows])
            if mean is not None:
                x[:, :n_features] -= mean
            yield rows, x


def dot(a: Array, b: Array) -> PerFit:
    """Return the sum of products of every fit, (n_fits,)."""
    return np.vecdot(a.reshape(len(a), -1), b.reshape(len(b), -1))


def _dense(rows: Any) -> Array:
    return rows if isinstance(rows, np.ndarray) else rows.toarray()


def _apart(wide: Array, stack: Array) -> Array:
    """Return (n, n_fits * n_outputs) as (n_fits, n, n_outputs) in float64."""
    n_fits, _, n_outputs = stack.shape
    apart = wide.reshape(-1, n_fits, n_outputs).transpose(1, 0, 2)
    return np.ascontiguousarray(apart, dtype=np.float64)
