"""Types of the functions that kernels call through pointers, by precision."""

from __future__ import annotations

import numpy as np
from numba import types

ROW = {
    np.dtype("float32"): types.float32[::1],
    np.dtype("float64"): types.float64[::1],
}
"""A contiguous array of one dimension."""

ACTIVATION = {dtype: types.void(row, row) for dtype, row in ROW.items()}
"""``activate(z, slope)``: overwrite input by output, write the derivative to `slope`."""
