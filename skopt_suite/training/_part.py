"""The rows of a worker of a cluster, and what is asked of them there.

All of it runs on the worker; numbers that have the size of parameters come back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, FeatureMatrix, Params, Placement
from skopt_suite.chunks import ChunkedRows, OfList, nbytes, stacked
from skopt_suite.losses import Loss
from skopt_suite.models import Context, Network
from skopt_suite.optimizers.algebra._moments import ColumnMoments, Moments, pooled
from skopt_suite.optimizers.algebra._moments import column_moments as moments_of
from skopt_suite.training._chunked import Chunked
from skopt_suite.training._data_term import WholeTerm
from skopt_suite.training._rows import Rows, Weights
from skopt_suite.training._scaling import Scaling


class Partition(NamedTuple):
    """Checked rows; targets are as the user has them."""

    number: int
    X: FeatureMatrix
    y: np.ndarray
    weight: np.ndarray | None


@dataclass(frozen=True)
class Recipe:
    """How the rows that fits see are made of partitions."""

    owner: str
    targets: Any
    """What encodes targets."""
    n_features: int
    dtype: Any
    """Precision in which inputs are held."""
    is_sparse: bool
    fraction: float = 0.0
    """Of the rows, which are held out."""
    seed: int = 0
    """What these are drawn from."""
    by_class: np.ndarray | None = None
    """Weights of classes, (n_classes,); None: all 1."""
    precision: Any = np.float64
    """Of the fit."""
    inputs: Scaling | None = None
    outputs: Scaling | None = None
    """What inputs and encoded targets go through."""


@dataclass(frozen=True, eq=False)
class Share:
    """Some rows of a worker."""

    source: Chunked
    weights: Weights  # of mean 1 among them
    total: float
    """The sum of their weights as they were given."""


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of a worker."""

    partitions: Sequence[Partition]
    recipe: Recipe

    @classmethod
    def of(cls, recipe: Recipe, *partitions: Partition) -> Part:
        """Return the rows of some partitions."""
        return cls(partitions, recipe)

    @cached_property
    def train(self) -> Share:
        """The rows that are trained on."""
        return self._share(None if not self.recipe.fraction else [~one for one in self._held_out])

    @cached_property
    def held_out(self) -> Share | None:
        """The rows that fits are scored on; None: there are none here."""
        is_any = self.recipe.fraction and any(mask.any() for mask in self._held_out)
        return self._share(self._held_out) if is_any else None

    @cached_property
    def _held_out(self) -> list[np.ndarray]:
        """Which rows of every partition are held out: a function of seed and partition."""
        fraction, seed = self.recipe.fraction, self.recipe.seed
        return [_drawn(len(one.y), fraction, seed, one.number) for one in self.partitions]

    def _share(self, masks: list[np.ndarray] | None) -> Share:
        inputs = [one.X for one in self.partitions]
        recipe = self.recipe
        X = ChunkedRows(
            OfList(inputs),
            np.array([len(one.y) for one in self.partitions]),
            np.array([nbytes(one) for one in inputs]),
            recipe.n_features,
            recipe.dtype,
            recipe.is_sparse,
            None if masks is None else tuple(masks),
        )
        y, weight = self._targets(masks)
        source = Chunked(X, y, recipe.precision, recipe.inputs)
        total = float(len(y)) if weight is None else float(weight.sum())
        return Share(source, _relative(weight, recipe.precision), total)

    def _targets(self, masks: list[np.ndarray] | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Return encoded targets as fits see them, and weights."""
        recipe, some = self.recipe, slice(None) if masks is None else np.concatenate(masks)
        y = recipe.targets.encode(np.concatenate([one.y for one in self.partitions]), recipe.owner)
        weights = [one.weight for one in self.partitions if one.weight is not None]
        weight = np.concatenate(weights) if weights else None
        if recipe.by_class is not None:
            by_class = recipe.by_class[y[:, 0].astype(np.int64)]
            weight = by_class if weight is None else weight * by_class
        y = y if recipe.outputs is None else recipe.outputs(y, recipe.precision)
        is_number = y.dtype.kind == "f"
        y = np.asarray(y[some], dtype=recipe.precision if is_number else np.int64)
        return y, None if weight is None else weight[some]


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as it runs in training: what overflows is found by its loss."""
    return np.errstate(all="ignore")(function)


def added(answers: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return sums of numbers and arrays, term by term."""
    return tuple(sum(terms[1:], terms[0]) for terms in zip(*answers, strict=True))


def bound(part: Part, network: Network, loss: Loss, context: Context) -> tuple[float, WholeTerm]:
    """Return the mean loss of a model on the rows of a part, and what these count."""
    rows = part.train
    return rows.total, WholeTerm(network, loss, rows.source, rows.weights, context)


@quiet
def value(term: tuple[float, WholeTerm], params: Params) -> tuple[float, Array]:
    """Return what rows count, and the sum of their losses."""
    total, mean = term
    return total, total * mean.value(params).astype(np.float64)


@quiet
def value_and_gradient(
    term: tuple[float, WholeTerm], params: Params
) -> tuple[float, Array, Params]:
    """Return what rows count, the sum of their losses, and its gradient."""
    total, mean = term
    values, gradient = mean.value_and_gradient(params)
    return total, total * values.astype(np.float64), total * gradient.astype(np.float64)


def summed(part: Part, of_rows: Callable[[Rows], Array]) -> tuple[float, Array]:
    """Return what rows count, and the sum over them of what a function returns."""
    rows = part.train
    found = quiet(rows.source.summed)(of_rows, rows.weights)
    return rows.total, found * (rows.total / rows.source.n_samples)


def moments(part: Part, centred: bool, with_targets: bool) -> tuple[Array, Moments]:
    """Return what rows count, (1,), and their moments."""
    rows = part.train
    return np.array([rows.total]), rows.source.moments(rows.weights, centred, with_targets)


def column_moments(part: Part, centred: bool) -> tuple[Array, ColumnMoments]:
    """Return what rows count, (1,), and the moments of every input for itself."""
    rows = part.train
    return np.array([rows.total]), rows.source.column_moments(rows.weights, centred)


def target_moments(part: Part, centred: bool) -> tuple[Array, ColumnMoments]:
    """Return what rows count, (1,), and the moments of every target for itself."""
    rows = part.train
    return np.array([rows.total]), moments_of(rows.source.y, rows.weights.values, centred)


def joined(answers: Sequence[tuple[Array, Any]]) -> tuple[Array, Any]:
    """Return the moments of all rows from those of parts."""
    return sum(total for total, _ in answers), pooled(answers)


def n_rows(part: Part) -> int:
    """Return how many rows are trained on."""
    return part.train.source.n_samples


def first_rows(part: Part, n_wanted: int) -> Rows:
    """Return some rows as fits see them."""
    source = part.train.source
    return source.batch(0, min(n_wanted, source.n_samples), None, Weights())


def together(rows: Sequence[Rows]) -> Rows:
    """Return rows in one."""
    return Rows(stacked([one.X for one in rows]), np.concatenate([one.y for one in rows]))


def _drawn(n_rows: int, fraction: float, seed: int, number: int) -> np.ndarray:
    """Return which of the rows are held out, at the most all but one."""
    rng = np.random.Generator(np.random.Philox(key=seed, counter=number))
    n_held_out = min(int(fraction * n_rows + rng.random()), n_rows - 1)
    return rng.permutation(n_rows) < n_held_out


def _relative(weight: np.ndarray | None, dtype: Any) -> Weights:
    """Return weights of mean 1, the same for all fits; of no weight, all 0."""
    if weight is None:
        return Weights()
    mean = weight.mean() or 1.0
    values = Placement(np).asarray((weight / mean)[None], dtype=np.dtype(dtype).name)
    return Weights(values, key="of a part")
