"""The one equation of a group that proximal operators with a step per coordinate have to solve."""

from __future__ import annotations

from skopt_suite.backends import Array, climb, namespace

_MAX_STEPS = 60


def secular_root(weights: Array, fixed: Array, slope: Array, start: Array) -> Array:
    """Return x with ``Σ_j (w_j / (fixed_j + x slope_j))² = 1`` for every group.

    Newton's method for ``1 / √(the sum) = 1``, whose left side is concave in x: from below it
    rises to the root without passing it, in one step where all coordinates have the same step size
    (J. Moré and D. Sorensen, "Computing a Trust Region Step", SIAM Journal on Scientific and
    Statistical Computing 4, 1983).

    Parameters
    ----------
    weights : array of shape (n_fits, n_groups, size)
        What is to be scaled; groups of zeros keep their start.
    fixed, slope : array that broadcasts to it
        Numbers >= 0.
    start : array of shape (n_fits, n_groups, 1)
        A bound from below.
    """
    xp = namespace(weights)

    def rise(x: Array) -> Array:
        # Only rounding makes it fall, at the root.
        return xp.clip(_newton_step(weights, fixed + x * slope, slope), 0.0, None)

    return climb(start, rise, 4 * float(xp.finfo(weights.dtype).eps), _MAX_STEPS)


def _newton_step(weights: Array, divisor: Array, slope: Array) -> Array:
    xp = namespace(weights)
    divisor = positive(divisor)
    ratio = weights / divisor
    square = xp.vecdot(ratio, ratio)[:, :, None]
    rate = xp.sum(ratio * ratio * slope / divisor, axis=-1, keepdims=True)
    return square * (xp.sqrt(square) - 1) / positive(rate)


def positive(values: Array) -> Array:
    """Return values to divide by, with 1 where they are 0."""
    xp = namespace(values)
    return xp.where(values == 0, xp.ones_like(values), values)
