"""Rows are copied to where steps compute with them, in the precision of the fit."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._jit import jit_inner_views
from skopt_suite.backends.kernels._numba._types import row_of


@jit_inner_views
def places_of(weight, order, first, size, to):
    """Write which rows of a batch count, return how many: at least one, if all have weight 0."""
    n_places = 0
    for i in range(first, first + size):
        if weight[order[i]] != 0:
            to[n_places] = order[i]
            n_places += 1
    if n_places == 0:
        to[0] = order[first]
    return max(n_places, 1)


@jit_inner_views
def all_places(order, first, size, to):
    """Write which rows a batch has, return how many."""
    for i in range(size):
        to[i] = order[first + i]
    return size


@jit_inner_views
def load_inputs(values, mean, factor, columns, order, first, to):
    """Copy rows of a batch, less `mean` and times `factor` where there are such.

    They are copied with some columns only, if these are given.
    """
    for i in range(to.shape[0]):
        row = row_of(values, order[first + i])
        out = row_of(to, i)
        if columns.size:
            _load_columns(row, mean, factor, columns, out)
        elif factor.size:
            for j in range(out.size):
                out[j] = (row[j] - mean[j]) * factor[j]
        else:
            for j in range(out.size):
                out[j] = row[j]


@jit_inner_views
def _load_columns(row, mean, factor, columns, out):
    for j in range(out.size):
        column = columns[j]
        out[j] = (row[column] - mean[column]) * factor[column] if factor.size else row[column]


@jit_inner_views
def load_targets(values, order, first, to):
    """Copy rows of a batch."""
    for i in range(to.shape[0]):
        row = row_of(values, order[first + i])
        out = row_of(to, i)
        for j in range(out.size):
            out[j] = row[j]


@jit_inner_views
def load_weights(values, order, first, to, factor=1.0):
    """Copy weights of rows, times a factor."""
    for i in range(to.size):
        to[i] = to.dtype.type(factor) * values[order[first + i]]
