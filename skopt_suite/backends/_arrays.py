"""Helpers over the array API that the standard itself does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from skopt_suite.backends._cupy_namespace import cupy_namespace, is_cupy
from skopt_suite.backends._shapes import Array, FeatureMatrix
from skopt_suite.backends._sparse import is_device_sparse, is_sparse, on_gpu, with_data
from skopt_suite.backends._staging import fetched, is_worth_staging, staged

_NAMESPACES: dict[type, Any] = {np.ndarray: np}
_AT_ONCE = 2**18  # numbers that are copied to another precision


@dataclass(frozen=True)
class Placement:
    """Where arrays live: a namespace of the array API and a device of it."""

    xp: Any
    device: Any = None

    @property
    def is_numpy(self) -> bool:
        """Whether arrays are NumPy's."""
        return self.xp is np

    def asarray(self, values: Any, dtype: str | None = None) -> Array:
        """Return `values` as an array that lives here."""
        if self.xp is np:
            return np.asarray(to_numpy(values), dtype=dtype)
        kind = None if dtype is None else getattr(self.xp, dtype)
        if isinstance(values, (list, tuple)) or np.isscalar(values):
            values = np.asarray(values)
        if is_cupy(self.xp) and isinstance(values, np.ndarray) and is_worth_staging(values):
            return staged(values, values.dtype if dtype is None else dtype)
        if isinstance(values, np.ndarray) or namespace(values) is self.xp:
            return self.xp.asarray(values, dtype=kind, device=self.device)
        return self.xp.asarray(to_numpy(values), dtype=kind, device=self.device)


def namespace(array: Array) -> Any:
    """Return the array-API namespace of an array.

    Parameters
    ----------
    array : array
        Of NumPy, of CuPy or of any library that follows the standard.

    Returns
    -------
    xp : module
        NumPy itself for NumPy's arrays.

    See Also
    --------
    like : Arrays in the precision of others.

    Examples
    --------
    >>> import numpy as np
    >>> from skopt_suite.backends import namespace
    >>> namespace(np.ones(2)) is np
    True
    """
    kind = type(array)
    if kind not in _NAMESPACES:
        if is_sparse(array):
            return namespace(array.data)
        if isinstance(array, (np.ndarray, np.generic)):
            return np
        import array_api_compat

        xp = array_api_compat.array_namespace(array)
        _NAMESPACES[kind] = cupy_namespace() if array_api_compat.is_cupy_namespace(xp) else xp
    return _NAMESPACES[kind]


def is_device_array(X: Any) -> bool:
    """Whether `X` is an array of an array-API namespace other than NumPy, or sparse on a GPU."""
    if isinstance(X, (np.ndarray, np.generic, list, tuple)):
        return False
    if is_sparse(X):
        return is_device_sparse(X)
    import array_api_compat

    # arrays of dask stand for a computation; NumPy takes its result
    return array_api_compat.is_array_api_obj(X) and not array_api_compat.is_dask_array(X)


def to_numpy(array: Any) -> Any:
    """Return an array of any namespace as NumPy's, sparse as SciPy's; anything else as it is."""
    if isinstance(array, np.ndarray) or not is_device_array(array):
        return array
    import array_api_compat

    if array_api_compat.is_cupy_array(array) and is_worth_staging(array):
        return fetched(array)
    if is_device_sparse(array) or array_api_compat.is_cupy_array(array):
        return array.get()
    if array_api_compat.is_torch_array(array):
        return array.detach().cpu().numpy()
    host = array_api_compat.to_device(array, "cpu") if _has_cpu(array) else array
    return np.from_dlpack(host).copy() if hasattr(host, "__dlpack__") else np.asarray(host)


def like(params: Array, *values: Array) -> tuple[Array, ...]:
    """Return arrays or numbers in the precision of parameters.

    Parameters
    ----------
    params : array
        The parameters.
    *values : array or float
        What meets them, such as hyperparameters of shape (n_fits, 1), which are in float64.

    Returns
    -------
    values : tuple of array or float
        The same in the precision of `params`; numbers are Python's, which have none.

    See Also
    --------
    namespace : The functions for such arrays.
    kernel : A function that a backend may have a faster version of.

    Examples
    --------
    >>> import numpy as np
    >>> from skopt_suite.backends import like
    >>> learning_rate, momentum = like(np.ones((2, 3), "float32"), np.full((2, 1), 0.1), 0.9)
    >>> learning_rate.dtype, momentum
    (dtype('float32'), 0.9)
    """
    dtype = params.dtype
    return tuple([_number_or_array(value, dtype) for value in values])


def climb(x: Array, rise: Callable[[Array], Array], tolerance: float, n_most: int) -> Array:
    """Return where numbers come to that rise until all rises are small.

    Parameters
    ----------
    x : array
        Where they begin.
    rise : callable
        Number → what is added to it; must not decrease it.
    tolerance : float
        How much of a number a rise may be that is the last.
    n_most : int
        The most rounds.
    """
    xp = namespace(x)
    if hasattr(xp, "climb"):  # values are not known, and a kernel is written that climbs
        return xp.climb(x, rise, tolerance, n_most)
    for _ in range(n_most):
        step = rise(x)
        x = x + step
        if not bool(xp.any(step > tolerance * x)):  # NaN is done, too
            break
    return x


def in_precision(X: FeatureMatrix, dtype: Any) -> FeatureMatrix:
    """Return an array or a CSR container in a precision; itself if it is."""
    if X.dtype == dtype:
        return X
    if not is_sparse(X):
        return _astype(X, dtype)
    return with_data(X, _astype(X.data, dtype))  # its own astype would copy the indices


def placed(X: FeatureMatrix, placement: Placement, dtype: str) -> FeatureMatrix:
    """Return an array or a CSR container in a precision where arrays live."""
    if not is_sparse(X):
        return placement.asarray(X, dtype=dtype)
    if placement.is_numpy:
        return in_precision(to_numpy(X), np.dtype(dtype))
    precision = getattr(placement.xp, dtype)
    if namespace(X) is placement.xp:
        return in_precision(X, precision)
    if "cupy" not in placement.xp.__name__:
        raise TypeError(
            f"Sparse X is taken on the host and by CuPy; got it with {placement.xp.__name__}. "
            "Convert it with X.toarray()."
        )
    return on_gpu(in_precision(to_numpy(X), np.dtype(dtype)))


def rows_in_precision(X: np.ndarray, rows: np.ndarray, dtype: Any) -> np.ndarray:
    """Return a copy of the given rows in a precision, and no other on the way there."""
    copy = np.empty((len(rows), X.shape[1]), dtype)
    size = max(1, _AT_ONCE // max(1, X.shape[1]))
    for start in range(0, len(rows), size):
        copy[start : start + size] = X[rows[start : start + size]]
    return copy


def _number_or_array(value: Any, dtype: Any) -> Any:
    if type(value) is not np.ndarray and isinstance(value, Real):
        return float(value)
    return _astype(value, dtype)


def _astype(array: Array, dtype: Any) -> Array:
    if type(array) is np.ndarray:
        return array.astype(dtype, copy=False)
    return namespace(array).astype(array, dtype, copy=False)


def matmul_into(out: Array, a: Array, b: Array) -> None:
    """Write the (batched) matrix product of `a` and `b` into `out`."""
    xp = namespace(out)
    if xp is np:
        np.matmul(a, b, out=out)
    else:
        out[...] = xp.matmul(a, b)


def multiply_into(out: Array, a: Array, b: Array) -> None:
    """Write the product of the numbers of `a` and `b` into `out`."""
    xp = namespace(out)
    if xp is np:
        np.multiply(a, b, out=out)
    else:
        out[...] = a * b


def take_rows(X: FeatureMatrix, rows: Array) -> FeatureMatrix:
    """Return the given rows of an array or of a CSR container."""
    if is_sparse(X):
        return X[rows]
    if type(X) is not np.ndarray:
        return namespace(X).take(X, rows, axis=0)
    # NumPy's take is the faster of the two, and copies all of X first if it is not contiguous
    return X.take(rows, axis=0) if X.flags.c_contiguous else X[rows]


def erf(x: Array) -> Array:
    """Return the error function, which the array API lacks."""
    xp = namespace(x)
    if xp is np:
        from scipy.special import erf as scipy_erf

        return scipy_erf(x)
    if "cupy" in xp.__name__:
        from cupyx.scipy.special import erf as cupy_erf

        return cupy_erf(x)
    if xp.__name__ == "traced":
        return xp.erf(x)
    from scipy.special import erf as scipy_erf

    return xp.asarray(scipy_erf(to_numpy(x)), dtype=x.dtype)


def _has_cpu(array: Array) -> bool:
    return "array_api_strict" not in type(array).__module__
