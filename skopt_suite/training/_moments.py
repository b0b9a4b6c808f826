"""Weighted means and second moments of columns, and the eigenbasis of the covariance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, namespace

_EPS = float(np.finfo(np.float64).eps)
_SHORT = 0.01  # of a direction's scale: keeps a step there from amplifying rounding by more
_BLOCK = 2**16  # numbers that are centred and multiplied at once: they stay in the cache


class Moments(NamedTuple):
    """Moments in float64; there is one entry for all fits, or one for each if weights differ."""

    mean: Array  # (n_fits or 1, n_columns)
    second: Array  # (n_fits or 1, n_columns, n_columns): about the mean


class Spectrum(NamedTuple):
    """Eigenvalues and eigenvectors of the second moment of columns divided by `scale`."""

    values: Array  # (n_fits or 1, n_features), ascending
    noise: Array  # (n_fits or 1, n_features): values that are not larger may as well be 0
    floor: Array  # (n_fits or 1, n_features): what to take those for, 0 for the others
    basis: Array  # (n_fits or 1, n_features, n_features): in columns, divided by `scale`
    scale: Array  # (n_fits or 1, n_features)


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


def spectrum(about: Moments, eps: float, any_scale: bool = False) -> Spectrum:
    """Return the eigenbasis of second moments, in float64.

    An eigenvalue counts as 0 where rounding of the data or of the moments could have made it. In
    such a direction gradients are rounding, too, which a Newton step would amplify without end;
    with `floor` in place of the eigenvalue it stays short.

    Parameters
    ----------
    about : Moments
        Of the input.
    eps : float
        Of the precision of the data and of gradients.
    any_scale : bool
        Whether to divide columns by their standard deviations, so that eigenvalues of small ones
        are as precise as others. That is done where no eigenvalue is 0; where one is, many weights
        are optimal, and columns as they are lead to the smallest.
    """
    xp = namespace(about.second)
    ones = xp.ones_like(about.mean)
    if not any_scale:
        return _spectrum(about, ones, eps)
    variance = xp.linalg.diagonal(about.second)
    is_constant = variance <= relative_rounding(about.mean.shape[-1], eps) * _squares(about)
    scaled = _spectrum(about, xp.sqrt(xp.where(is_constant, 1.0, variance)), eps)
    is_regular = _count(scaled.floor > 0) == _count(is_constant)
    if bool(xp.all(is_regular)):
        return scaled
    pairs = zip(scaled, _spectrum(about, ones, eps), strict=True)
    return Spectrum(*(xp.where(_along(is_regular, a), a, b) for a, b in pairs))


def _spectrum(about: Moments, scale: Array, eps: float) -> Spectrum:
    """Return the spectrum of columns divided by `scale`, (n_fits or 1, n_features)."""
    xp, second = namespace(scale), about.second
    values, vectors = xp.linalg.eigh(second / (scale[:, :, None] * scale[:, None, :]))
    # what values would be, were columns independent and centred nowhere
    independent = xp.matmul(_squares(about)[:, None, :] / scale[:, None, :] ** 2, vectors**2)
    by_data = relative_rounding(scale.shape[-1], eps) * independent[:, 0, :]
    noise = xp.maximum(by_data, relative_noise(scale.shape[-1]) * values[:, -1:])
    floor = _SHORT * xp.where(independent > 0, independent, 1.0)[:, 0, :]
    return Spectrum(
        values=xp.clip(values, 0.0, None),
        noise=noise,
        floor=xp.where(values <= noise, floor, 0.0),
        basis=vectors / scale[:, :, None],
        scale=scale,
    )


def _squares(about: Moments) -> Array:
    """Return the mean squares of columns, (n_fits or 1, n_columns)."""
    return namespace(about.mean).linalg.diagonal(about.second) + about.mean**2


def _count(mask: Array) -> Array:
    """Return how many are true in each entry, (n_entries,)."""
    xp = namespace(mask)
    return xp.sum(xp.astype(mask, xp.int64), axis=-1)


def _along(mask: Array, array: Array) -> Array:
    """Return a mask of entries, (n_entries,), with as many axes as `array`."""
    return namespace(mask).reshape(mask, (-1, *(1,) * (array.ndim - 1)))


def relative_noise(n_features: int) -> float:
    """Return how large rounding may make an eigenvalue that is 0, next to the largest."""
    return (n_features + 30) * _EPS


def relative_rounding(n_features: int, eps: float) -> float:
    """Return how large rounding of data may make an eigenvalue, next to their mean squares."""
    return (n_features + 30) * eps**2


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
