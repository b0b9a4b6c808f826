"""How kernels are compiled, and what several of them need."""

from __future__ import annotations

import warnings

from numba import njit

from skopt_suite.backends.kernels._numba._kept_code import kept

NO_CACHE = (
    "skopt_suite cannot keep its compiled kernels: numba finds no directory that it can write to, "
    "so every process compiles them anew, which takes a while. Set the environment variable "
    "NUMBA_CACHE_DIR to a directory that can be written to."
)


def _has_cache() -> bool:
    """Whether numba finds a directory for compiled kernels; asking it compiles nothing."""
    try:
        njit(cache=True)(_has_cache)
    except RuntimeError:
        warnings.warn(NO_CACHE, stacklevel=2)
        return False
    return True


# Of fast-math not `nnan` and `ninf`, which ignore NaN and infinity, and `reassoc` for sums only: it
# may turn (1 - b) * g into g - b * g, which is NaN for an infinite g, and loses digits.
EXACT = ("contract", "arcp", "afn", "nsz")
_SUM = {*EXACT, "reassoc"}

HAS_CACHE = _has_cache()
_HOW = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
_VIEWS = {"_nrt": False}  # arrays are not counted, which is quicker to run and to compile
# What is called by kernels only is not kept by itself: it is part of them. Half of the time to
# compile it goes into being called by Python.
_INNER = {**_HOW, "no_cpython_wrapper": True}

_keep = kept if HAS_CACHE else njit

jit = _keep(fastmath=set(EXACT), **_HOW)
jit_views = _keep(fastmath=set(EXACT), **_VIEWS, **_HOW)
"""For what allocates nothing."""
BODY = {"fastmath": set(EXACT), **_VIEWS, **_HOW, "no_cpython_wrapper": True}
jit_body = _keep(**BODY)
"""For what kernels call by address, and allocates nothing."""
jit_inner = njit(fastmath=set(EXACT), **_INNER)
"""For what is called by kernels only."""
jit_inner_views = njit(fastmath=set(EXACT), **_VIEWS, **_INNER)
jit_inlined = njit(fastmath=set(EXACT), inline="always", **_VIEWS, **_INNER)
"""For what is called in one place, or takes many arrays: as a function of its own it would take
longer to compile."""
jit_sum = njit(fastmath=_SUM, **_VIEWS, **_INNER)
"""For sums in kernels, in any order."""


@jit_inner_views
def negligible(array):
    # What counts as zero: a thousand times the smallest normal number. Denormal numbers are many
    # times slower in everything that touches them: moments of dead units decay to them, and
    # probabilities of sure predictions are such. (`np.finfo` takes longer to compile.)
    kind = array.dtype.type
    of_double = kind(2.2250738585072014e-305)
    return of_double if of_double > kind(0) else kind(1.1754943508222875e-35)


@jit_inner_views
def negligible_squared(array):
    # What counts as zero where it will be squared: a thousand times the square root of the smallest
    # normal number.
    kind = array.dtype.type
    of_double = kind(1.4916681462400413e-151)
    return of_double if of_double > kind(0) else kind(1.0842021724855044e-16)


@jit_inner_views
def larger(a, b):
    # The larger of two numbers, NaN if one of them is.
    return b if b > a or b != b else a


@jit_sum
def size_of(values):
    # The sum of absolute values, in double precision.
    total = 0.0
    for j in range(values.size):
        total += abs(float(values[j]))
    return total


@jit_inner_views
def decay(params, share, n_weights):
    # Weights lose a share of themselves.
    kept = params.dtype.type(1 - share)
    for j in range(n_weights):
        params[j] *= kept
