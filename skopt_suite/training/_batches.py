"""The rows of a fit, and the order in which minibatches take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, Placement, namespace, take_rows


class Rows(NamedTuple):
    """Rows of a data set."""

    X: Any  # (n_samples, n_features), dense or sparse
    y: Array  # (n_samples,) or (n_samples, n_outputs)
    weight: Array | None = None  # (n_fits or 1, n_samples) of mean 1, or None


@dataclass(frozen=True)
class Data:
    """What a pass trains on, and scores itself on where it stops early."""

    train: Rows
    validation: Rows | None = None


def minibatches(
    rows: Rows, batch_size: int, order: np.ndarray | None, placement: Placement
) -> Iterator[Rows]:
    """Yield the rows in batches, in the given order (None: as they come)."""
    n_samples = rows.X.shape[0]
    if batch_size >= n_samples:
        yield rows
        return
    order = None if order is None else placement.asarray(order)
    for block in blocks(n_samples, batch_size):
        if order is None:
            yield Rows(rows.X[block, :], rows.y[block, ...], _columns(rows.weight, block))
        else:
            chosen = order[block]
            yield Rows(
                take_rows(rows.X, chosen),
                take_rows(rows.y, chosen),
                _columns(rows.weight, chosen),
            )


def blocks(n_samples: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` rows that cover all."""
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))  # the array API has none past the end


def n_batches(n_samples: int, batch_size: int) -> int:
    """Return the number of batches in an epoch."""
    return -(-n_samples // batch_size)


def _columns(weight: Array | None, chosen: Any) -> Array | None:
    if weight is None:
        return None
    if isinstance(chosen, slice) or isinstance(weight, np.ndarray):
        return weight[:, chosen]
    return namespace(weight).take(weight, chosen, axis=1)
