"""Checks of X, y and sample weights, on the host and on devices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, validate_data

from skopt_suite.backends import (
    Placement,
    canonical,
    in_precision,
    is_device_array,
    is_sparse,
    namespace,
    placed,
    placement_for,
    to_numpy,
)
from skopt_suite.estimators._unread import refuse_lazy, refuse_names

_PRECISIONS = np.float64, np.float32


def check_X(
    estimator: Any,
    X: Any,
    *,
    dtype: str,
    backend: str,
    reset: bool,
    formats: Sequence[str] = ("csr",),
    limits_size: bool = False,
) -> tuple[Any, Placement, str]:
    """Return the input where it is to be computed on, that place, and the precision to compute in.

    On the host, input in either precision stays as it is.

    Parameters
    ----------
    estimator : object
        Whose ``n_features_in_`` and ``feature_names_in_`` are set or checked.
    X : array-like or sparse container of shape (n_samples, n_features)
        Input.
    dtype : {"as_X", "float32", "float64"}
        Precision; "as_X": that of X if it is one of the two, else float64.
    backend : {"auto", "numpy", "cupy"}
        Where to compute.
    reset : bool
        Whether this is a fit.
    formats : sequence of str
        Which sparse X of SciPy stays as it is; other formats become the first.
    limits_size : bool
        Whether numbers are refused that are too large for sums of their squares.
    """
    refuse_lazy(type(estimator).__name__, X=X)
    refuse_names(type(estimator).__name__, X)
    placement, squares = placement_for(backend, X), squares_if_ready(X, _PRECISIONS, n_axes=(2,))
    is_on_device = is_device_array(X)
    if is_on_device:
        X = _check_device_array(estimator, X, reset)
    elif squares is None:
        X = _checked(estimator, X, dtype, reset, formats)
    else:
        _see_columns(estimator, X, reset)
    dtype = _dtype_of(X) if dtype == "as_X" else dtype
    if is_on_device or not placement.is_numpy:
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is found by its size
            X = placed(X, placement, dtype)
    if limits_size and not are_small(squares, X, dtype):
        check_size(X, type(estimator).__name__, dtype)
    return X, placement, dtype


def _checked(estimator: Any, X: Any, dtype: str, reset: bool, formats: Sequence[str]) -> Any:
    """Return rows on the host as an array or a sparse container of one of the two precisions."""
    # what is infinite in this precision is an error
    with np.errstate(over="ignore", invalid="ignore"):
        X = validate_data(
            estimator,
            X,
            accept_sparse=formats,
            # numbers in lists are double
            dtype=accepted(dtype if hasattr(X, "shape") else "float64"),
            reset=reset,
        )
    if is_sparse(X):
        X.check_format(full_check=True)  # SciPy would read other memory
    return X


def accepted(dtype: str) -> tuple[type, type]:
    """Return the two precisions, the first of which is that of what is in neither."""
    return (np.float32, np.float64) if dtype == "float32" else (np.float64, np.float32)


def squares_if_ready(
    values: Any, dtypes: tuple[type, ...], n_axes: tuple[int, ...]
) -> float | None:
    """Return the sum of squares if `check_array` would find nothing to convert or wrong, or None.

    It takes far less time. The sum is infinite where it is not known.

    Parameters
    ----------
    values : object
        What a user gives.
    dtypes : tuple of type
        Types of floating-point numbers that stay as they are.
    n_axes : tuple of int
        How many axes there may be.
    """
    if type(values) is not np.ndarray or values.ndim not in n_axes or values.dtype not in dtypes:
        return None
    if values.size == 0:
        return None
    if values.flags.forc:
        squares = _squares(values)
        return squares if math.isfinite(squares) else None
    with np.errstate(over="ignore", invalid="ignore"):
        # what is not finite is in the sum; one that overflows says nothing
        return math.inf if math.isfinite(values.sum()) else None


def are_small(squares: float | None, values: Any, dtype: str) -> bool:
    """Whether the sum of squares of an array says that nothing in it exceeds `limit_of_size`."""
    return squares is not None and squares <= limit_of_size(dtype, values.size) ** 2


def _squares(values: np.ndarray) -> float:
    """Return the sum of the squares of an array in one piece, without warning of what overflows."""
    flat = values.ravel(order="K")
    return float(np.vdot(flat, flat))


def _see_columns(estimator: Any, X: np.ndarray, reset: bool) -> None:
    """Set or check what `validate_data` would, of columns that have no names."""
    if hasattr(estimator, "feature_names_in_"):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    elif reset:
        estimator.n_features_in_ = X.shape[1]
    elif X.shape[1] != getattr(estimator, "n_features_in_", X.shape[1]):
        validate_data(estimator, X, reset=False, skip_check_array=True)


def numbers(values: Any, name: str) -> np.ndarray:
    """Return numbers beside X that a user gives under a name, finite and in float64."""
    if squares_if_ready(values, (np.float64,), n_axes=(1, 2)) is not None:
        return values
    return check_array(values, ensure_2d=False, dtype=np.float64, input_name=name)


def check_size(X: Any, owner: str, dtype: str) -> None:
    """Raise if `X` is so large that sums of its squares overflow in training."""
    values = X.data if is_sparse(X) else X
    n_values = math.prod(values.shape)
    if n_values == 0:
        return
    limit = limit_of_size(dtype, n_values)
    if has_small_squares(values, limit):
        return
    smallest, largest = extremes(values)
    refuse_large(owner, dtype, max(largest, -smallest), limit)


def limit_of_size(dtype: str, n_values: int) -> float:
    """Return what no number may exceed, so that sums of squares of so many do not overflow."""
    return math.sqrt(float(np.finfo(dtype).max) / n_values) / 4


def refuse_large(owner: str, dtype: str, largest: float, limit: float) -> None:
    """Raise if the largest number exceeds a limit."""
    if largest > limit:
        more = ", or take dtype='float64'" if dtype == "float32" else ""
        raise ValueError(
            f"{owner}: X must not exceed {limit:.1g}, or its squares cannot be added up in "
            f"{dtype}; got {largest:g}. Scale X, for example by StandardScaler{more}."
        )


def has_small_squares(values: Any, limit: float) -> bool:
    """Whether one pass over an array is enough to see that nothing in it exceeds a limit."""
    return not is_device_array(values) and values.flags.forc and _squares(values) <= limit**2


def extremes(values: Any) -> tuple[float, float]:
    """Return the smallest and the largest number, NaN where there is any, in one transfer."""
    xp = namespace(values)
    smallest, largest = to_numpy(xp.stack([xp.min(values), xp.max(values)])).tolist()
    return smallest, largest


def check_sample_weight(sample_weight: Any, n_samples: int) -> np.ndarray | None:
    """Return sample weights of shape (n_samples,) in float64, or None where there are none."""
    if sample_weight is None:
        return None
    if np.isscalar(sample_weight):
        sample_weight = np.full(n_samples, sample_weight)
    weight = numbers(to_numpy(sample_weight), "sample_weight")
    if weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have shape ({n_samples},), one weight per sample; got "
            f"{weight.shape}."
        )
    if (weight < 0).any():
        raise ValueError(f"sample_weight must not be negative; got {weight.min():g}.")
    if not (weight > 0).any():
        raise ValueError("sample_weight must have a positive entry; all are zero.")
    return weight


def mean_one(weight: np.ndarray | None) -> np.ndarray | None:
    """Return weights scaled to a mean of 1; None if all are the same."""
    if weight is None or (weight == weight[0]).all():
        return None
    weight = weight / weight.max()  # so that the sum neither overflows nor vanishes
    return weight * (len(weight) / weight.sum())


def _check_device_array(estimator: Any, X: Any, reset: bool) -> Any:
    """Check what scikit-learn's `validate_data` would, without moving the data."""
    xp, is_csr = namespace(X), is_sparse(X)
    name = type(estimator).__name__
    if X.ndim != 2:
        raise ValueError(f"{name}: X must be 2-dimensional; got shape {tuple(X.shape)}.")
    if 0 in X.shape:
        what = "sample" if X.shape[0] == 0 else "feature"
        raise ValueError(
            f"{name}: found array with 0 {what}(s) (shape={tuple(X.shape)}) while a minimum of 1 "
            "is required."
        )
    X = canonical(X.tocsr()) if is_csr else X
    if xp.isdtype(X.dtype, "complex floating"):
        raise ValueError(f"{name}: complex data not supported; got X of dtype {X.dtype}.")
    if not xp.isdtype(X.dtype, "real floating"):
        X = in_precision(X, xp.float64)
    values = X.data if is_csr else X
    # as NaN and infinity are in a sum, and in extremes, it takes no array of the size of X
    with np.errstate(all="ignore"):  # strict arrays are NumPy's inside
        total = float(xp.sum(values)) if math.prod(values.shape) else 0.0
        is_finite = math.isfinite(total) or all(map(math.isfinite, extremes(values)))
    if not is_finite:
        raise ValueError(f"{name}: Input X contains NaN or infinity.")
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    return X


def _dtype_of(X: Any) -> str:
    return "float32" if X.dtype == namespace(X).float32 else "float64"


def check_lengths(X: Any, y: Any) -> None:
    """Raise if there is not one target per sample."""
    if X.shape[0] != y.shape[0]:
        check_consistent_length(np.empty(X.shape[0]), y)
