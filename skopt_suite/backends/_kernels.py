"""The kernel seam: a definition in the array API, and a fused version where a backend has one.

A hot elementwise function is written once, against the array API, and decorated with `kernel`;
that is its definition. When its first argument is a NumPy array and `backends/_numba_kernels`
has a function of the same name, that one runs instead. Fused kernels may overwrite the arrays
that the definition returns anew, so callers use what is returned and nothing else.

``SKOPT_SUITE_FUSED_KERNELS=0`` in the environment makes the definitions run.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

KERNELS: dict[str, Callable] = {}
"""Every function that a backend may fuse, by name."""


def kernel(definition: Callable) -> Callable:
    """Let a backend answer for a function with a fused version of the same name.

    Parameters
    ----------
    definition : callable
        Computes with the array API; its first argument is an array.

    Returns
    -------
    dispatch : callable
        The same function, for which a backend may answer.
    """

    @functools.wraps(definition)
    def dispatch(first: Any, *args: Any) -> Any:
        if type(first) is np.ndarray:
            fused = _numba_kernels().get(name)
            if fused is not None:
                return fused(first, *args)
        return definition(first, *args)

    name = getattr(definition, "__name__", "")
    dispatch.definition = definition  # type: ignore[attr-defined]
    KERNELS[name] = dispatch
    return dispatch


@functools.cache
def _numba_kernels() -> dict[str, Callable]:
    """Return the fused CPU kernels; numba is imported when the first one is asked for."""
    if os.environ.get("SKOPT_SUITE_FUSED_KERNELS", "1") == "0":
        return {}
    from skopt_suite.backends._numba_kernels import FUSED

    return FUSED
