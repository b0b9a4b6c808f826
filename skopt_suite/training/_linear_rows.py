"""Rows of a linear model, for solvers that go through features one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from skopt_suite._component import take
from skopt_suite._layout import DenseLayout
from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    PerFit,
    Placement,
    RawPredictions,
    multiply_into,
    namespace,
    placement_for,
    sum_in_double,
    to_numpy,
)
from skopt_suite.chunks import found_once
from skopt_suite.losses import Kink, Loss
from skopt_suite.optimizers.algebra._design import Design, Hessian
from skopt_suite.optimizers.algebra._moments import Moments
from skopt_suite.optimizers.algebra._sizes import Sizes
from skopt_suite.optimizers.algebra._sweeps import RowLoss
from skopt_suite.training._names import loss_name
from skopt_suite.training._rows import Source, Weights, blocks

_AT_ONCE = 1024  # rows that are converted to float64
_DERIVED_AT_ONCE = 2**14  # rows whose losses are computed, with what that takes beside
_DERIVED_ON_DEVICE = 2**20  # of them where every block costs the time of many kernels
_CURVED = 1e-3  # of its bound, or else of the mean: the least curvature that a row counts with
_NEARLY = 1e-4  # of the mean: how far from it the first number of a constant feature may seem
_CURVED_TOGETHER = 1e-9  # the same of outputs that depend on one another


class Derivatives(NamedTuple):
    """Of the mean loss of fits by their raw predictions; rows without weight have none.

    The curvature is h of the root.
    """

    value: PerFit
    slope: RawPredictions
    curvature: RawPredictions
    root: RawPredictions | None = None
    """Where predictions of a row depend on one another, q: their Hessian is ``diag(h) - q qᵀ``."""


@dataclass(eq=False)
class LinearRows:
    """Rows that linear models are trained on, in float64 but for the inputs."""

    layer: DenseLayout
    loss: Loss
    source: Source
    weights: Weights
    _moments: PairMoments | None = field(default=None, init=False, repr=False)

    @found_once
    def X(self) -> FeatureMatrix:
        """All inputs as fits see them."""
        return self.source.seen

    @cached_property
    def place(self) -> Placement:
        """Where they are."""
        return placement_for("auto", self.X)

    @cached_property
    def columns(self) -> Columns:
        """Features side by side."""
        return Columns(self.X)

    def raw(self, weights: Array, bias: Array) -> RawPredictions:
        """Return predictions of weights (n_fits, n_features, n_outputs), (n_fits, 1, n_outputs)."""
        n_fits, _, n_outputs = weights.shape
        raw = np.zeros((n_fits, self.X.shape[0], n_outputs))
        for k in np.flatnonzero(weights.any(axis=(1, 2))):
            raw[k] = self.X @ weights[k]
        return raw + bias if bias.size else raw

    def derivatives(self, raw: RawPredictions, fit: int | None = None) -> Derivatives:
        """Return loss, slopes and curvatures, of all fits or of one of them, (1, ...)."""
        loss = self.loss if fit is None else self._loss_of(fit)
        y, share = self._targets, self._share(raw.shape[1], fit)
        curvature, root = loss.hessian(y, raw)
        value, slope = loss.value_and_gradient(y, raw.copy())
        bound = loss.curvature()
        usual = curvature.mean(axis=1, keepdims=True) if bound is None else bound
        curvature = np.maximum(curvature, (_CURVED if root is None else _CURVED_TOGETHER) * usual)
        share = share[..., None]
        root = None if root is None else root * np.sqrt(share)
        value = (value * share[..., 0]).sum(axis=1)
        return Derivatives(value, slope * share, curvature * share, root)

    def value_and_slope(
        self, raw: RawPredictions, fit: int | None = None
    ) -> tuple[PerFit, RawPredictions]:
        """Return mean losses and their gradients by raw predictions, of all fits or of one.

        Losses are on the host, gradients where predictions are.
        """
        loss = self.loss if fit is None else self._loss_of(fit)
        xp, slope = namespace(raw), namespace(raw).empty_like(raw)
        value = xp.zeros((raw.shape[0],), dtype=xp.float64, device=raw.device)
        for block, y, share in self._in_blocks(fit):
            of_rows, by_raw = loss.value_and_gradient(y, xp.asarray(raw[:, block, :], copy=True))
            value += sum_in_double(of_rows * share, axis=1)
            multiply_into(slope[:, block, :], by_raw, share[..., None])
        return to_numpy(value), slope

    def hessian(self, raw: RawPredictions, floor: PerFit) -> Hessian:
        """Return its second derivative, with at least `floor` times what bounds it.

        The floor is for losses of independent outputs, whose curvature may be 0 in all rows.
        """
        xp, bound = namespace(raw), self.loss.curvature()
        if self.loss.is_quadratic:
            own = (self._share(raw.shape[1]) * bound)[..., None]
            return Hessian(xp.broadcast_to(own, raw.shape))
        diagonal, root = xp.empty_like(raw), None
        floor = xp.asarray(floor[:, None], device=raw.device)
        least = (0.0 * floor if bound is None else floor * bound)[..., None]
        for block, y, share in self._in_blocks():
            of_rows, own_root = self.loss.hessian(y, raw[:, block, :])
            if own_root is None:
                of_rows = xp.maximum(of_rows, least)
            else:
                root = xp.empty_like(raw) if root is None else root
                multiply_into(root[:, block, :], own_root, xp.sqrt(share[..., None]))
            multiply_into(diagonal[:, block, :], of_rows, share[..., None])
        return Hessian(diagonal, root)

    def _in_blocks(self, fit: int | None = None) -> Iterator[tuple[slice, Array, Array]]:
        """Yield some rows, their targets, and their weights of all fits or of one."""
        y, n_samples = self.source.some_targets(self.source.n_samples), self.source.n_samples
        at_once = _DERIVED_AT_ONCE if self.place.is_numpy else _DERIVED_ON_DEVICE
        for block in blocks(n_samples, at_once):
            yield block, _in_double(y[block, ...]), self._share(n_samples, fit, block)

    @found_once
    def design(self) -> Design:
        """Inputs as products see them: centred, with a column for the intercept."""
        has_bias = self.layer.has_bias
        mean, basis = self.source.spectrum(self.weights, has_bias, "columns", True)
        return Design(self.X, to_numpy(mean) if has_bias else None, to_numpy(basis.values))

    @found_once
    def deviations(self) -> Array:
        """Standard deviations of inputs, (n_fits or 1, n_features), infinite where they are noise.

        Without an intercept they are about 0.
        """
        _, basis = self.source.spectrum(self.weights, self.layer.has_bias, "columns", True)
        return np.sqrt(np.where(basis.values > basis.noise, basis.values, np.inf))

    @cached_property
    def sizes(self) -> Sizes:
        """Sizes of inputs, centred where there is an intercept and they are dense."""
        return Sizes.of(self.columns.by_row, self.layer.has_bias)

    def of_fit(self, fit: int) -> RowLoss:
        """Return the losses of the rows of one fit."""
        loss, n_samples = self._loss_of(fit), self.X.shape[0]
        numbers = [np.ravel(getattr(loss, name)) for name in loss.parameters]
        share = np.broadcast_to(self._share(n_samples, fit), (1, n_samples))[0]
        known = np.concatenate([np.empty(0), *numbers])
        return RowLoss(loss_name(loss), known, loss, self._targets, share)

    def gradient(self, slope: RawPredictions) -> Array:
        """Return ``Xᵀ slope`` of every fit, (n_fits, n_features, n_outputs), in one product."""
        n_fits, n_samples, n_outputs = slope.shape
        wide = slope.transpose(1, 0, 2).reshape(n_samples, n_fits * n_outputs)
        product = self.columns.by_column.T @ wide if self.columns.is_sparse else self._dense(wide)
        return product.reshape(-1, n_fits, n_outputs).transpose(1, 0, 2)

    def _dense(self, wide: Array) -> Array:
        """Return ``Xᵀ wide`` of dense rows, summed in float64."""
        if self.X.dtype == np.float64:
            is_one = wide.shape[1] == 1  # products with vectors are faster
            return (self.X.T @ wide[:, 0])[:, None] if is_one else self.X.T @ wide
        parts = (slice(start, start + _AT_ONCE) for start in range(0, len(wide), _AT_ONCE))
        return sum(self.X[part].astype(np.float64).T @ wide[part] for part in parts)

    def kinks(self, fit: int) -> Kink:
        """Return those of one fit in its mean loss, (n_outputs, n_kinks, n_samples)."""
        if fit not in self._kinks:
            self._kinks[fit] = self._find_kinks(fit)
        return self._kinks[fit]

    def moments(self) -> PairMoments:
        """Return means and second moments of inputs and targets, times the loss's curvature."""
        if self._moments is None:
            joint = self.source.moments(self.weights, self.layer.has_bias, with_targets=True)
            self._moments = PairMoments.of(joint, self.layer.n_in, self.loss.curvature())
        return self._moments

    def take(self, index: Array) -> LinearRows:
        """Return those of the fits that `index` names."""
        index, there = to_numpy(index), self.place.asarray(index)
        weights = self.weights.take(there)
        taken = LinearRows(self.layer, take(self.loss, there), self.source, weights)
        found = vars(self)
        vars(taken).update((name, found[name]) for name in ("X", "columns", "sizes") & found.keys())
        if "design" in found:
            vars(taken)["design"] = self.design.take(index)
        if "deviations" in found:
            of_fits = self.deviations
            vars(taken)["deviations"] = of_fits if len(of_fits) == 1 else of_fits[index]
        if self._moments is not None:
            taken._moments = self._moments.take(index)
        return taken

    def _share(self, n_samples: int, fit: int | None = None, block: slice = slice(None)) -> Array:
        """Return the weight of every row, (n_fits or 1, n_samples or 1), of sum 1; or of a fit."""
        weight = self.weights.values
        if weight is None:
            xp, device = self.place.xp, self.place.device
            return xp.full((1, 1), 1 / n_samples, dtype=xp.float64, device=device)
        if fit is not None and weight.shape[0] > 1:
            weight = weight[fit : fit + 1, :]
        xp = namespace(weight)
        return xp.astype(weight[:, block], xp.float64, copy=False) / n_samples

    @cached_property
    def _targets(self) -> Array:
        return _in_double(self.source.some_targets(self.source.n_samples))

    @cached_property
    def _losses(self) -> dict[int, Loss]:
        return {}

    @cached_property
    def _kinks(self) -> dict[int, Kink]:
        return {}

    def _find_kinks(self, fit: int) -> Kink:
        weight, n_samples = self.weights.values, self.X.shape[0]
        raw = np.zeros((1, n_samples, self.layer.n_out))
        share = np.float64(1 / n_samples)
        if weight is not None:
            share = share * weight[fit if len(weight) > 1 else 0][:, None]
        kinks = self._loss_of(fit).kinks(self._targets, raw)
        found = [(at, share * below, share * above) for at, below, above in kinks]
        parts = (
            np.stack([np.broadcast_to(part, raw.shape)[0] for part in parts])
            for parts in zip(*found, strict=True)
        )
        return Kink(*(np.ascontiguousarray(part.transpose(2, 0, 1)) for part in parts))

    def _loss_of(self, fit: int) -> Loss:
        if fit not in self._losses:
            self._losses[fit] = take(self.loss, np.array([fit]))
        return self._losses[fit]


def _in_double(y: Array) -> Array:
    """Return targets in float64, but for those that are indices of classes."""
    xp = namespace(y)
    return xp.astype(y, xp.float64) if y.dtype == xp.float32 else y


class PairMoments(NamedTuple):
    """Means and second moments of inputs x and targets y, (n_fits or 1, ...)."""

    mean: Array  # (n_features,)
    second: Array  # (n_features, n_features)
    cross: Array  # (n_features, n_outputs)
    mean_target: Array  # (n_outputs,)
    square: Array  # (n_outputs,): of y

    @classmethod
    def of(cls, joint: Moments, n_features: int, curvature: Any) -> PairMoments:
        """Return them, those of second order times the curvature of the loss."""
        second, n = curvature * joint.second, n_features
        return cls(
            joint.mean[:, :n],
            np.ascontiguousarray(second[:, :n, :n]),
            second[:, :n, n:],
            joint.mean[:, n:],
            second[:, n:, n:].diagonal(axis1=1, axis2=2),
        )

    def take(self, index: Array) -> PairMoments:
        """Return those of the fits that `index` names."""
        return PairMoments(*(part if len(part) == 1 else part[index] for part in self))


class Columns:
    """Features of dense rows side by side, copied when they are asked for; or sparse columns.

    Parameters
    ----------
    X : array or sparse array of shape (n_samples, n_features)
        Inputs.
    """

    def __init__(self, X: FeatureMatrix) -> None:
        self.X, self.is_sparse = X, not isinstance(X, np.ndarray)
        self.places = np.full(X.shape[1], -1)
        self.n_copied = 0
        self.copied = np.empty((0, X.shape[0]))

    def dense(self, features: np.ndarray) -> np.ndarray:
        """Return features of dense inputs, (n_chosen, n_samples), float64."""
        return self._copied(features)[self.places[features]]

    @cached_property
    def by_column(self) -> Any:
        """Sparse inputs, column by column."""
        return self.X.tocsc()

    @cached_property
    def by_row(self) -> Any:
        """Inputs, row by row."""
        return self.X.tocsr() if self.is_sparse else np.ascontiguousarray(self.X)

    @cached_property
    def by_sparse_row(self) -> Any:
        """The same, without numbers that are 0."""
        return self.by_row if self.is_sparse else csr_array(self.by_row)

    @cached_property
    def sparse(self) -> tuple[Any, Any, Any]:
        """Their numbers, the rows of these, and where columns begin."""
        found = self.by_column
        return (
            found.data,
            found.indices.astype(np.int32, copy=False),
            found.indptr.astype(np.int64, copy=False),
        )

    @cached_property
    def as_rows(self) -> np.ndarray:
        """Dense rows in float64."""
        return np.ascontiguousarray(self.X, dtype=np.float64)

    @cached_property
    def centred(self) -> tuple[np.ndarray, np.ndarray]:
        """Means of dense features, and rows without them; features that are constant are 0."""
        mean = self.X.mean(axis=0, dtype=np.float64)
        rows = np.subtract(self.X, mean, order="C")
        nearly = np.flatnonzero(np.abs(rows[0]) <= _NEARLY * np.abs(mean))
        rows[:, nearly[np.ptp(self.X[:, nearly], axis=0) == 0]] = 0.0
        return mean, rows

    def products(self, features: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """Return the products of sparse features with numbers of samples, (n_chosen,)."""
        return self.by_column[:, features].T @ slope

    def _copied(self, features: np.ndarray) -> np.ndarray:
        new = features[self.places[features] < 0]
        if not len(new):
            return self.copied
        n_wanted = self.n_copied + len(new)
        if n_wanted > len(self.copied):
            grown = np.empty((min(max(n_wanted, 2 * self.n_copied), self.X.shape[1]), len(self.X)))
            grown[: self.n_copied] = self.copied[: self.n_copied]
            self.copied = grown
        self.copied[self.n_copied : n_wanted] = self.X[:, new].T
        self.places[new] = np.arange(self.n_copied, n_wanted)
        self.n_copied = n_wanted
        return self.copied
