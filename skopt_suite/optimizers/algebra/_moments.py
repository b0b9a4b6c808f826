"""Weighted means and second moments of columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    SampleWeight,
    in_precision,
    is_sparse,
    namespace,
    product_over_rows,
    with_data,
)

_BLOCK = 2**16  # numbers that are centred and multiplied at once: they stay in the cache
_COLUMNS = 8  # at once where those are in one piece
_NEAR = 2**13  # rows whose means are near enough to those of all
_FEWEST_ROWS, _ROWS_PER_FEATURE = 10_000, 20  # of a sample
_BLOCK_ON_DEVICE = 2**24  # of them where every block costs the time of several kernels


class Moments(NamedTuple):
    """Moments in float64; there is one entry for all fits, or one for each if weights differ."""

    mean: Array  # (n_fits or 1, n_columns)
    second: Array  # (n_fits or 1, n_columns, n_columns): about the mean


class ColumnMoments(NamedTuple):
    """Moments of every column for itself, in float64."""

    mean: Array  # (n_fits or 1, n_columns)
    variance: Array  # (n_fits or 1, n_columns): about the mean


class _Weight(NamedTuple):
    """Weights of the rows of one fit, (n_samples,), and their roots in float64."""

    values: Array
    root: Array

    @classmethod
    def of(cls, values: Array) -> _Weight:
        xp = namespace(values)
        return cls(values, xp.sqrt(xp.astype(values, xp.float64)))


def moments(columns: Sequence[Array], weight: SampleWeight | None, centred: bool) -> Moments:
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
    return Moments(*_stacked([_moments(columns, own, centred) for own in _by_fit(weight)]))


def rows_of_sample(n_features: int) -> int:
    """Return how many rows say enough of how features correlate."""
    return max(_FEWEST_ROWS, _ROWS_PER_FEATURE * n_features)


def sampled_moments(X: Array, weight: SampleWeight | None, centred: bool, step: int) -> Moments:
    """Return the moments of columns, with correlations as they are in every row of so many.

    Means and variances are weighted and those of all rows, so that no column that is rarely
    anything but 0 is taken for constant; correlations do not know weights.

    Parameters
    ----------
    X : array of shape (n_samples, n_columns)
        Dense.
    weight : array of shape (n_fits or 1, n_samples), optional
        Weights of mean 1; None: all 1.
    centred : bool
        Whether means are taken off.
    step : int
        How far one row of the sample is from the next.
    """
    return correlated(column_moments(X, weight, centred), X[::step, :], centred)


def correlated(columns: ColumnMoments, sample: Array, centred: bool) -> Moments:
    """Return moments with means and variances of columns, and correlations of a sample of rows."""
    xp, second = namespace(sample), moments([sample], None, centred).second
    found = xp.linalg.diagonal(second)
    is_seen = found > 0
    scale = xp.where(is_seen, columns.variance / xp.where(is_seen, found, 1.0), 0.0) ** 0.5
    unseen = xp.where(is_seen, 0.0, columns.variance)
    own = unseen[:, :, None] * xp.eye(sample.shape[1], dtype=xp.float64, device=sample.device)
    return Moments(columns.mean, second * scale[:, :, None] * scale[:, None, :] + own)


def pooled(parts: Iterable[tuple[Array, Any]]) -> Any:
    """Return the moments of all rows from those of parts, of either kind.

    Parameters
    ----------
    parts : iterable of (total, moments)
        Sums of weights, (n_fits or 1,), and the moments of a part with weights of mean 1 in it.
    """
    n_before, so_far = 0.0, None
    for total, part in parts:
        n_rows = n_before + total
        share = (total / np.where(n_rows > 0, n_rows, 1.0))[:, None]
        so_far = part if so_far is None else _joined(so_far, part, share)
        n_before = n_rows
    return so_far


def _joined(one: Any, other: Any, share: Array) -> Any:
    """Return the moments of two parts; `share`: that of the other, (n_fits or 1, 1)."""
    (mean, about), (other_mean, other_about) = one, other
    step, is_matrix = other_mean - mean, about.ndim > 2
    between = step[:, :, None] * step[:, None, :] if is_matrix else step**2
    of_other = share[..., None] if is_matrix else share
    about = (1 - of_other) * about + of_other * (other_about + (1 - of_other) * between)
    return type(one)(mean + share * step, about)


def column_moments(X: FeatureMatrix, weight: SampleWeight | None, centred: bool) -> ColumnMoments:
    """Return means and variances of columns, or 0 and mean squares.

    Parameters
    ----------
    X : array or sparse container of shape (n_samples, n_columns)
        Input.
    weight : array of shape (n_fits or 1, n_samples), optional
        Weights of mean 1; None: all 1.
    centred : bool
        Whether means are taken off.
    """
    if is_sparse(X):
        return _sparse_moments(X, weight, centred)
    return ColumnMoments(*_stacked([_column_moments(X, own, centred) for own in _by_fit(weight)]))


def _moments(
    columns: Sequence[Array], weight: _Weight | None, centred: bool
) -> tuple[Array, Array]:
    """Return mean, (n_columns,), and second moment, (n_columns, n_columns), for one fit."""
    n_samples, (origin, near) = columns[0].shape[0], _origin(columns, weight, centred)
    blocks = _centred_blocks(columns, weight, origin, near)
    root, rows = next(blocks)
    second, total = product_over_rows(rows, rows), _sums(root, rows)
    for root, rows in blocks:
        second += product_over_rows(rows, rows)
        total += _sums(root, rows)
    second /= n_samples
    if not centred:
        return origin, second
    total /= n_samples
    second -= total[:, None] * total[None, :]
    return origin + total, second


def _column_moments(X: Array, weight: _Weight | None, centred: bool) -> tuple[Array, Array]:
    """Return mean and variance, (n_columns,), for one fit."""
    xp, n_columns = namespace(X), X.shape[1]
    if not _is_by_column(X) or n_columns <= _COLUMNS:
        return _moments_of_columns(X, weight, centred)
    groups = [X[:, at : at + _COLUMNS] for at in range(0, n_columns, _COLUMNS)]
    parts = [_moments_of_columns(group, weight, centred) for group in groups]
    mean, variance = (xp.concat(list(part)) for part in zip(*parts, strict=True))
    return mean, variance


def _moments_of_columns(X: Array, weight: _Weight | None, centred: bool) -> tuple[Array, Array]:
    """Return mean and variance of columns that are read together, (n_columns,)."""
    xp, n_samples = namespace(X), X.shape[0]
    origin, near = _origin([X], weight, centred)
    square, total = xp.zeros_like(origin), xp.zeros_like(origin)
    for root, rows in _centred_blocks([X], weight, origin, near):
        total += _sums(root, rows)
        rows *= rows
        square += _sums(None, rows)
    if not centred:
        return origin, square / n_samples
    offset = total / n_samples
    return origin + offset, xp.clip(square / n_samples - offset**2, 0.0, None)


def _is_by_column(X: Array) -> bool:
    """Whether columns are in one piece each, and rows are not."""
    return type(X) is np.ndarray and X.flags.f_contiguous and not X.flags.c_contiguous


def _centred_blocks(
    columns: Sequence[Array], weight: _Weight | None, origin: Array, near: Array | None
) -> Iterator[tuple[Array | None, Array]]:
    """Yield roots of weights, (n_rows,), and rows less `origin` times them, in float64.

    A copy of all rows, `near`, is overwritten.
    """
    xp, n_samples = namespace(origin), columns[0].shape[0]
    n_rows = max(1, (_BLOCK if xp is np else _BLOCK_ON_DEVICE) // origin.shape[0])
    for start in range(0, n_samples, n_rows):
        stop = min(start + n_rows, n_samples)
        if near is not None and near.shape[0] == stop - start == n_samples:
            centred = near
        else:
            centred = _in_double([part[start:stop, :] for part in columns])
        centred -= origin
        root = None if weight is None else weight.root[start:stop]
        if root is not None:
            centred *= root[:, None]
        yield root, centred


def _in_double(parts: Sequence[Array]) -> Array:
    """Return a copy of arrays next to each other in float64."""
    xp = namespace(parts[0])
    if len(parts) == 1:
        return xp.astype(parts[0], xp.float64, copy=True)
    return xp.concat([in_precision(part, xp.float64) for part in parts], axis=1)


def _origin(
    columns: Sequence[Array], weight: _Weight | None, centred: bool
) -> tuple[Array, Array | None]:
    """Return about the means of columns in float64, or 0, (n_columns,).

    They only have to be near: what is missing is found with the rest, and costs no more digits
    than there are in the ratio of all rows to these. A copy of the rows that they are of is
    returned, too, if one was made.
    """
    xp = namespace(columns[0])
    if not centred:
        n_columns = sum(part.shape[1] for part in columns)
        return xp.zeros((n_columns,), dtype=xp.float64, device=columns[0].device), None
    if weight is None:
        n_near = min(_NEAR, columns[0].shape[0])
        near = _in_double([part[:n_near, :] for part in columns])
        return _sums(None, near) / n_near, near
    values = weight.values
    parts = [xp.astype(part, values.dtype, copy=False) for part in columns]
    means = [_sums(values, part) / values.shape[0] for part in parts]
    return xp.astype(xp.concat(means), xp.float64), None


def _sums(weight: Array | None, rows: Array) -> Array:
    """Return weighted sums of rows, (n_columns,): products, as sums along rows are slow."""
    xp = namespace(rows)
    if weight is None:
        weight = xp.ones((rows.shape[0],), dtype=rows.dtype, device=rows.device)
    if xp is np or rows.dtype == xp.float64:
        return xp.matmul(weight, rows)
    return product_over_rows(weight[:, None], rows)[0, :]  # which adds up in double precision


def _sparse_moments(X: FeatureMatrix, weight: SampleWeight | None, centred: bool) -> ColumnMoments:
    """Return the moments of sparse columns: of all entries, not of those that are stored."""
    xp, n_samples = namespace(X.data), X.shape[0]
    if weight is None:
        weight = xp.ones((1, n_samples), dtype=X.dtype, device=X.data.device)
    weight = xp.astype(weight, xp.float64)  # and so are the sums
    # `X.multiply(X)` would take three times the memory
    squares = with_data(X, X.data * X.data)
    mean, square = ((part.T @ weight.T).T / n_samples for part in (X, squares))
    if not centred:
        return ColumnMoments(xp.zeros_like(mean), square)
    return ColumnMoments(mean, xp.clip(square - mean**2, 0.0, None))


def _stacked(fits: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return the arrays of all fits; of the only one as they are, with that axis."""
    if len(fits) == 1:
        return fits[0][0][None, ...], fits[0][1][None, ...]
    one, other = (namespace(part[0]).stack(part) for part in zip(*fits, strict=True))
    return one, other


def _by_fit(weight: SampleWeight | None) -> list[_Weight | None]:
    """Return the weights of one fit each; there may be one entry for all fits."""
    return [None] if weight is None else [_Weight.of(weight[k, :]) for k in range(weight.shape[0])]
