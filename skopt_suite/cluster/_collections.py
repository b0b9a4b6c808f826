"""Collections of dask as lists of partitions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skopt_suite.chunks import is_of_dask


def client_for(X: Any) -> Any:
    """Return the client of the cluster that has the rows of X; None where nobody began one."""
    return _client() if is_of_dask(X) else None


def said_of_partitions(function: Callable[[Any], Any], values: Any) -> list[Any] | None:
    """Return what workers say of the partitions of a collection; None where they have none."""
    client = _client() if hasattr(values, "to_delayed") else None
    if client is None:
        return None
    found: list[Any] = client.gather(client.map(function, client.compute(partitions_of(values))))
    return found


def _client() -> Any:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        client = distributed.default_client()
    except ValueError:
        return None
    return None if client.asynchronous else client  # whose answers are awaited elsewhere


def partitions_of(X: Any) -> list[Any]:
    """Return the blocks of rows of a dask array, or the partitions of a frame, not yet computed."""
    if hasattr(X, "numblocks") and X.ndim > 1 and X.numblocks[1] > 1:
        X = X.rechunk({1: -1})
    return np.ravel(np.asarray(X.to_delayed(), dtype=object)).tolist()


def pieces_of(values: Any, X: Any, lengths: Sequence[int] | None, what: str) -> list[Any]:
    """Return what goes with every partition of X: partitions, or slices of what is in memory.

    Parameters
    ----------
    values : collection of dask, array-like, number or None
        Targets or weights.
    X : array or frame of dask
        Inputs.
    lengths : sequence of int, optional
        Rows of its partitions; None: they are not known.
    what : str
        What the values are.
    """
    n_partitions = len(partitions_of(X))
    if values is None or np.ndim(values) == 0:
        return [values] * n_partitions
    if not hasattr(values, "to_delayed"):
        return _slices(values, lengths, what)
    if lengths is not None and _has_chunks(values) and values.chunks[0] != tuple(lengths):
        _check_length(values.shape[0], sum(lengths), what)
        values = values.rechunk({0: tuple(lengths)})
    pieces = partitions_of(values)
    if len(pieces) != n_partitions:
        raise ValueError(
            f"{what} must have as many partitions as X, {n_partitions}; got {len(pieces)}."
        )
    return pieces


def mapped_partitions(
    client: Any, X: Any, others: dict[str, Any], lengths: Sequence[int] | None
) -> list[list[Any]]:
    """Return inputs and what goes with them, partition by partition, computed by workers.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    X : array or frame of dask
        Inputs.
    others : dict
        Targets and weights by their names: see `pieces_of`.
    lengths : sequence of int, optional
        Rows of partitions; None: they are not known.
    """
    given = [pieces_of(values, X, lengths, what) for what, values in others.items()]
    columns = [partitions_of(X), *given]
    futures = iter(client.compute([one for column in columns for one in column if _is_lazy(one)]))
    return [[next(futures) if _is_lazy(one) else one for one in column] for column in columns]


def _is_lazy(value: Any) -> bool:
    return hasattr(value, "__dask_graph__")


def known_lengths(X: Any) -> list[int] | None:
    """Return how many rows partitions have; None where dask does not know."""
    return list(X.chunks[0]) if _has_chunks(X) else None


def _has_chunks(values: Any) -> bool:
    """Whether it is an array whose blocks have known numbers of rows."""
    return hasattr(values, "chunks") and not np.isnan(values.chunks[0]).any()


def _slices(values: Any, lengths: Sequence[int] | None, what: str) -> list[Any]:
    if lengths is None:
        raise ValueError(
            f"{what} must be a collection of dask with the partitions of X, whose numbers of rows "
            f"are not known; got {type(values).__name__}."
        )
    values = np.asarray(values)
    _check_length(len(values), sum(lengths), what)
    return np.split(values, np.cumsum(lengths)[:-1])


def _check_length(n_given: int, n_rows: int, what: str) -> None:
    if n_given != n_rows:
        raise ValueError(f"{what} has {n_given} entries, and X has {n_rows} rows.")
