"""How kernels are compiled, and what several of them need."""

from __future__ import annotations

import numpy as np
from numba import njit

# Of fast-math not `nnan` and `ninf`, which ignore NaN and infinity, and `reassoc` for sums only: it
# may turn (1 - b) * g into g - b * g, which is NaN for an infinite g, and loses digits.
_EXACT = {"contract", "arcp", "afn", "nsz"}

jit = njit(nogil=True, fastmath=_EXACT, error_model="numpy", cache=True)
jit_sum = njit(nogil=True, fastmath={*_EXACT, "reassoc"}, error_model="numpy", cache=True)


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
