"""What loops over the entries of a sparse row, or column, do.

That places are not negative is said to the compiler, which else checks each of them and reads no
two side by side.
"""

from __future__ import annotations

from numba import uint64

from skopt_suite.backends.kernels._numba._jit import jit_inner_views, jit_sum
from skopt_suite.backends.kernels._numba._types import part_of


@jit_sum
def dot_of_entries(data, indices, start, stop, w):
    """Return the sum of entries times the numbers that belong to them."""
    values, places = part_of(data, start, stop - start), part_of(indices, start, stop - start)
    total = w.dtype.type(0)
    for p in range(values.size):
        total += w[uint64(places[p])] * w.dtype.type(values[p])
    return total


@jit_sum
def square_of_entries(data, indices, start, stop, scale):
    """Return the sum of squares of entries, times a scale: one for all, or each its own."""
    values, places = part_of(data, start, stop - start), part_of(indices, start, stop - start)
    total = 0.0
    if scale.size == 1:
        for p in range(values.size):
            total += values[p] * values[p]
        return total * scale[0]
    for p in range(values.size):
        total += values[p] * values[p] * scale[uint64(places[p])]
    return total


@jit_inner_views
def add_entries(data, indices, start, stop, w, step):
    """Add a multiple of entries to the numbers that belong to them."""
    values, places = part_of(data, start, stop - start), part_of(indices, start, stop - start)
    for p in range(values.size):
        w[uint64(places[p])] += step * w.dtype.type(values[p])


@jit_inner_views
def add_scaled_entries(data, indices, start, stop, w, step, scale):
    """Add that, times a scale: one for all, or each its own."""
    if scale.size == 1:
        add_entries(data, indices, start, stop, w, step * scale[0])
        return
    values, places = part_of(data, start, stop - start), part_of(indices, start, stop - start)
    for p in range(values.size):
        j = uint64(places[p])
        w[j] += step * values[p] * scale[j]
