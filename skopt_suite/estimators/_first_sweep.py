"""The first sweep over chunks: everything is checked, and targets and weights are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skopt_suite.backends import is_sparse
from skopt_suite.chunks import (
    ChunkedRows,
    Reader,
    as_tuple,
    is_held,
    is_where,
    mark_of,
    may_be_empty,
    nbytes,
    reader_of,
    stacked,
)
from skopt_suite.estimators._chunk_errors import check_table, named_chunk, no_chunks
from skopt_suite.estimators._inputs import (
    accepted,
    extremes,
    has_small_squares,
    limit_of_size,
    refuse_large,
)
from skopt_suite.estimators._own_targets import OwnTargets
from skopt_suite.training import tell_rows

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator


_ALWAYS_SMALL = limit_of_size("float32", 2**62)


class Swept(NamedTuple):
    """What a sweep has found."""

    X: Any
    """Rows that are read chunk by chunk; or an array or CSR, if an array turns out to be small."""
    y: Any
    weight: Any
    dtype: str
    """Precision of the fit."""


def reader_for(model: TrainableEstimator, X: Any) -> Reader | None:
    """Return what reads the rows of a fit; None where X is in memory, or is taken as if it were.

    A map of a file is where the optimizer needs it, and it and dask's collections on devices.
    """
    if hasattr(X, "__next__"):
        raise TypeError(
            f"{type(model).__name__}: X must be read in every epoch, and an iterator gives its "
            "chunks only once. Give a callable that returns an iterator, or a list of chunks."
        )
    reader = reader_of(X)
    if reader is None or _is_array_to(model, reader):
        return None
    if model.backend == "cupy":
        raise ValueError(
            f"{type(model).__name__}: backend='cupy' takes X in memory only; got "
            f"{type(X).__name__}, which is read in chunks. Change backend to 'numpy'."
        )
    return reader


def _is_array_to(model: TrainableEstimator, reader: Reader) -> bool:
    """Whether a model needs all rows at once, of what can give them."""
    if reader.is_map and not model._optimizer(is_chunked=True).takes_chunks:
        return True
    return reader.is_array and model.backend == "cupy"


def swept(
    model: TrainableEstimator, reader: Reader, y: Any, weight: Any, dtype: str, reset: bool
) -> Swept:
    """Return the rows of a reader, checked."""
    sweep = _Sweep(model, dtype, reset)
    for i, chunk in enumerate(reader.sweep()):
        with named_chunk(type(model).__name__, i):
            sweep.take(chunk, reader)
            tell_rows(sweep.lengths[-1])
    return sweep.end(reader, y, weight)


class _Sweep:
    """What is known of the chunks so far."""

    def __init__(self, model: TrainableEstimator, dtype: str, reset: bool) -> None:
        self.model, self.dtype, self.reset = model, dtype, reset
        self.lengths: list[int] = []
        self.sizes: list[int] = []
        self.marks: list[int] = []
        self.dtypes: set[Any] = set()
        self.kinds: list[bool] = []  # whether chunks are sparse
        self.largest = 0.0
        self.kept: list[Any] | None = []
        self.own = OwnTargets()
        self.before: Any = None
        self.is_reused = False

    def take(self, chunk: Any, reader: Reader) -> None:
        """Check a chunk, and keep what comes with it."""
        raw, *others = as_tuple(chunk)
        if may_be_empty(reader) and raw.shape[0] == 0:
            self.lengths.append(0)
            self.sizes.append(0)
            self.marks.append(0)
            return
        reset = self.reset and not self.kinds
        X, largest = checked_chunk(self.model, raw, self.dtype, reset)
        self.largest = max(self.largest, largest)
        self.lengths.append(X.shape[0])
        self.sizes.append(nbytes(X))
        self.marks.append(mark_of(X))
        self.is_reused |= self.before is not None and is_where(X, self.before)
        self.before = X
        self.dtypes.add(X.dtype)
        self.kinds.append(is_sparse(X))
        if self.kinds[-1] != self.kinds[0]:
            raise ValueError("all chunks must be dense, or all sparse; it is not like the first.")
        self.own.take(X.shape[0], others)
        is_kept = self.kept is not None and is_held(reader, sum(self.sizes))
        self.kept = [*self.kept, X] if is_kept and self.kept is not None else None

    def end(self, reader: Reader, y: Any, weight: Any) -> Swept:
        """Return all that was found."""
        owner = type(self.model).__name__
        if not self.kinds:
            raise no_chunks(owner)
        y, weight = self.own.found(owner, y, weight)
        own, dtype = precisions(self.dtypes, self.dtype)
        n_values = sum(self.lengths) * self.model.n_features_in_
        refuse_large(owner, dtype, self.largest, limit_of_size(dtype, n_values))
        if self.kept is not None:
            return Swept(stacked(self.kept).astype(own, copy=False), y, weight, dtype)
        lengths, sizes = np.array(self.lengths), np.array(self.sizes)
        X = ChunkedRows(
            reader,
            lengths,
            sizes,
            self.model.n_features_in_,
            np.dtype(own),
            self.kinds[0],
            marks=self.marks,
            is_reused=self.is_reused,
        )
        return Swept(X, y, weight, dtype)


def precisions(dtypes: set[Any], wanted: str) -> tuple[Any, str]:
    """Return the precision in which chunks are held, and that of the fit."""
    own = np.float32 if dtypes == {np.dtype(np.float32)} else np.float64
    return own, np.dtype(own).name if wanted == "as_X" else wanted


def checked_chunk(
    model: TrainableEstimator, raw: Any, dtype: str, reset: bool = False
) -> tuple[Any, float]:
    """Return a chunk in one of the precisions, and its largest number where that may matter."""
    check_table(raw)
    validate_data(model, raw, reset=reset, skip_check_array=True)
    wanted = accepted(dtype if hasattr(raw, "dtype") else "float64")
    is_array = type(raw) is np.ndarray and raw.size and raw.dtype in wanted
    if is_array and has_small_squares(raw, _ALWAYS_SMALL):  # and so all is finite
        return raw, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        X = check_array(raw, accept_sparse="csr", dtype=wanted, input_name="X")
    if is_sparse(X):
        X.check_format(full_check=True)
    values = X.data if is_sparse(X) else X
    return X, _largest(values) if values.size else 0.0


def _largest(values: np.ndarray) -> float:
    smallest, largest = extremes(values)
    return max(largest, -smallest)
