"""Matrix products by cuBLAS, also while a graph is captured, which CuPy refuses.

CuPy brings the library into the process; it is called through `ctypes`.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import cupy

_WORKSPACE = 32 * 2**20  # bytes, which NVIDIA recommends on Hopper
_TYPES = {"float32": 0, "float64": 1, "uint16": 14}  # CUDA_R_32F, CUDA_R_64F, CUDA_R_16BF
_COMPUTE = {
    ("float32", "highest"): 68,  # CUBLAS_COMPUTE_32F
    ("float32", "high"): 77,  # CUBLAS_COMPUTE_32F_FAST_TF32
    ("float32", "medium"): 77,
    ("uint16", "medium"): 68,
}
_COMPUTE_64 = 70  # CUBLAS_COMPUTE_64F
_ANY_ALGORITHM = -1  # CUBLAS_GEMM_DEFAULT


class Cublas:
    """A handle that works on one stream, with memory of its own.

    Parameters
    ----------
    stream : cupy.cuda.Stream
        Where products are computed.
    precision : {"highest", "high", "medium"}
        Of products in float32.
    """

    def __init__(self, stream: Any, precision: str = "highest") -> None:
        self.precision, self.library = precision, library()
        self.handle = ctypes.c_void_p()
        self._call("cublasCreate_v2", ctypes.byref(self.handle))
        self.workspace = cupy.empty(_WORKSPACE, dtype=cupy.uint8)
        self._call("cublasSetStream_v2", self.handle, ctypes.c_void_p(stream.ptr))
        pointer = ctypes.c_void_p(self.workspace.data.ptr)
        self._call("cublasSetWorkspace_v2", self.handle, pointer, ctypes.c_size_t(_WORKSPACE))

    def __del__(self) -> None:
        if self.handle:
            self.library.cublasDestroy_v2(self.handle)

    def prepared(self, out: Any, a: Any, b: Any) -> Callable[[], None]:
        """Return what writes ``a[k] @ b[k]`` to `out`; of one matrix only, it is that with all.

        Parameters
        ----------
        out : cupy.ndarray of shape (n_fits, m, n)
            Each matrix in row-major order.
        a, b : cupy.ndarray of shape (n_fits or 1, m, k) and (n_fits or 1, k, n)
            Each matrix in row-major order, or its transpose; uint16 are the bits of bfloat16.
        """
        n_fits, m, n = out.shape
        number = ctypes.c_double if out.dtype == "float64" else ctypes.c_float
        # column by column, these are the transposes of the matrices, so their product is b a
        return partial(
            self._call,
            "cublasGemmStridedBatchedEx",
            self.handle,
            *(_is_transposed(b), _is_transposed(a)),
            *(n, m, a.shape[2]),
            ctypes.byref(number(1)),
            *_matrix(b),
            *_matrix(a),
            ctypes.byref(number(0)),
            *_matrix(out),
            n_fits,
            _COMPUTE.get((str(a.dtype), self.precision), _COMPUTE_64),
            _ANY_ALGORITHM,
        )

    def _call(self, name: str, *args: Any) -> None:
        status = getattr(self.library, name)(*args)
        if status:
            raise RuntimeError(f"{name} of cuBLAS failed with status {status}.")


@functools.cache
def library() -> Any:
    """Return cuBLAS, as CuPy has loaded it."""
    major = cupy.cuda.runtime.runtimeGetVersion() // 1000
    name = f"cublas64_{major}.dll" if sys.platform == "win32" else f"libcublas.so.{major}"
    return ctypes.CDLL(name)


def _is_transposed(array: Any) -> int:
    """Whether it is the columns of matrices that are in one piece."""
    rows, columns = array.strides[1:]
    return int(columns > rows if array.shape[1] > 1 and array.shape[2] > 1 else _lies_so(array))


def _lies_so(array: Any) -> bool:
    """Whether matrices of one row or column are taken as transposed."""
    itemsize = array.itemsize
    return bool(array.strides[2] != itemsize and array.shape[2] > 1)


def _matrix(array: Any) -> tuple[Any, ...]:
    """Return pointer, type, distance between rows and between matrices."""
    size = array.itemsize
    _, n_rows, n_columns = array.shape
    if _is_transposed(array):
        leading = array.strides[2] // size if n_columns > 1 else n_rows
        leading = max(leading, n_rows)
    else:
        leading = array.strides[1] // size if n_rows > 1 else n_columns
        leading = max(leading, n_columns)
    distance = array.strides[0] // size if array.shape[0] > 1 else 0
    pointer = ctypes.c_void_p(array.data.ptr)
    return pointer, _TYPES[str(array.dtype)], leading, ctypes.c_longlong(distance)
