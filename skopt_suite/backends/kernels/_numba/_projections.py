"""What keeps the weights of one fit where they may be."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._body import Body, project_type
from skopt_suite.backends.kernels._numba._jit import jit_body


@jit_body
def _into_box(weights, numbers):
    is_wide = numbers.shape[1] > 1
    for j in range(weights.size):
        low, high = numbers[0, j if is_wide else 0], numbers[1, j if is_wide else 0]
        w = low if weights[j] < low else weights[j]
        weights[j] = high if w > high else w


PROJECTIONS: dict[str, Body] = {
    "skopt_suite.penalties._box.Box.project": Body(_into_box, project_type)
}
"""By the name of their definition."""
