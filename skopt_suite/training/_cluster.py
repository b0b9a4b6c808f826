"""Rows that are on the workers of a cluster, and stay there.

A step asks every worker once: parameters go out, and sums over its rows come back. The client has
a summary of the targets, which gives the losses of constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from skopt_suite._component import take
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Array, FeatureMatrix, Params, PerFit, Placement
from skopt_suite.cluster import Crew, Held
from skopt_suite.losses import Loss
from skopt_suite.models import Context, Network
from skopt_suite.optimizers.algebra._moments import ColumnMoments, Moments
from skopt_suite.optimizers.algebra._spectrum import Spectrum
from skopt_suite.training import _part
from skopt_suite.training._data_term import PLAIN, DataTerm, WholeTerm
from skopt_suite.training._part import Part, Recipe
from skopt_suite.training._rows import Basis, KnownRows, Rows, Targets, Weights
from skopt_suite.training._rows_read import tell_rows

_SAMPLE = 256  # rows that the client sees


@dataclass(frozen=True, eq=False)
class ClusterRows:
    """A matrix whose rows are on workers.

    Parameters
    ----------
    crew : Crew
        Who has which partitions.
    recipe : Recipe
        How the rows that fits see are made of them.
    """

    crew: Crew
    recipe: Recipe
    ndim = 2

    def made(self, **changes: Any) -> ClusterRows:
        """Return the same partitions with another recipe."""
        return ClusterRows(self.crew, replace(self.recipe, **changes))

    @cached_property
    def parts(self) -> Held:
        """The rows of every worker."""
        return Held(self.crew, Part.of, (self.recipe,))

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows that are trained on, and columns."""
        n_rows = self.parts.ask(_part.n_rows) if self.recipe.fraction else self.crew.n_rows
        return sum(n_rows), self.recipe.n_features

    @property
    def dtype(self) -> Any:
        """Precision in which they are held."""
        return self.recipe.dtype

    @property
    def is_sparse(self) -> bool:
        """Whether they are sparse."""
        return self.recipe.is_sparse

    def column_moments(self, centred: bool) -> ColumnMoments:
        """Return means and variances of all columns."""
        return self.parts.total(_part.joined, _part.column_moments, centred)[1]

    @property
    def targets(self) -> ClusterTargets:
        """What goes with them, (n_samples, n_columns), encoded."""
        return ClusterTargets(self)

    def __len__(self) -> int:
        return self.shape[0]


@dataclass(frozen=True, eq=False)
class ClusterTargets:
    """The targets of rows that are on workers.

    Parameters
    ----------
    rows : ClusterRows
        The rows.
    """

    rows: ClusterRows

    @property
    def shape(self) -> tuple[int, int]:
        """Rows that are trained on, and columns."""
        return self.rows.shape[0], self.rows.recipe.targets.type.n_columns

    def column_moments(self, centred: bool) -> ColumnMoments:
        """Return means and variances of all columns."""
        return self.rows.parts.total(_part.joined, _part.target_moments, centred)[1]


def is_on_cluster(X: Any) -> bool:
    """Whether the rows of X are on the workers of a cluster."""
    return isinstance(X, ClusterRows)


class Cluster(KnownRows):
    """Rows on workers; targets are a summary, and weights are those of its entries."""

    has_parts = True
    X: ClusterRows

    @property
    def is_sparse(self) -> bool:
        """Whether inputs are sparse."""
        return self.X.is_sparse

    @property
    def holds_out(self) -> bool:
        """Whether workers hold out some of their rows."""
        return self.X.recipe.fraction > 0

    @property
    def whole(self) -> FeatureMatrix:
        """Nothing: they stay where they are."""
        raise TypeError("Rows on the workers of a cluster are never in one place.")

    @property
    def seen(self) -> Any:
        """Nothing: they stay where they are."""
        return self.whole

    def shuffles(self, seed: int, placement: Placement) -> ClusterShuffles:
        """Return the orders of rows that are drawn from a seed."""
        return ClusterShuffles(seed)

    def some_targets(self, n_rows: int) -> np.ndarray:
        """Return the summary."""
        return self.y

    def targets(self, weights: Weights, kind: TargetType) -> Iterator[Targets]:
        """Yield the summary, which counts as many rows as there are."""
        n_each = np.full((1, len(self.y)), self.n_samples / len(self.y))
        yield Targets(self.y, n_each if weights.values is None else n_each * weights.values)

    def batch(self, start: int, size: int, order: Any, weights: Weights) -> Rows:
        """Return some of the first rows of workers: never more than a few."""
        X, y, _ = self._sample
        start = start if start + size <= len(y) else 0
        return Rows(X[start : start + size], y[start : start + size])

    def parts(self, weights: Weights) -> Iterator[Rows]:
        """Raise: rows stay where they are."""
        raise TypeError("Rows on the workers of a cluster are never in one place.")

    def summed(self, of_rows: Callable[[Rows], Array], weights: Weights) -> Array:
        """Return the sum over all rows of what a function returns, found on workers."""
        total, found = self.X.parts.total(_part.added, _part.summed, of_rows)
        return found * (self.n_samples / total)

    def moments(self, weights: Weights, centred: bool, with_targets: bool) -> Moments:
        """Return means and second moments of the inputs, or of inputs and targets."""
        what = centred, with_targets

        def find() -> Moments:
            return self.X.parts.total(_part.joined, _part.moments, *what)[1]

        return self._found(("moments", *what), weights, find)

    def column_moments(self, weights: Weights, centred: bool) -> ColumnMoments:
        """Return means and variances of the inputs."""
        return self.X.column_moments(centred)

    def spectrum(
        self, weights: Weights, centred: bool, basis: Basis, any_scale: bool
    ) -> tuple[Array, Spectrum]:
        """Return the means of the inputs and the eigenbasis of their second moments.

        Of products of rows that workers do not have together there is none.
        """
        basis = "columns" if basis == "rows" else basis
        return super().spectrum(weights, centred, basis, any_scale)

    def _sampled_moments(self, weights: Weights, centred: bool) -> Moments:
        return self.moments(weights, centred, with_targets=False)

    @cached_property
    def _sample(self) -> Rows:
        n_each = -(-_SAMPLE // len(self.X.parts.futures))
        return _part.together(self.X.parts.ask(_part.first_rows, n_each))


class ClusterShuffles:
    """Orders of rows of which workers draw their own.

    Parameters
    ----------
    seed : int
        What they are drawn from, with the number of the epoch.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def draw(self, epoch: int) -> None:
        """Do nothing: orders are drawn where rows are."""

    def of(self, epoch: int) -> int:
        """Return what the orders of an epoch are drawn from."""
        return self.seed


class ClusterTerm(WholeTerm):
    """The term on all rows of workers, each of which is asked once.

    Its parameters are those of any term on all rows.
    """

    source: Any

    def value(self, params: Params) -> PerFit:
        """Return the mean loss without dropout, (n_fits,)."""
        total, values = self._terms.total(_part.added, _part.value, params)
        return (values / total).astype(params.dtype)

    def value_and_gradient(self, params: Params) -> tuple[PerFit, Params]:
        """Return the mean loss, (n_fits,), and its gradient, (n_fits, n_params)."""
        found = self._terms.total(_part.added, _part.value_and_gradient, params)
        total, values, gradient = found
        tell_rows(self.n_rows)
        return (values / total).astype(params.dtype), (gradient / total).astype(params.dtype)

    def with_context(self, context: Context) -> DataTerm:
        """Return the term of a network that is trained with something else."""
        return ClusterTerm(self.network, self.loss, self.source, self.weights, context)

    def take(self, index: Array) -> DataTerm:
        """Return the term of the fits that `index` names."""
        loss, context = take(self.loss, index), self.context.take(index)
        return ClusterTerm(self.network, loss, self.source, self.weights, context)

    @cached_property
    def _terms(self) -> Held:
        """The terms on the rows of every worker."""
        return self.source.X.parts.then(_part.bound, self.network, self.loss, self.context)


def term_on(
    network: Network, loss: Loss, source: Any, weights: Weights, context: Context = PLAIN
) -> WholeTerm:
    """Return the term on all rows of a source."""
    kind = ClusterTerm if isinstance(source, Cluster) else WholeTerm
    return kind(network, loss, source, weights, context)
