"""The eigenbasis of second moments of the input."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    SampleWeight,
    namespace,
    one_blas_thread,
    to_numpy,
)
from skopt_suite.optimizers.algebra._moments import ColumnMoments, Moments, column_moments

_EPS = float(np.finfo(np.float64).eps)
_SMALL = 256  # features whose eigenvectors the host finds before a device has begun
_SHORT = 0.01  # of a direction's scale: keeps a step there from amplifying rounding by more


class Spectrum(NamedTuple):
    """Eigenvalues and eigenvectors of the second moment of columns divided by `scale`."""

    values: Array  # (n_fits or 1, n_values), ascending
    noise: Array  # (n_fits or 1, n_values): values that are not larger may as well be 0
    floor: Array  # (n_fits or 1, n_values): what to take those for, 0 for the others
    basis: Array | None  # (n_fits or 1, n_features, n_values): in columns, divided by `scale`
    scale: Array | None = None  # (n_fits or 1, n_features), None: 1
    outside: Array | None = None  # (n_fits or 1, 1): the floor of directions not in the basis


class Eigen(NamedTuple):
    """Eigenvalues and eigenvectors, and what rounding may have made of the values."""

    values: Array  # (n_fits or 1, n_values), ascending, not negative
    vectors: Array  # (n_fits or 1, n_features, n_values), in columns
    noise: Array  # (n_fits or 1, n_values): see `Spectrum`
    by_moments: Array  # (n_fits or 1, 1): the part of it that rounding of the moments makes
    independent: Array  # (n_fits or 1, n_values): what values would be of independent columns


def eigen(about: Moments, eps: float) -> Eigen:
    """Return the eigenvalues and eigenvectors of second moments of data in a precision of `eps`."""
    return _with_noise(*_eigh(about.second), _squares(about)[1], eps)


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
    if not any_scale:
        return _spectrum(about, None, eps)
    xp = namespace(about.second)
    variance, squares = _squares(about)
    is_constant = variance <= relative_rounding(variance.shape[-1], eps) * squares
    scaled = _spectrum(about, xp.sqrt(xp.where(is_constant, 1.0, variance)), eps)
    is_regular = _count(scaled.floor > 0) == _count(is_constant)
    if bool(xp.all(is_regular)):
        return scaled
    plain = _spectrum(about, None, eps)
    if not bool(xp.any(is_regular)):
        return plain
    pairs = zip(scaled, plain._replace(scale=xp.ones_like(variance)), strict=True)
    return Spectrum(*(None if b is None else _either(is_regular, a, b) for a, b in pairs))


def row_spectrum(
    X: FeatureMatrix, weight: SampleWeight | None, centred: bool, eps: float
) -> tuple[Array, Spectrum]:
    """Return means of columns and the eigenbasis of their second moments from products of rows.

    For fewer rows than features. Directions that no row has are not in the basis.
    """
    xp = namespace(X)
    about = column_moments(X, weight, centred)
    squares = about.variance + about.mean**2
    weight = xp.ones_like(X[:, 0])[None, :] if weight is None else weight
    parts = []
    for k in range(weight.shape[0]):
        root = xp.sqrt(xp.astype(weight[k, :], xp.float64))[:, None]
        rows = (xp.astype(X, xp.float64) - about.mean[min(k, about.mean.shape[0] - 1), :]) * root
        values, vectors = xp.linalg.eigh(xp.matmul(rows, rows.T) / X.shape[0])
        is_known = values > relative_noise(X.shape[0]) * values[-1]
        length = xp.sqrt(xp.where(is_known, values, 1.0) * X.shape[0])
        basis = xp.matmul(rows.T, vectors) * xp.where(is_known, 1 / length, 0.0)
        parts.append((values, basis))
    values, basis = (xp.stack(part) for part in zip(*parts, strict=True))
    largest = xp.max(squares, axis=-1, keepdims=True)
    outside = _SHORT * xp.where(largest > 0, largest, 1.0)
    found = _with_noise(values, basis, squares, eps)
    return about.mean, _with_floor(found, squares, None)._replace(outside=outside)


def column_spectrum(about: ColumnMoments, eps: float, any_scale: bool = True) -> Spectrum:
    """Return as eigenvalues the variances of columns, or their mean if not `any_scale`."""
    xp, variance = namespace(about.mean), about.variance
    if not any_scale:
        variance = xp.mean(variance, axis=-1, keepdims=True) + xp.zeros_like(variance)
    squares = variance + about.mean**2
    noise = relative_rounding(variance.shape[-1], eps) * squares
    floor = _SHORT * xp.where(squares > 0, squares, 1.0)
    return Spectrum(variance, noise, xp.where(variance <= noise, floor, 0.0), basis=None)


def _spectrum(about: Moments, scale: Array | None, eps: float) -> Spectrum:
    """Return the spectrum of columns divided by `scale`, (n_fits or 1, n_features)."""
    second, squares = about.second, _squares(about)[1]
    if scale is not None:
        second = second / (scale[:, :, None] * scale[:, None, :])
        squares = squares / scale**2
    return _with_floor(_with_noise(*_eigh(second), squares, eps), squares, scale)


def _eigh(matrices: Array) -> tuple[Array, Array]:
    """Return eigenvalues and eigenvectors; small matrices are done on the host before a device."""
    xp = namespace(matrices)
    if xp is np or matrices.shape[-1] > _SMALL:
        return xp.linalg.eigh(matrices)
    with one_blas_thread():  # more wait for one another
        found = np.linalg.eigh(to_numpy(matrices))
    values, vectors = (xp.asarray(part, device=matrices.device) for part in found)
    return values, vectors


def _with_noise(values: Array, vectors: Array, squares: Array, eps: float) -> Eigen:
    """Return eigenvalues with what rounding allows; `squares`: (n_fits or 1, n_features)."""
    xp, n_values = namespace(values), values.shape[-1]
    # were columns independent and not centred
    independent = xp.matmul(squares[:, None, :], vectors**2)[:, 0, :]
    by_data = relative_rounding(n_values, eps) * independent
    by_moments = relative_noise(n_values) * values[:, -1:]
    noise = xp.maximum(by_data, by_moments)
    return Eigen(xp.maximum(values, 0.0), vectors, noise, by_moments, independent)


def _with_floor(found: Eigen, squares: Array, scale: Array | None) -> Spectrum:
    """Return the spectrum with what to take for values that may as well be 0."""
    values, vectors, noise, by_moments, independent = found
    xp, is_null = namespace(values), values <= noise
    # Eigenvectors of columns of zeros have some of the others: next to that they are nothing.
    share = by_moments / xp.where(is_null, xp.inf, values)
    mixed_in = xp.sum(share**2 * independent, axis=-1, keepdims=True)
    largest = xp.max(squares, axis=-1, keepdims=True)
    unknown = xp.where(largest > 0, largest, 1.0)
    floor = _SHORT * xp.where(independent > mixed_in, independent, unknown)
    return Spectrum(
        values=values,
        noise=noise,
        floor=xp.where(is_null, floor, 0.0),
        basis=vectors if scale is None else vectors / scale[:, :, None],
        scale=scale,
    )


def _squares(about: Moments) -> tuple[Array, Array]:
    """Return variances and mean squares of columns, (n_fits or 1, n_columns)."""
    variance = namespace(about.mean).linalg.diagonal(about.second)
    return variance, variance + about.mean**2


def _either(mask: Array, a: Array, b: Array) -> Array:
    """Return the entries of `a` where the mask, (n_entries,), is true, else of `b`."""
    xp = namespace(mask)
    return xp.where(xp.reshape(mask, (-1, *(1,) * (a.ndim - 1))), a, b)


def _count(mask: Array) -> Array:
    """Return how many are true in each entry, (n_entries,)."""
    xp = namespace(mask)
    return xp.sum(xp.astype(mask, xp.int64), axis=-1)


def relative_noise(n_features: int) -> float:
    """Return how large rounding may make an eigenvalue that is 0, next to the largest."""
    return (n_features + 30) * _EPS


def relative_rounding(n_features: int, eps: float) -> float:
    """Return how large rounding of data may make an eigenvalue, next to their mean squares."""
    return (n_features + 30) * eps**2
