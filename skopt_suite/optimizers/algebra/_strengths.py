"""Strengths of penalties, spread over the weights of a linear model."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import Array


def spread(values: Array | float | None, shape: tuple[int, int, int]) -> Array:
    """Return numbers per fit, or per fit and weight, as an array of that shape."""
    if values is None or isinstance(values, float):
        return _same(values or 0.0, shape)
    values = np.asarray(values, dtype=np.float64)
    is_one = values.shape[1] == 1
    return np.broadcast_to(values[..., None] if is_one else values.reshape(-1, *shape[1:]), shape)


def _same(value: float, shape: tuple[int, int, int]) -> Array:
    """Return what `numpy.broadcast_to` does of a number, in a fraction of its time."""
    spread_out: Array = np.ndarray(shape, np.float64, np.array(value), strides=(0, 0, 0))
    spread_out.flags.writeable = False
    return spread_out
