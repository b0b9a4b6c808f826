"""Rows are copied to where steps compute with them, in the precision of the fit."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._jit import jit_inner_views
from skopt_suite.backends.kernels._numba._prefetch import prefetch_rows


@jit_inner_views
def load(values, order, first, batch_size, to):
    """Copy rows of a batch."""
    for i in range(to.shape[0]):
        row = order[first + i] if order.size else first + i
        for j in range(to.shape[1]):
            to[i, j] = values[row, j]
    following = first + batch_size
    prefetch_rows(values, order, following, following + to.shape[0])


@jit_inner_views
def load_scaled(values, mean, factor, order, first, batch_size, to):
    """Copy rows as `load` does, less `mean` where there is one, times `factor`."""
    for i in range(to.shape[0]):
        row = order[first + i] if order.size else first + i
        if mean.size:
            for j in range(to.shape[1]):
                to[i, j] = (values[row, j] - mean[j]) * factor[j]
        else:
            for j in range(to.shape[1]):
                to[i, j] = values[row, j] * factor[j]
    following = first + batch_size
    prefetch_rows(values, order, following, following + to.shape[0])


@jit_inner_views
def load_weights(values, order, first, to):
    """Copy weights of rows."""
    for i in range(to.size):
        to[i] = values[order[first + i] if order.size else first + i]
