"""Inputs of linear models as solvers multiply with them: centred, with a column of ones.

Coefficients are of shape ``(n_fits, n_columns, n_outputs)``: those of features and, last, where
there is one, the intercept of centred inputs. They, and numbers of fits, are on the host; what
there is of every row, as raw predictions, is where X is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    PerFit,
    Placement,
    RawPredictions,
    is_device_array,
    namespace,
    placement_for,
    product_over_rows,
    sum_in_double,
    to_numpy,
    weighted_sum,
    wide_product_transposed,
)

_BLOCK = 2**17  # numbers that are centred and multiplied at once
_BLOCK_ON_DEVICE = 2**22  # of them where every block costs the time of several kernels
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
            product -= self.root * namespace(raw).vecdot(self.root, raw)[..., None]
        return product

    def pairs(self, rows: slice) -> Array:
        """Return it for some rows: (n_rows, n_fits * n_outputs), or by every two outputs.

        These are (n_rows, n_fits * n_outputs * n_outputs), where outputs depend on each other.
        """
        xp = namespace(self.diagonal)
        diagonal = xp.permute_dims(xp.maximum(self.diagonal[:, rows, :], 0.0), (1, 0, 2))
        if self.root is None:
            return _in_rows(diagonal)
        root = xp.permute_dims(self.root[:, rows, :], (1, 0, 2))
        pairs = -root[:, :, :, None] * root[:, :, None, :]
        for output in range(root.shape[2]):
            pairs[:, :, output, output] += diagonal[:, :, output]
        return _in_rows(pairs)

    def block(self, rows: slice) -> Hessian:
        """Return that of some of the rows."""
        return Hessian(*(part if part is None else part[:, rows, :] for part in self))

    @property
    def has_shift(self) -> bool:
        """Whether outputs may all move together, as those of a softmax, and nothing changes."""
        if self.root is None:
            return False
        xp = namespace(self.diagonal)
        moved = self.times(xp.ones_like(self.diagonal))
        return bool(xp.max(xp.abs(moved)) <= _ROUNDING * xp.max(xp.abs(self.diagonal)))

    def sums(self) -> Array:
        """Return those over rows, of the diagonal, (n_fits, 1, n_outputs), on the host."""
        return to_numpy(sum_in_double(self.diagonal, axis=1))[:, None, :]

    def take(self, index: np.ndarray) -> Hessian:
        """Return that of the fits that `index` names."""
        return Hessian(*(part if part is None else of_fits(part, index) for part in self))


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

    @cached_property
    def place(self) -> Placement:
        """Where X is."""
        return placement_for("auto", self.X)

    def zeros(self, n_fits: int, n_outputs: int) -> RawPredictions:
        """Return raw predictions of 0."""
        return self._zeros(n_fits, self.X.shape[0], n_outputs)

    def times(self, coef: Array) -> RawPredictions:
        """Return raw predictions, (n_fits, n_samples, n_outputs)."""
        n_features = self.X.shape[1]
        weights = coef[:, :n_features]
        if not coef.any():  # as fits begin
            return self.zeros(len(coef), coef.shape[2])
        raw = _apart(self.X @ self._wide(self.place.asarray(weights)), coef)
        if self.mean is not None:
            raw += self.place.asarray(coef[:, n_features:] - self._along(weights))
        return raw

    def transposed(self, slope: RawPredictions) -> Array:
        """Return the products of columns with numbers of rows, (n_fits, n_columns, n_outputs)."""
        wide = self._wide(slope)
        if is_device_array(self.X):
            wide = wide_product_transposed(self.X, wide)
        else:
            wide = self._columns @ wide
        by_weights = to_numpy(_apart(wide, slope))
        if self.mean is None:
            return by_weights
        product = np.empty((len(by_weights), self.n_columns, by_weights.shape[2]))
        total = to_numpy(sum_in_double(slope, axis=1))[:, None, :]
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
        n_fits = hessian.diagonal.shape[0]
        has_one_mean = self.mean is None or len(self.mean) == 1
        if n_fits > 1 and has_one_mean and self.n_columns <= _FEW_COLUMNS:
            yield from self._grams_at_once(hessian)
        else:
            yield from (self.gram(fit, hessian) for fit in range(n_fits))

    def _grams_at_once(self, hessian: Hessian) -> Array:
        """Return them as one product of all fits with products of columns."""
        size, (n_fits, _, n_outputs) = self.n_columns, hessian.diagonal.shape
        is_joint = hessian.root is not None
        n_pairs = n_outputs**2 if is_joint else n_outputs
        total = self._zeros(n_fits * n_pairs, size**2)
        for rows, x in self._blocks(0, max(size, n_fits * n_pairs // size)):
            products = self.place.xp.reshape(x[:, :, None] * x[:, None, :], (x.shape[0], -1))
            total += product_over_rows(hessian.pairs(rows), products)
        total = to_numpy(total)
        if not is_joint:
            return total.reshape(n_fits, n_outputs, size, size)
        by_pair = total.reshape(n_fits, n_outputs, n_outputs, size, size)
        return by_pair.transpose(0, 3, 1, 4, 2).reshape(n_fits, 1, size * n_outputs, -1)

    def gram(self, fit: int, hessian: Hessian) -> Array:
        """Return the Hessian of a fit by its coefficients.

        Of independent outputs (n_outputs, n_columns, n_columns); else, output by output in every
        column, (1, n_columns * n_outputs, n_columns * n_outputs).
        """
        xp, n_outputs = self.place.xp, hessian.diagonal.shape[2]
        root = None if hessian.root is None else hessian.root[fit, ...]
        size = self.n_columns
        second = self._zeros(n_outputs, size, size)
        cross = self._zeros(*(size * n_outputs,) * 2) if root is not None else None
        for rows, x in self._blocks(fit, n_outputs):
            scale = xp.sqrt(xp.maximum(hessian.diagonal[fit, rows, :], 0.0))
            for output in range(n_outputs):
                scaled = x * scale[:, output, None]
                second[output, ...] += product_over_rows(scaled, scaled)
            if root is not None:
                scaled = xp.reshape(x[:, :, None] * root[rows, None, :], (x.shape[0], -1))
                cross -= product_over_rows(scaled, scaled)
        second = to_numpy(second)
        if cross is None:
            return second
        cross = to_numpy(cross)
        own = np.einsum("jala->ajl", cross.reshape(size, n_outputs, size, n_outputs))
        own += second
        return cross[None]

    def take(self, index: np.ndarray) -> Design:
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
        xp = self.place.xp
        wide = xp.reshape(xp.permute_dims(stack, (1, 0, 2)), (stack.shape[1], -1))
        return xp.astype(wide, self.X.dtype, copy=False)

    def _zeros(self, *shape: int) -> Array:
        xp = self.place.xp
        return xp.zeros(shape, dtype=xp.float64, device=self.place.device)

    def _blocks(self, fit: int, n_outputs: int) -> Iterator[tuple[slice, Array]]:
        """Yield some rows and what they are here, (n_rows, n_columns), in float64."""
        (n_samples, n_features), xp = self.X.shape, self.place.xp
        mean = None
        if self.mean is not None:
            mean = self.place.asarray(self.mean[fit if len(self.mean) > 1 else 0])
        at_once = _BLOCK if xp is np else _BLOCK_ON_DEVICE
        n_rows = max(64, at_once // (self.n_columns * n_outputs))
        for start in range(0, n_samples, n_rows):
            rows = slice(start, min(start + n_rows, n_samples))
            shape = (rows.stop - start, self.n_columns)
            x = xp.ones(shape, dtype=xp.float64, device=self.place.device)
            x[:, :n_features] = _dense(self.X[rows, :])
            if mean is not None:
                x[:, :n_features] -= mean
            yield rows, x


def dot(a: Array, b: Array) -> PerFit:
    """Return the sum of products of every fit, (n_fits,), on the host."""
    if type(a) is np.ndarray:
        return np.vecdot(a.reshape(len(a), -1), b.reshape(len(b), -1))
    xp, shape = namespace(a), (a.shape[0], -1)
    return to_numpy(weighted_sum(xp.reshape(a, shape), xp.reshape(b, shape)))


def of_fits(stack: Array, index: np.ndarray) -> Array:
    """Return what there is of the fits that `index` names, which are on the host."""
    if type(stack) is np.ndarray:
        return stack[index]
    xp = namespace(stack)
    return xp.take(stack, xp.asarray(index, device=stack.device), axis=0)


def _in_rows(stack: Array) -> Array:
    """Return what there is of rows as (n_rows, n), every one in one piece."""
    xp = namespace(stack)
    rows = xp.empty(stack.shape, dtype=stack.dtype, device=stack.device)
    rows[...] = stack
    return xp.reshape(rows, (stack.shape[0], -1))


def _dense(rows: Any) -> Array:
    if isinstance(rows, np.ndarray):
        return rows
    rows = rows.toarray() if hasattr(rows, "toarray") else rows
    xp = namespace(rows)
    return xp.astype(rows, xp.float64, copy=False)


def _apart(wide: Array, stack: Array) -> Array:
    """Return (n, n_fits * n_outputs) as (n_fits, n, n_outputs) in float64."""
    xp, (n_fits, _, n_outputs) = namespace(wide), stack.shape
    apart = xp.permute_dims(xp.reshape(wide, (-1, n_fits, n_outputs)), (1, 0, 2))
    if xp is np:
        return np.ascontiguousarray(apart, dtype=np.float64)
    return xp.astype(apart, xp.float64, copy=False)
