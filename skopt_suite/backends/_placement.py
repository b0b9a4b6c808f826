"""From the parameter ``backend`` to a place for the arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends._arrays import Placement, is_device_array, namespace
from skopt_suite.backends._cupy_namespace import cupy_namespace
from skopt_suite.backends._sparse import is_sparse

_HOST = Placement(np)
_INSTALL = "pip install 'skopt-suite[cuda13]' (CUDA 13) or 'skopt-suite[cuda12]' (CUDA 12)"


def placement_for(backend: str, X: Any = None) -> Placement:
    """Return where a fit with this ``backend`` computes, given its input `X`."""
    if backend == "cupy":
        return _cupy_placement()
    if backend == "numpy" or not is_device_array(X):
        return _HOST
    import array_api_compat

    array = X.data if is_sparse(X) else X
    return Placement(namespace(array), array_api_compat.device(array))


def _cupy_placement() -> Placement:
    try:
        import cupy
    except ImportError as error:
        raise ImportError(
            f"backend='cupy' needs CuPy, which cannot be imported ({error}). Install it with "
            f"{_INSTALL}, or use backend='numpy'."
        ) from error
    try:
        n_devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise _no_gpu(str(error)) from error
    if n_devices == 0:
        raise _no_gpu("no device found")
    return Placement(cupy_namespace(), cupy.cuda.Device())


def _no_gpu(reason: str) -> RuntimeError:
    return RuntimeError(
        f"backend='cupy' needs a working NVIDIA GPU, and CuPy reports: {reason}. Check the driver "
        f"with nvidia-smi and that CuPy matches its CUDA version ({_INSTALL}), or use "
        "backend='numpy'."
    )
