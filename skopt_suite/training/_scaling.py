"""Columns moved and stretched, as rows are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np

from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    Placement,
    is_sparse,
    namespace,
    take_rows,
    with_data,
)

_AT_ONCE = 2**18  # numbers that are computed with in float64
_FAR = 16  # deviations


class Scaling(NamedTuple):
    """``(x - mean) * factor`` of every column, computed in float64."""

    mean: Array | None
    """(n_columns,), float64; None: nothing is taken off."""
    factor: Array
    """(n_columns,), float64, positive."""

    def on(self, placement: Placement) -> Self:
        """Return it with its arrays where rows are."""
        mean = None if self.mean is None else placement.asarray(self.mean)
        return self._replace(mean=mean, factor=placement.asarray(self.factor))

    def __call__(self, X: FeatureMatrix, dtype: Any, rows: Array | None = None) -> FeatureMatrix:
        """Return a copy in a precision of all rows, or of those that an index names."""
        if is_sparse(X):
            return self._of_sparse(X if rows is None else take_rows(X, rows), dtype)
        xp, n_rows = namespace(X), X.shape[0] if rows is None else rows.shape[0]
        scaled = xp.empty((n_rows, X.shape[1]), dtype=dtype, device=X.device)
        for block in _blocks(*scaled.shape):
            part = X[block, :] if rows is None else take_rows(X, rows[block])
            scaled[block, :] = xp.astype(self._of_dense(part), dtype, copy=False)
        return scaled

    def of_columns(self) -> tuple[Array, Array]:
        """Return what is taken off columns, 0 where nothing is, and their factors."""
        mean = namespace(self.factor).zeros_like(self.factor) if self.mean is None else self.mean
        return mean, self.factor

    def undone(self, values: Array) -> Array:
        """Return what gives `values`, in their precision."""
        xp = namespace(values)
        back = xp.astype(values, xp.float64) / self.factor
        return xp.astype(back if self.mean is None else back + self.mean, values.dtype)

    def repeated(self, n_times: int) -> Self:
        """Return the scaling, with arrays on the host, of columns that stand there so often."""
        mean = None if self.mean is None else np.repeat(self.mean, n_times)
        return self._replace(mean=mean, factor=np.repeat(self.factor, n_times))

    def taken(self, columns: np.ndarray) -> Self:
        """Return the scaling, with arrays on the host, of some columns."""
        return self._replace(**{k: v[columns] for k, v in self._asdict().items() if v is not None})

    @property
    def has_far_means(self) -> bool:
        """Whether means are so many deviations from 0 that float32 would lose digits."""
        return self.mean is not None and bool((np.abs(self.mean) * self.factor > _FAR).any())

    def is_like(self, other: Scaling) -> bool:
        """Whether another one does the same."""
        pairs = zip(self, other, strict=True)
        return all(np.array_equal(*pair) for pair in pairs)

    def _of_dense(self, x: Array) -> Array:
        xp = namespace(x)
        x = xp.astype(x, xp.float64, copy=False)
        return (x if self.mean is None else x - self.mean) * self.factor

    def _of_sparse(self, X: FeatureMatrix, dtype: Any) -> FeatureMatrix:
        """Return columns that are stretched, which leaves zeros what they are."""
        xp, values = namespace(X.data), X.data
        data = xp.empty(values.shape, dtype=dtype, device=values.device)
        for block in _blocks(data.shape[0], 1):
            part = xp.astype(values[block], xp.float64, copy=False)
            part = part * xp.take(self.factor, X.indices[block])
            data[block] = xp.astype(part, dtype, copy=False)
        return with_data(X, data)


def _blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    size = max(1, _AT_ONCE // max(1, n_columns))
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))  # the array API has none past the end
