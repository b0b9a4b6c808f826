"""Rows are copied to where steps compute with them, in the precision of the fit."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._jit import jit_inner_views
from skopt_suite.backends.kernels._numba._prefetch import prefetch_rows
from skopt_suite.backends.kernels._numba._types import row_of


@jit_inner_views
def load_inputs(values, mean, factor, order, first, batch_size, to):
    """Copy rows of a batch, less `mean` and times `factor` where there are such.

    Those of the next batch are asked for.
    """
    for i in range(to.shape[0]):
        row = row_of(values, order[first + i])
        out = row_of(to, i)
        if factor.size:
            for j in range(out.size):
                out[j] = (row[j] - mean[j]) * factor[j]
        else:
            for j in range(out.size):
                out[j] = row[j]
    following = first + batch_size
    prefetch_rows(values, order, following, following + to.shape[0])


@jit_inner_views
def load_targets(values, order, first, to):
    """Copy rows of a batch."""
    for i in range(to.shape[0]):
        row = row_of(values, order[first + i])
        out = row_of(to, i)
        for j in range(out.size):
            out[j] = row[j]


@jit_inner_views
def load_weights(values, order, first, to):
    """Copy weights of rows."""
    for i in range(to.size):
        to[i] = values[order[first + i]]
