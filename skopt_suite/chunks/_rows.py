"""A matrix whose rows are read chunk by chunk."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse

from skopt_suite.backends import FeatureMatrix, is_sparse, take_rows
from skopt_suite.chunks._readers import Ended, Reader, as_tuple

_BLOCK = 2**23  # bytes of rows that are worked on at once
HELD = 2**25  # bytes: rows of so many are better read once than in every sweep
_ROWS, _COLUMNS, _VALUES = 16, 64, 1024  # about so many of a chunk are looked at for its mark


class ChunkError(ValueError):
    """A chunk is not what it was before."""


@dataclass(frozen=True, eq=False)
class ChunkedRows:
    """All rows of a reader, or some of every chunk, in one precision.

    Parameters
    ----------
    reader : Reader
        What chunks come from.
    lengths : ndarray of shape (n_chunks,)
        Rows of chunks as they come.
    sizes : ndarray of shape (n_chunks,)
        Bytes of them.
    n_features : int
        Columns of all.
    dtype : dtype
        Single or double precision.
    is_sparse : bool
        Whether chunks are sparse.
    masks : tuple of ndarray, optional
        Which rows of every chunk there are; by default all.
    marks : sequence of int, optional
        What chunks are known by, see `mark_of`; by default they are not looked at.
    is_reused : bool, default=False
        Whether a chunk may be written over by the next one, and has to be copied.
    """

    reader: Reader
    lengths: np.ndarray
    sizes: np.ndarray
    n_features: int
    dtype: Any
    is_sparse: bool
    masks: tuple[np.ndarray, ...] | None = None
    marks: Sequence[int] | None = None
    is_reused: bool = False
    _last: dict[int, FeatureMatrix] = field(default_factory=dict, repr=False)
    ndim = 2

    def __post_init__(self) -> None:
        counts = self.lengths if self.masks is None else np.array([m.sum() for m in self.masks])
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "ends", np.cumsum(counts))

    counts: np.ndarray = field(init=False, repr=False)
    """How many rows of every chunk there are."""
    ends: np.ndarray = field(init=False, repr=False)
    """How many rows there are up to the end of every chunk."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.counts.sum()), self.n_features

    def __len__(self) -> int:
        return self.shape[0]

    def chunk(self, i: int) -> FeatureMatrix:
        """Return the rows of a chunk."""
        if not self.lengths[i]:
            return self._empty()
        try:
            raw = self.reader.read(i)
            if i == len(self.lengths) - 1:
                self.reader.end(i + 1)
        except Ended as error:
            raise ChunkError(
                f"chunk {i} of X: {error} In the first sweep there were {len(self.lengths)}."
            ) from error
        X = self._checked(i, as_tuple(raw)[0])
        if self.masks is not None:
            return X[self.masks[i]]
        return X.copy() if self.is_reused else X

    def __getitem__(self, index: Any) -> FeatureMatrix:
        """Return a slice of rows, with or without one of all columns."""
        rows = index[0] if isinstance(index, tuple) else index
        start, stop, _ = rows.indices(self.shape[0])
        first = int(np.searchsorted(self.ends, start, side="right"))
        parts = []
        while start < stop:
            begin, end = self.ends[first] - self.counts[first], min(self.ends[first], stop)
            if end > start:
                parts.append(self._kept(first)[start - begin : end - begin])
            start, first = max(start, end), first + 1
        return stacked(parts) if parts else self._kept(0)[:0]

    def blocks(self) -> Iterator[tuple[slice, FeatureMatrix]]:
        """Yield all rows, some at a time, with their positions."""
        self.reader.begin_sweep()
        for i, end in enumerate(self.ends.tolist()):
            X, begin = self.chunk(i), end - int(self.counts[i])
            n_rows = max(1, _BLOCK * max(1, X.shape[0]) // max(1, nbytes(X)))
            for start in range(0, X.shape[0], n_rows):
                part = X[start : start + n_rows]
                yield slice(begin + start, begin + start + part.shape[0]), part

    def look_for_nan(self) -> None:
        """Raise if a chunk, which marks know by a few of its numbers, has NaN or infinity."""
        self.reader.begin_sweep()
        for i in range(len(self.lengths)):
            X = self.chunk(i)
            if not np.isfinite(X.data if is_sparse(X) else X).all():
                raise ChunkError(
                    f"chunk {i} of X has changed: it has NaN or infinity, and had none in the "
                    "first sweep. Every sweep must give the same chunks in the same order."
                )

    @property
    def rows_of_block(self) -> int:
        """How many rows the largest of the blocks has."""
        of_a_row = self.sizes.sum() / max(1, self.lengths.sum())
        return int(min(self.counts.max(), max(1.0, _BLOCK // max(1.0, of_a_row))))

    def every(self, step: int) -> FeatureMatrix:
        """Return one row of so many."""
        return stacked([part[-rows.start % step :: step].copy() for rows, part in self.blocks()])

    def some(self, index: np.ndarray) -> ChunkedRows:
        """Return the rows at some positions, in order.

        Parameters
        ----------
        index : ndarray
            Positions, or a mask of all rows.
        """
        is_taken = index if index.dtype == bool else np.zeros(self.shape[0], bool)
        is_taken[index] = True
        masks = tuple(np.split(is_taken, self.ends[:-1]))
        if self.masks is not None:
            masks = tuple(map(_within, self.masks, masks))
        return replace(self, masks=masks, _last={})

    def taken(self, index: np.ndarray) -> ChunkedRows | FeatureMatrix:
        """Return the rows at some positions, in order; they are read now if they are few."""
        some = self.some(index)
        is_small = self.sizes.sum() * (len(some) / max(1, self.lengths.sum())) <= HELD
        return some.whole() if is_small else some

    def whole(self) -> FeatureMatrix:
        """Return all rows in memory."""
        if self.is_sparse:
            return stacked([self.chunk(i) for i in range(len(self.lengths))])
        return self.together(np.arange(len(self.lengths)))

    def together(self, chunks: np.ndarray, before: FeatureMatrix | None = None) -> FeatureMatrix:
        """Return the rows of some chunks in a piece of memory, behind others if they are given."""
        n_before = 0 if before is None else before.shape[0]
        if self.is_sparse:
            parts = [self.chunk(i) for i in chunks.tolist()]
            return stacked([*([before] if n_before else []), *parts])
        rows = np.empty((n_before + int(self.counts[chunks].sum()), self.n_features), self.dtype)
        if n_before:
            rows[:n_before] = before
        ends = n_before + np.cumsum(self.counts[chunks])
        for i, end in zip(chunks.tolist(), ends.tolist(), strict=True):
            rows[end - int(self.counts[i]) : end] = self.chunk(i)
        return rows

    def positions(self, chunks: np.ndarray) -> np.ndarray:
        """Return the positions of the rows of some chunks among all."""
        parts = [np.arange(self.ends[i] - self.counts[i], self.ends[i]) for i in chunks]
        return np.concatenate(parts) if parts else np.arange(0)

    def _empty(self) -> FeatureMatrix:
        shape = 0, self.n_features
        if self.is_sparse:
            return scipy.sparse.csr_array(shape, dtype=self.dtype)
        return np.empty(shape, self.dtype)

    def _kept(self, i: int) -> FeatureMatrix:
        """Return the rows of a chunk, read anew unless it is the last one that was asked for."""
        found = self._last.get(i)
        if found is None:
            self._last.clear()
            found = self._last[i] = self.chunk(i)
        return found

    def _checked(self, i: int, X: Any) -> FeatureMatrix:
        """Return a chunk in the precision of all; raise if it has changed."""
        wanted = int(self.lengths[i]), self.n_features
        if tuple(X.shape) != wanted or is_sparse(X) != self.is_sparse:
            kind = "sparse" if is_sparse(X) else "dense"
            raise ChunkError(
                f"chunk {i} of X has changed: it is {kind}, of shape {tuple(X.shape)}; in the "
                f"first sweep it was {'sparse' if self.is_sparse else 'dense'}, of shape {wanted}."
            )
        X = in_rows(X, self.dtype)
        if self.marks is not None and mark_of(X) != self.marks[i]:
            raise ChunkError(
                f"chunk {i} of X has changed: its numbers are not those of the first sweep. Every "
                "sweep must give the same chunks in the same order."
            )
        return X


def mark_of(X: FeatureMatrix) -> int:
    """Return what a chunk is known by in later sweeps: a checksum of numbers here and there."""
    if is_sparse(X):
        parts = [part[:: max(1, len(part) // _VALUES)] for part in (X.data, X.indices)]
    else:
        parts = [X[:: max(1, X.shape[0] // _ROWS), :: max(1, X.shape[1] // _COLUMNS)]]
    mark = 0
    for part in parts:
        mark = zlib.crc32(np.asarray(part, dtype=np.float64).tobytes(), mark)
    return mark


def is_where(X: FeatureMatrix, other: FeatureMatrix) -> bool:
    """Whether the numbers of a chunk begin in memory where those of another do."""
    return _address(X) == _address(other)


def is_chunked(X: Any) -> bool:
    """Whether the rows of X are read chunk by chunk."""
    return isinstance(X, ChunkedRows)


def some_rows(X: Any, index: Any) -> Any:
    """Return the rows at some positions of a matrix, in memory or read chunk by chunk."""
    return X.taken(index) if is_chunked(X) else take_rows(X, index)


def in_rows(X: Any, dtype: Any) -> FeatureMatrix:
    """Return a chunk as an array or as CSR, in a precision."""
    return X.tocsr().astype(dtype, copy=False) if is_sparse(X) else np.asarray(X, dtype=dtype)


def stacked(parts: Sequence[FeatureMatrix]) -> FeatureMatrix:
    """Return the rows of arrays, or of CSR containers, in one."""
    if len(parts) == 1:
        return parts[0]
    if is_sparse(parts[0]):
        return scipy.sparse.vstack(parts, format="csr")
    return np.concatenate(parts)


def nbytes(X: FeatureMatrix) -> int:
    """Return how many bytes the numbers of an array or of a CSR container take."""
    return int(X.data.nbytes + X.indices.nbytes if is_sparse(X) else X.nbytes)


def _address(X: FeatureMatrix) -> int:
    values = X.data if is_sparse(X) else X
    return int(values.__array_interface__["data"][0])


def _within(mask: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the mask of some of the rows of a mask."""
    both = np.zeros_like(mask)
    both[np.flatnonzero(mask)[among]] = True
    return both
