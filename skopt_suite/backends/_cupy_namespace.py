"""CuPy by the array API, with one kernel for what the compatibility layer makes of many."""

from __future__ import annotations

import functools
from typing import Any


class _Namespace:
    """The names of a module, of which some mean something else."""

    def __init__(self, module: Any, **others: Any) -> None:
        vars(self).update(vars(module), **others)

    def __reduce__(self) -> tuple[Any, ...]:
        return cupy_namespace, ()


def is_cupy(xp: Any) -> bool:
    """Whether a namespace is that of CuPy's arrays."""
    return isinstance(xp, _Namespace)


@functools.cache
def cupy_namespace() -> Any:
    """Return the array-API namespace of CuPy's arrays."""
    import array_api_compat.cupy as xp
    import cupy

    def clip(x: Any, min: Any = None, max: Any = None) -> Any:
        return cupy.clip(x, min, max)  # else masks, which the host waits for

    def vecdot(x1: Any, x2: Any, *, axis: int = -1) -> Any:
        return cupy.sum(x1 * x2, axis=axis)  # else products of matrices of one row

    return _Namespace(xp, clip=clip, vecdot=vecdot)
