"""Rows that are read chunk by chunk; their targets and weights are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    Placement,
    SampleWeight,
    canonical,
    take_rows,
)
from skopt_suite.chunks import ChunkedRows, ChunkShuffles, Order, ahead, stacked
from skopt_suite.optimizers.algebra._moments import (
    ColumnMoments,
    Moments,
    column_moments,
    correlated,
    moments,
    pooled,
)
from skopt_suite.training._rows import (
    KnownRows,
    Rows,
    Targets,
    Weights,
    as_read,
    blocks,
)
from skopt_suite.training._rows_read import tell_rows
from skopt_suite.training._scaling import Scaling

_TARGETS = 2**18  # that are worked on at once


class Group(NamedTuple):
    """Some rows in memory, and in which order they come."""

    X: FeatureMatrix  # as it was read
    positions: np.ndarray  # (n_rows,): among all
    order: np.ndarray  # (n_rows,): among these


class Span(NamedTuple):
    """Rows for a range of steps of an epoch."""

    rows: Group
    first: int  # step
    n_steps: int


class Chunked(KnownRows):
    """Rows that are read chunk by chunk."""

    has_parts = True
    X: ChunkedRows

    @property
    def is_sparse(self) -> bool:
        """Whether inputs are sparse."""
        return self.X.is_sparse

    @property
    def rows_of_part(self) -> int:
        """How many rows the largest part has."""
        return self.X.rows_of_block

    @property
    def seen(self) -> SeenRows:
        """All inputs as fits see them."""
        return SeenRows(self.X, self.scaling, self.dtype)

    @property
    def whole(self) -> FeatureMatrix:
        """All of X as fits see it, read into memory: where there are but a few rows."""
        return canonical(self._read(self.X.whole()))

    def look_for_nan(self) -> None:
        """Raise if numbers that were finite no longer are; not where others have to read along."""
        if not self.X.reader.is_shared:
            self.X.look_for_nan()

    def seen_sparse(self, X: FeatureMatrix) -> FeatureMatrix:
        """Return sparse inputs as fits see them."""
        return canonical(self._read(X))

    def shuffles(self, seed: int, placement: Placement) -> ChunkShuffles:
        """Return the orders of rows that are drawn from a seed."""
        return ChunkShuffles(self.X, seed)

    def targets(self, weights: Weights, kind: TargetType) -> Iterator[Targets]:
        """Yield targets in a few parts."""
        for block in blocks(self.n_samples, _TARGETS):
            yield Targets(self.y[block], _of(weights.values, block))

    def batch(self, start: int, size: int, order: Order | None, weights: Weights) -> Rows:
        """Return up to `size` rows from `start` on, in the given order (None: as they come)."""
        stop = min(start + size, self.n_samples)
        if order is None:
            block = slice(start, stop)
            return Rows(self.seen[block], self.y[block], _of(weights.values, block))
        parts, at = [], []
        for group in self._groups_of(order, start, stop):
            X, positions, within = self._read_group(order, group)
            begin = order.ends[group] - len(within)
            chosen = within[max(start - begin, 0) : stop - begin]
            parts.append(self._read(take_rows(X, chosen)))
            at.append(positions[chosen])
        chosen = np.concatenate(at)
        tell_rows(len(chosen))
        return Rows(stacked(parts), self.y[chosen], _of(weights.values, chosen))

    def parts(self, weights: Weights) -> Iterator[Rows]:
        """Yield all rows, a few at a time."""
        found = self.seen.blocks()
        for block, X in found if self.X.reader.is_map else ahead(found):
            yield Rows(X, self.y[block], _of(weights.values, block))
            tell_rows(X.shape[0])

    def spans(self, order: Order | None, batch_size: int) -> Iterator[Span]:
        """Yield rows in memory for some steps after the others, in the given order."""
        order = self._as_they_come if order is None else order
        self.X.reader.begin_sweep()
        left: Group | None = None
        step = 0
        for group, end in enumerate(order.ends.tolist()):
            rows = self._group(order, group, left)
            n_rows, is_last = len(rows.order), end == self.n_samples
            n_steps = -(-n_rows // batch_size) if is_last else n_rows // batch_size
            if n_steps:
                yield Span(rows, step, n_steps)
            step += n_steps
            chosen = rows.order[n_steps * batch_size :]
            left = Group(take_rows(rows.X, chosen), rows.positions[chosen], np.arange(len(chosen)))

    def moments(self, weights: Weights, centred: bool, with_targets: bool) -> Moments:
        """Return means and second moments of the inputs, or of inputs and targets."""

        def of(rows: Rows) -> Moments:
            columns = [rows.X, rows.y] if with_targets else [rows.X]
            return moments(columns, rows.weight, centred)

        def find() -> Moments:
            return pooled(map(_with_total(of), self.parts(weights)))

        return self._found(("moments", centred, with_targets), weights, find)

    def column_moments(self, weights: Weights, centred: bool) -> ColumnMoments:
        """Return means and variances of the inputs."""

        def of(rows: Rows) -> ColumnMoments:
            return column_moments(rows.X, rows.weight, centred)

        return pooled(map(_with_total(of), self.parts(weights)))

    def _sampled_moments(self, weights: Weights, centred: bool) -> Moments:
        sample = self._read(self.X.every(self._step_of_sample))
        return correlated(self.column_moments(weights, centred), sample, centred)

    @cached_property
    def _as_they_come(self) -> Order:
        return Order(self.X)

    @cached_property
    def _last_groups(self) -> dict[tuple[Order, int], Group]:
        return {}

    def _groups_of(self, order: Order, start: int, stop: int) -> range:
        """Return the groups that the rows from `start` to `stop` are in."""
        first = np.searchsorted(order.ends, start, side="right")
        return range(int(first), int(np.searchsorted(order.ends, stop, side="left")) + 1)

    def _read_group(self, order: Order, group: int) -> Group:
        """Return the rows of a group; those of the last two are kept."""
        known = self._last_groups
        if (order, group) not in known:
            for other in [other for other in known if other != (order, group - 1)]:
                del known[other]
            known[order, group] = self._group(order, group)
        return known[order, group]

    def _group(self, order: Order, group: int, left: Group | None = None) -> Group:
        """Return the rows of a group, behind others that are left if they are given."""
        chunks, within = order.groups[group], order.within(group)
        positions = self.X.positions(chunks)
        if left is None or not len(left.order):
            return Group(self.X.together(chunks), positions, within)
        n_left = len(left.order)
        return Group(
            self.X.together(chunks, left.X),
            np.concatenate([left.positions, positions]),
            np.concatenate([left.order, n_left + within]),
        )


class SeenRows:
    """All inputs as fits see them, of which there are some in memory at a time.

    Parameters
    ----------
    X : ChunkedRows
        Inputs as they are read.
    scaling : Scaling or None
        What they go through.
    dtype : dtype
        Precision of the fit.
    """

    def __init__(self, X: ChunkedRows, scaling: Scaling | None, dtype: Any) -> None:
        self.X, self.scaling, self.dtype = X, scaling, np.dtype(dtype)
        self.shape = X.shape

    @property
    def T(self) -> Transposed:
        """Columns in place of rows."""
        return Transposed(self)

    def blocks(self) -> Iterator[tuple[slice, FeatureMatrix]]:
        """Yield all rows, some at a time, with their positions."""
        for block, X in self.X.blocks():
            yield block, canonical(as_read(X, self.scaling, self.dtype))

    def __getitem__(self, index: slice) -> FeatureMatrix:
        return as_read(self.X[index], self.scaling, self.dtype)

    def __matmul__(self, wide: Array) -> Array:
        product = np.empty((self.shape[0], wide.shape[1]), self.dtype)
        for block, X in self.blocks():
            product[block] = X @ wide
        return product


class Transposed:
    """Columns of rows that are read chunk by chunk.

    Parameters
    ----------
    rows : SeenRows
        The rows.
    """

    def __init__(self, rows: SeenRows) -> None:
        self.rows = rows

    def __matmul__(self, wide: Array) -> Array:
        total = np.zeros((self.rows.shape[1], wide.shape[1]))
        for block, X in self.rows.blocks():
            total += X.T @ wide[block]
        return total


def _of(weight: SampleWeight | None, chosen: Any) -> SampleWeight | None:
    return None if weight is None else weight[:, chosen]


def _with_total(find: Any) -> Any:
    """Return what finds the moments of a part, with the sums of its weights."""

    def found(rows: Rows) -> tuple[Array, Any]:
        n_rows, weight = rows.X.shape[0], rows.weight
        if weight is None:
            return np.full(1, float(n_rows)), find(rows)
        total = weight.sum(axis=1, dtype=np.float64)
        mean = np.where(total > 0, total / n_rows, 1.0).astype(weight.dtype)
        return total, find(rows._replace(weight=weight / mean[:, None]))

    return found
