"""Rows that have not been read yet: lazy frames, chunks, and what may give chunks."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np

from skopt_suite.chunks import is_iterable_only, is_stream

__all__ = ["refuse_lazy", "refuse_names", "refuse_unread"]


def refuse_lazy(owner: str, **given: Any) -> None:
    """Raise if chunks were given, or what has no rows with numbers."""
    for name, rows in given.items():
        if type(rows) is np.ndarray:
            continue
        if is_stream(rows):
            raise TypeError(
                f"{owner}: {name} must be in memory; got {type(rows).__name__}, which gives "
                "chunks. The four estimators take them, as X of fit, partial_fit, predict and "
                "score: a list of chunks, or a callable that returns an iterator of them."
            )
        if type(rows).__name__ == "LazyFrame":
            raise _not_read(owner, name, rows, "collect")
        if hasattr(rows, "__dask_graph__") and not isinstance(getattr(rows, "ndim", None), int):
            raise _not_read(owner, name, rows, "compute")
        if is_iterable_only(rows):
            raise TypeError(
                f"{owner}: {name} must be an array or a frame; got {type(rows).__name__}, which "
                "can only be iterated over. If it gives chunks, the four estimators take a "
                "callable that returns it, as X."
            )


def refuse_names(owner: str, X: Any) -> None:
    """Raise if X is the name of a file, or a list of such names."""
    first = X[0] if isinstance(X, (list, tuple)) and X else X
    if isinstance(first, (str, PathLike)):
        raise TypeError(
            f"{owner}: X must be rows of numbers, not names of files; got {first!r}. Read them: "
            "np.load(name, mmap_mode='r') for one file; for several, X of fit may be a callable "
            "that returns an iterator over what is read of each."
        )


def refuse_unread(owner: str, **given: Any) -> None:
    """Raise if such rows were given, or a frame of dask, the rows of which have no numbers."""
    refuse_lazy(owner, **given)
    for name, rows in given.items():
        if hasattr(rows, "divisions") and hasattr(rows, "compute"):
            raise _not_read(owner, name, rows, "compute")


def _not_read(owner: str, name: str, rows: Any, method: str) -> TypeError:
    kind = f"{type(rows).__module__.partition('.')[0]}'s {type(rows).__name__}"
    return TypeError(
        f"{owner}: {name} must have been read into memory; got {kind}. Give {name}.{method}()."
    )
