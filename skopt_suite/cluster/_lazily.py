"""What a function says of every partition, as a dask array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skopt_suite.cluster._collections import partitions_of


def lazily(function: Callable[[Any], np.ndarray], X: Any, like: np.ndarray) -> Any:
    """Return a dask array of what a function says of every partition of X, computed by workers.

    Parameters
    ----------
    function : callable
        From the rows of a partition to an array with as many.
    X : array or frame of dask
        Inputs.
    like : ndarray
        Such an array without rows.
    """
    if hasattr(X, "map_blocks"):
        return _of_array(function, X, like)
    import dask
    import dask.array

    shared = dask.delayed(function)
    parts = [
        dask.array.from_delayed(shared(part), (np.nan, *like.shape[1:]), meta=like)
        for part in partitions_of(X)
    ]
    return dask.array.concatenate(parts, allow_unknown_chunksizes=True)


def _of_array(function: Callable[[Any], np.ndarray], X: Any, like: np.ndarray) -> Any:
    X = X.rechunk({1: -1}) if X.numblocks[1] > 1 else X
    if like.ndim == 1:
        return X.map_blocks(function, drop_axis=1, meta=like)
    return X.map_blocks(function, chunks=(X.chunks[0], (like.shape[1],)), meta=like)
