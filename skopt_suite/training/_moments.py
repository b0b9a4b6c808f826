"""Weighted means and second moments of columns, and the eigenbasis of the covariance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, namespace

_EPS = float(np.finfo(np.float64).eps)
_BLOCK = 2**16  # numbers that are centred and multiplied at once: they stay in the cache


class Moments(NamedTuple):
    """Moments in float64; there is one entry for all fits, or one for each if weights differ."""

    mean: Array  # (n_fits or 1, n_columns)
    second: Array  # (n_fits or 1, n_columns, n_columns): about the mean


class Spectrum(NamedTuple):
    """Eigenvalues and eigenvectors of the second moment of the input, in float64."""

    values: Array  # (n_fits or 1, n_features), ascending and not negative
    vectors: Array  # (n_fits or 1, n_features, n_features), in columns
    noise: Array  # (n_fits or 1, 1): an eigenvalue that is not larger may as well be 0


def moments(columns: Sequence[Array], weight: Array | None, centred: bool) -> Moments:
    """Return the moments of the columns of several arrays, about their means or about 0.

    Parameters
    ----------
    columns : list of arrays of shape (n_samples, n_some)
        Dense, of either precision.
    weight : array of shape (n_fits or 1, n_samples), optional
        Weights of mean 1; None: all 1.
    centred : bool
        Whether means are taken off.
    """
    xp = namespace(columns[0])
    if weight is None:
        weight = xp.ones_like(columns[0][:, 0])[None, :]
    parts = [_moments(columns, weight[k, :], centred) for k in range(weight.shape[0])]
    return Moments(*(xp.stack(part) for part in zip(*parts, strict=True)))


def spectrum(about: Moments, dtype: Any) -> Spectrum:
    """Return the eigenbasis of second moments of data in the precision `dtype`."""
    xp, n_features = namespace(about.second), about.second.shape[-1]
    values, vectors = xp.linalg.eigh(about.second)
    values = xp.clip(values, 0.0, None)
    largest = values[:, -1:]
    relative = max(relative_noise(n_features), (n_features * float(xp.finfo(dtype).eps)) ** 2)
    # Where all columns are constant, the little that rounding leaves of them says nothing.
    height = xp.max(xp.abs(about.mean), axis=-1, keepdims=True)
    is_constant = largest <= (1e3 * _EPS * height) ** 2
    return Spectrum(values, vectors, xp.where(is_constant, 1.0, relative * largest))


def relative_noise(n_features: int) -> float:
    """Return how large rounding may make an eigenvalue that is 0, next to the largest."""
    return (n_features + 30) * _EPS


def _moments(columns: Sequence[Array], weight: Array, centred: bool) -> tuple[Array, Array]:
    """Return mean, (n_columns,), and second moment, (n_columns, n_columns), for one fit."""
    xp, n_samples = namespace(weight), weight.shape[0]
    n_columns = sum(part.shape[1] for part in columns)
    new = {"dtype": xp.float64, "device": weight.device}
    second, total = xp.zeros((n_columns, n_columns), **new), xp.zeros((n_columns,), **new)
    origin = xp.zeros((n_columns,), **new)
    if centred:  # in the precision of the data; what it lacks is made up for below
        means = [
            xp.matmul(weight, xp.astype(part, weight.dtype, copy=False)) / n_samples
            for part in columns
        ]
        origin = xp.astype(xp.concat(means), xp.float64)
    root = xp.sqrt(xp.astype(weight, xp.float64))
    n_rows = max(1, _BLOCK // n_columns)
    for start in range(0, n_samples, n_rows):
        stop = min(start + n_rows, n_samples)
        rows = [xp.astype(part[start:stop, :], xp.float64, copy=False) for part in columns]
        rows = xp.concat(rows, axis=1)
        rows -= origin
        rows *= root[start:stop, None]
        second += xp.matmul(rows.T, rows)
        total += xp.matmul(root[start:stop], rows)
    if not centred:
        return origin, second / n_samples
    offset = total / n_samples
    return origin + offset, second / n_samples - offset[:, None] * offset[None, :]
