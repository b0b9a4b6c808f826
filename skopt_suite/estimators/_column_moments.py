"""Weighted means and deviations of columns, which fits are standardised by."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.sparsefuncs import mean_variance_axis

from skopt_suite.backends import (
    canonical,
    in_precision,
    is_device_array,
    is_sparse,
    namespace,
    to_numpy,
    with_data,
)
from skopt_suite.chunks import is_chunked
from skopt_suite.estimators._inputs import mean_one
from skopt_suite.optimizers.algebra._moments import ColumnMoments as Moments
from skopt_suite.optimizers.algebra._moments import column_moments, pooled
from skopt_suite.training import ClusterRows, ClusterTargets

_EPS, _TINY = np.finfo(np.float64).eps, np.finfo(np.float64).tiny
_ROUNDINGS = 10  # times the root of how many are added up: what constants may seem to vary by


class ColumnMoments(NamedTuple):
    """On the host, in float64."""

    mean: np.ndarray  # (n_columns,)
    deviation: np.ndarray  # (n_columns,): 1 where all are the same


def column_moments_of(X: Any, weight: np.ndarray | None) -> ColumnMoments:
    """Return the moments of columns, of which rows without weight are no part.

    Parameters
    ----------
    X : array or CSR container of shape (n_samples, n_columns)
        Input, in a precision of its own.
    weight : ndarray of shape (n_samples,) or None
        Weights of the samples; None: all 1.
    """
    mean, variance = _mean_and_variance(X, mean_one(weight))
    noise = _ROUNDINGS * math.sqrt(X.shape[0]) * _EPS * np.abs(mean)
    is_constant = variance <= np.maximum(noise**2, _TINY)  # rounded, it may be negative, too
    return ColumnMoments(mean, np.sqrt(np.where(is_constant, 1.0, variance)))


def _mean_and_variance(X: Any, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(X, ClusterRows | ClusterTargets):
        return tuple(part[0] for part in X.column_moments(centred=True))
    if is_chunked(X):
        return _of_chunks(X, weight)
    if is_sparse(X):
        return _of_sparse(X, weight)
    if weight is not None:  # another precision would make a copy of X
        weight = namespace(X).asarray(weight[None], dtype=X.dtype, device=X.device)
    found = column_moments(X, weight, centred=True)
    mean, variance = (to_numpy(part)[0] for part in found)
    return mean, variance


def _of_chunks(X: Any, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the moments of rows that are read chunk by chunk."""

    def of(rows: slice, part: Any) -> tuple[np.ndarray, Moments]:
        own = None if weight is None else weight[rows]
        total = np.array([part.shape[0] if own is None else own.sum()], float)
        own = None if own is None or total[0] == 0 else own * (len(own) / total[0])
        return total, Moments(*(found[None] for found in _mean_and_variance(part, own)))

    found = pooled(of(rows, part) for rows, part in X.blocks())
    return found.mean[0], found.variance[0]


def _of_sparse(X: Any, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    X = in_precision(canonical(X), namespace(X.data).float64)
    if is_device_array(X):
        return _of_device_sparse(X, weight)
    return mean_variance_axis(X, axis=0, weights=weight)


def _of_device_sparse(X: Any, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the moments of all entries, those about the mean from their differences from it."""
    xp, (n_samples, _), values = namespace(X.data), X.shape, X.data
    weight = np.ones(n_samples) if weight is None else weight
    share = np.stack([weight / n_samples, weight > 0], axis=1)
    share = xp.asarray(share, device=values.device)
    mean = (X.T @ share)[:, 0]
    difference = values - xp.take(mean, X.indices)
    variance = (with_data(X, difference**2).T @ share)[:, 0]
    stored = with_data(X, xp.ones_like(values)).T @ share
    is_full = stored[:, 1] == int(np.count_nonzero(weight))  # numbers that are exact, unlike sums
    zeros = xp.where(is_full, 0.0, xp.clip(1 - stored[:, 0], 0.0, None))
    return to_numpy(mean), to_numpy(variance + zeros * mean**2)
