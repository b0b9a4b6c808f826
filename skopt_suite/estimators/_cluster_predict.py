"""Predictions for rows on the workers of a cluster, and scores that are found there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skopt_suite.backends import to_numpy
from skopt_suite.cluster import client_for, lazily, same
from skopt_suite.estimators._chunk_errors import named_chunk, no_chunks
from skopt_suite.estimators._cluster_rows import Lazy, computed
from skopt_suite.optimizers.algebra._moments import ColumnMoments, column_moments, pooled


def lazily_on_clusters(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let predictions for rows on a cluster be a dask array, which workers compute."""

    @wraps(method)
    def of_rows(self: Any, X: Any) -> Any:
        if client_for(X) is None:
            return method(self, X)
        check_is_fitted(self)
        like = to_numpy(method(self, _row_like(X)))[:0]
        return lazily(_OfPartition(self, method.__name__, like), X, like)

    return of_rows


@dataclass(frozen=True)
class _OfPartition:
    """What a method of a model says of a partition."""

    model: Any
    method: str
    like: np.ndarray

    def __call__(self, X: Any) -> np.ndarray:
        found = getattr(self.model, self.method)(X) if X.shape[0] else self.like
        return to_numpy(found)


def _row_like(X: Any) -> Any:
    """Return rows in memory with the columns of X."""
    return X._meta_nonempty if hasattr(X, "divisions") else np.zeros((1, X.shape[1]), X.dtype)


def score_on_cluster(model: Any, X: Any, y: Any, weight: Any) -> float | None:
    """Return accuracy or R² of rows on a cluster, of which sums come back; None of other rows.

    R² is not defined for several quantiles, the predictions of which are gathered.
    """
    client = client_for(X)
    if client is None or y is None:
        return None
    check_is_fitted(model)
    if model.loss_function_.n_predictions > 1:
        return None
    columns = computed(client, Lazy(X, y, weight), type(model).__name__)
    numbers = range(len(columns[0]))
    own = client.submit(same, model, pure=False)
    asked = client.map(_scored, [own] * len(numbers), numbers, *columns, pure=False)
    parts = [one for one in client.gather(asked) if one is not None]
    if not parts:
        raise no_chunks(type(model).__name__)
    if not any(total for (total, *_) in parts):
        raise ValueError(f"{type(model).__name__}: sample_weight must have a positive entry.")
    return _accuracy(parts) if is_classifier(model) else _r2(parts)


def _scored(model: Any, number: int, X: Any, y: Any, weight: Any) -> tuple[Any, ...] | None:
    """Return what rows count, (1,), the mean of errors, and the moments of targets if needed."""
    if X.shape[0] == 0:
        return None
    with named_chunk(type(model).__name__, number):
        return _errors(model, X, to_numpy(y), None if weight is None else to_numpy(weight))


def _errors(model: Any, X: Any, y: Any, weight: Any) -> tuple[Any, ...]:
    n_rows = X.shape[0]
    weight = np.broadcast_to(1.0 if weight is None else np.asarray(weight, float), (n_rows,))
    total = weight.sum()
    relative = (weight / (total / n_rows or 1.0))[None]
    if is_classifier(model):
        wrong = 1.0 - model.score(X, y, weight if total else None)
        return total[None], wrong
    y = np.asarray(y, float).reshape(n_rows, -1)
    errors = y - model.predict(X).reshape(n_rows, -1)
    square = column_moments(errors, relative, centred=False)
    return total[None], square, column_moments(y, relative, centred=True)


def _accuracy(parts: list[tuple[Any, ...]]) -> float:
    totals, wrong = (np.array(column).ravel() for column in zip(*parts, strict=True))
    return float(1.0 - np.average(wrong, weights=totals))


def _r2(parts: list[tuple[Any, ...]]) -> float:
    """Return the mean over outputs: as scikit-learn says, 0 or 1 where targets are constant."""
    errors: ColumnMoments = pooled((total, square) for total, square, _ in parts)
    about: ColumnMoments = pooled((total, about) for total, _, about in parts)
    error, variance = errors.variance[0], about.variance[0]
    known = np.where(variance > 0, variance, 1.0)
    return float(np.where(variance > 0, 1 - error / known, error == 0).mean())
