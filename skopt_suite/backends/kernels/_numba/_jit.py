"""How kernels are compiled, and what several of them need."""

from __future__ import annotations

import warnings

import numpy as np
from numba import njit


def _has_cache() -> bool:
    """Whether numba finds a directory for compiled kernels; asking it compiles nothing."""
    try:
        njit(cache=True)(_has_cache)
    except RuntimeError:
        warnings.warn(
            "skopt_suite cannot keep its compiled kernels: numba finds no directory that it can "
            "write to, so every process compiles them anew, which takes a while. Set the "
            "environment variable NUMBA_CACHE_DIR to a directory that can be written to.",
            stacklevel=2,
        )
        return False
    return True


# Of fast-math not `nnan` and `ninf`, which ignore NaN and infinity, and `reassoc` for sums only: it
# may turn (1 - b) * g into g - b * g, which is NaN for an infinite g, and loses digits.
_EXACT = {"contract", "arcp", "afn", "nsz"}

_HOW = {"nogil": True, "error_model": "numpy", "cache": _has_cache()}

jit = njit(fastmath=_EXACT, **_HOW)
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
jit_inner = njit(fastmath=_EXACT, **_INNER, **_HOW)
"""For what is called by kernels only: half of the time to compile goes into being called."""
jit_views = njit(fastmath=_EXACT, _nrt=False, **_HOW)
"""For what allocates nothing: arrays are not counted, which is quicker to run and to compile."""
jit_inner_views = njit(fastmath=_EXACT, _nrt=False, **_INNER, **_HOW)
jit_sum = njit(fastmath={*_EXACT, "reassoc"}, **_HOW)


@jit
def negligible(array):
    # What counts as zero. Denormal numbers are many times slower in everything that touches them:
    # moments of dead units decay to them, and probabilities of sure predictions are such.
    return np.finfo(array.dtype).tiny * array.dtype.type(1e3)


@jit
def write_back(array, k, row):
    # `row` is np.ascontiguousarray(array[k]). Of the weights among all parameters, which are rows
    # apart but side by side in each, that is no copy: it tells the compiler that they are, and
    # loops over them vectorise. Of anything else it is a copy.
    if array.strides[1] != array.itemsize:
        array[k, :] = row
