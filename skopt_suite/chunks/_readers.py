"""Where chunks come from: maps of files, sequences, callables, and collections of dask."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Protocol

import numpy as np

_CHUNK = 2**21  # bytes of a map of a file that are read at once
SMALL = 2**26  # bytes: arrays up to here are held in memory
_OF_JOBLIB = "joblib_memmapping_folder"  # files of arrays that another process has in memory


class Ended(Exception):
    """There are fewer chunks, or more."""


class Reader(Protocol):
    """Gives chunks of rows, alone or as tuples with targets and weights."""

    is_sequential: bool
    """Whether chunks come one after the other: others than the next are found from the first on."""
    is_array: bool
    """Whether all chunks together are an array or a frame, which may be held in memory, too."""
    is_map: bool
    """Whether that array is at hand whatever reads it: a map of a file."""
    is_shared: bool
    """Whether whoever reads waits for others that read the same, and so has to read itself."""

    def sweep(self) -> Iterator[Any]:
        """Yield all chunks."""

    def begin_sweep(self) -> None:
        """Hear that all chunks are going to be read."""

    def read(self, i: int) -> Any:
        """Return a chunk."""

    def end(self, n_chunks: int) -> None:
        """Raise if there is another chunk behind so many, as far as that is known."""


class _Alone:
    """What reads chunks for one who wants them."""

    is_shared = False

    def begin_sweep(self) -> None:
        """Do nothing."""


class _Indexed(_Alone):
    """Chunks that are read in any order."""

    is_sequential = is_map = False

    def __init__(self, n_chunks: int) -> None:
        self.n_chunks = n_chunks

    def sweep(self) -> Iterator[Any]:
        """Yield all chunks; not `map`, which would end with a ``StopIteration`` of `read`."""
        for i in range(self.n_chunks):
            yield self.read(i)

    def read(self, i: int) -> Any:
        """Return a chunk."""
        raise NotImplementedError

    def end(self, n_chunks: int) -> None:
        """Raise if there is another chunk behind so many: their number is known."""


class OfMap(_Indexed):
    """Blocks of rows of a map of a file, as views: read, they leave the memory of the process.

    Parameters
    ----------
    X : memmap of shape (n_samples, n_features)
        The map.
    """

    is_array = is_map = True

    def __init__(self, X: np.memmap) -> None:
        self.X = X
        self.n_rows = max(1, _CHUNK // max(1, X.shape[1] * X.itemsize))
        super().__init__(-(-X.shape[0] // self.n_rows))

    def read(self, i: int) -> np.ndarray:
        """Return a chunk; those before leave memory, unless changes would be lost."""
        file = getattr(self.X, "_mmap", None)
        if self.X.mode != "c" and file is not None and hasattr(mmap, "MADV_DONTNEED"):
            file.madvise(mmap.MADV_DONTNEED)
        return np.asarray(self.X[i * self.n_rows : (i + 1) * self.n_rows])


class OfSequence(_Indexed):
    """Chunks of a sequence.

    Parameters
    ----------
    chunks : sequence
        Has a length, and gives chunks by their numbers.
    """

    is_array = False

    def __init__(self, chunks: Sequence[Any]) -> None:
        self.chunks = chunks
        super().__init__(len(chunks))

    def read(self, i: int) -> Any:
        """Return a chunk."""
        return self.chunks[i]


class OfList(OfSequence):
    """Chunks that are in memory: nobody has to read them ahead.

    Parameters
    ----------
    chunks : sequence
        Arrays, or CSR.
    """

    is_map = True


class OfDask(_Indexed):
    """Blocks of rows of a dask array, or partitions of a dask frame.

    Parameters
    ----------
    X : array or frame of dask
        Two-dimensional.
    """

    is_array = True

    def __init__(self, X: Any) -> None:
        self.X, self.has_partitions = X, hasattr(X, "npartitions") and hasattr(X, "divisions")
        super().__init__(X.npartitions if self.has_partitions else X.numblocks[0])

    def read(self, i: int) -> Any:
        """Return what a partition is."""
        part = self.X.partitions[i] if self.has_partitions else self.X.blocks[i]
        return part.compute()


class OfCallable(_Alone):
    """Chunks of the iterators that a callable gives, a new one for every sweep.

    Parameters
    ----------
    begin : callable
        Takes nothing; returns an iterable.
    """

    is_sequential = True
    is_array = is_map = False

    def __init__(self, begin: Callable[[], Any]) -> None:
        self.begin = begin
        self.chunks: Iterator[Any] = iter(())
        self.following = 0

    def sweep(self) -> Iterator[Any]:
        """Yield all chunks."""
        try:
            for i in count():
                yield self.read(i)
        except Ended:
            return

    def read(self, i: int) -> Any:
        """Return a chunk; raise `Ended` if there are fewer."""
        if i < self.following or i == 0:
            self.chunks, self.following = _iterator(self.begin()), 0
        while self.following <= i:
            self.following += 1
            chunk = next(self.chunks, self)
            if chunk is self:
                raise Ended(f"there are {self.following - 1} chunks.")
        return chunk

    def end(self, n_chunks: int) -> None:
        """Raise if there is another chunk behind so many."""
        if self.following == n_chunks and next(self.chunks, self) is not self:
            raise Ended(f"there are more than {n_chunks} chunks.")


def reader_of(X: Any) -> Reader | None:
    """Return what reads X chunk by chunk; None where X is what one holds in memory."""
    if type(X) is np.ndarray:
        return None
    if isinstance(X, np.memmap):
        return OfMap(X) if _is_streamed(X) else None
    if is_of_dask(X):
        return OfDask(X)
    if _is_array(X) or _is_lazy(X) or isinstance(X, (str, bytes, Mapping)):
        return None
    if callable(X):
        return OfCallable(X)
    return OfSequence(X) if _has_chunks(X) else None


def is_stream(X: Any) -> bool:
    """Whether X gives chunks and is no array: a sequence or a callable, or an iterator."""
    reader = reader_of(X)
    return hasattr(X, "__next__") or (reader is not None and not reader.is_array)


def is_iterable_only(X: Any) -> bool:
    """Whether X can be iterated over again and again, but is no array, sequence or callable."""
    is_another = hasattr(X, "__getitem__") or hasattr(X, "__next__") or callable(X) or _is_array(X)
    return hasattr(X, "__iter__") and not is_another


def is_of_dask(X: Any) -> bool:
    """Whether X is a dask array or frame with rows and columns."""
    return _is_lazy(X) and _dimensions(X) == 2


def may_be_empty(reader: Reader) -> bool:
    """Whether chunks without rows are usual: partitions of dask from which some were filtered."""
    return isinstance(reader, OfDask)


def is_held(reader: Reader, n_bytes: int) -> bool:
    """Whether chunks of so many bytes together are held in memory, as the array that they are."""
    return reader.is_array and n_bytes <= SMALL


def as_tuple(chunk: Any) -> tuple[Any, ...]:
    """Return inputs, and targets and weights if they come with them."""
    return tuple(chunk) if isinstance(chunk, (tuple, list)) else (chunk,)


def _iterator(chunks: Any) -> Iterator[Any]:
    if not hasattr(chunks, "__iter__"):
        kind = type(chunks).__name__
        raise TypeError(f"X is a callable, which must return an iterator of chunks; got {kind}.")
    return iter(chunks)


def _is_streamed(X: np.memmap) -> bool:
    is_large = X.ndim == 2 and X.nbytes > SMALL and X.dtype.kind in "fiub"
    return is_large and _OF_JOBLIB not in str(X.filename)


def _is_lazy(X: Any) -> bool:
    """Whether X is something of dask, such as an array, a bag or what is delayed."""
    return hasattr(X, "compute") and type(X).__module__.partition(".")[0].startswith("dask")


def _dimensions(X: Any) -> int:
    """Return how many axes a collection of dask has; 0 for what has any attribute."""
    found = getattr(X, "ndim", 0)
    return found if isinstance(found, int) else 0


def _is_array(X: Any) -> bool:
    return hasattr(X, "shape") or hasattr(X, "__array__") or hasattr(X, "__dataframe__")


def _has_chunks(X: Any) -> bool:
    """Whether the first of a sequence is a chunk."""
    if not (hasattr(X, "__len__") and hasattr(X, "__getitem__")) or len(X) == 0:
        return False
    first = as_tuple(X[0])
    return len(first) > 0 and len(getattr(first[0], "shape", ())) == 2
