"""Slopes of penalties of one fit that are a concave function of the size of every weight."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._body import Body, tangent_type
from skopt_suite.backends.kernels._numba._jit import jit_body


@jit_body
def _slope_of_mcp(weights, numbers, weaker, slope):
    zero, is_wide, last = slope.dtype.type(0), numbers.shape[1] > 1, weaker.size - 1
    for j in range(slope.size):
        alpha, gamma = numbers[0, j if is_wide else 0], numbers[1, j if is_wide else 0]
        falling = alpha - abs(weights[j]) / gamma
        slope[j] = weaker[j if last else 0] * (zero if falling <= zero else falling)


@jit_body
def _slope_of_scad(weights, numbers, weaker, slope):
    zero, one = slope.dtype.type(0), slope.dtype.type(1)
    is_wide, last = numbers.shape[1] > 1, weaker.size - 1
    for j in range(slope.size):
        alpha, gamma = numbers[0, j if is_wide else 0], numbers[1, j if is_wide else 0]
        falling = (gamma * alpha - abs(weights[j])) / (gamma - one)
        falling = alpha if falling > alpha else falling
        slope[j] = weaker[j if last else 0] * (zero if falling <= zero else falling)


_PENALTIES = "skopt_suite.penalties"

TANGENTS: dict[str, Body] = {
    f"{_PENALTIES}._mcp.MCP._slope": Body(_slope_of_mcp, tangent_type),
    f"{_PENALTIES}._scad.SCAD._slope": Body(_slope_of_scad, tangent_type),
}
"""By the name of their definition."""
