"""Chunks that several folds want, each read once for all that want it at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Semaphore
from typing import Any

from skopt_suite.chunks import ChunkedRows
from skopt_suite.training import Cancelled

_KEPT = 2**25  # bytes of the last chunks
_SWEEP, _STAGE = -1, -2  # in place of a chunk: folds wait for others to begin such, too


class SharedReads:
    """What all folds read from; each has a thread.

    Parameters
    ----------
    rows : ChunkedRows
        What is read.
    n_folds : int
        How many folds there are, by their numbers.
    n_at_once : int
        How many of them may compute at the same time.
    """

    def __init__(self, rows: ChunkedRows, n_folds: int, n_at_once: int) -> None:
        self.rows, self.n_read = rows, 0
        self.error: Exception | None = None  # of reading
        self._active = set(range(n_folds))
        self._wanted: dict[int, int] = {}  # by fold
        self._answers: dict[int, Any] = {}
        self._kept: dict[int, Any] = {}
        self._changed, self._slots = Condition(), Semaphore(n_at_once)
        self._is_stopped = False

    @property
    def n_sweeps(self) -> float:
        """How often all rows were read."""
        return self.n_read / len(self.rows.lengths)

    @contextmanager
    def computing(self, fold: int) -> Iterator[None]:
        """Let a fold compute, and others not wait for it when it is done."""
        try:
            with self._slots:
                yield
        finally:
            with self._changed:
                self._active.discard(fold)
                self._serve()

    def chunk(self, fold: int, i: int) -> Any:
        """Return a chunk when it has been read."""
        with self._changed:
            if i in self._kept:
                return self._kept[i]
        return self._wait_for(fold, i)

    def begin_sweep(self, fold: int) -> None:
        """Return when no fold is amid a sweep."""
        self._wait_for(fold, _SWEEP)

    def begin_stage(self, fold: int) -> None:
        """Return when all folds are about to train or to score their next fits."""
        self._wait_for(fold, _STAGE)

    def stop(self) -> None:
        """Let all folds that wait end with `Cancelled`."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _wait_for(self, fold: int, i: int) -> Any:
        """Return the answer for a fold, while which others may compute."""
        self._slots.release()
        try:
            with self._changed:
                self._wanted[fold] = i
                self._serve()
                self._changed.wait_for(lambda: fold in self._answers or self._is_stopped)
                if self._is_stopped:
                    raise Cancelled
                return self._answers.pop(fold)
        finally:
            self._slots.acquire()

    def _serve(self) -> None:
        """Answer folds if all of them wait."""
        if self._is_stopped or not self._active or self._active - self._wanted.keys():
            return
        counts = Counter(self._wanted.values())
        i = max(counts, key=lambda i: (min(i, 0), counts[i]))  # chunks first, then sweeps
        answer = None if i < 0 else self._read(i)
        for fold in [fold for fold, wanted in self._wanted.items() if wanted == i]:
            del self._wanted[fold]
            self._answers[fold] = answer
        self._changed.notify_all()

    def _read(self, i: int) -> Any:
        """Return a chunk; the last ones are kept. If it cannot be read, all folds end."""
        self.n_read += 1
        try:
            X = self.rows.chunk(i)
        except Exception as error:
            self.error, self._is_stopped = error, True
            return None
        self._kept.pop(i, None)
        self._kept[i] = X
        while sum(self.rows.sizes[k] for k in self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return X


class OfFold:
    """The reader of a fold.

    Parameters
    ----------
    reads : SharedReads
        Of all folds.
    fold : int
        Its number.
    """

    def __init__(self, reads: SharedReads, fold: int) -> None:
        self._reads, self._fold, reader = reads, fold, reads.rows.reader
        self.is_sequential, self.is_array = reader.is_sequential, reader.is_array
        self.is_map, self.is_shared = reader.is_map, True

    def sweep(self) -> Iterator[Any]:
        """Yield all chunks."""
        return map(self.read, range(len(self._reads.rows.lengths)))

    def read(self, i: int) -> Any:
        """Return a chunk."""
        return self._reads.chunk(self._fold, i)

    def end(self, n_chunks: int) -> None:
        """Do nothing: whoever reads the last chunk asks whether there are more."""

    def begin_sweep(self) -> None:
        """Begin a sweep together with the other folds."""
        self._reads.begin_sweep(self._fold)

    def begin_stage(self) -> None:
        """Begin to train or to score together with them: epochs have the same order then."""
        self._reads.begin_stage(self._fold)
