"""A line search for the weak Wolfe conditions, for every fit of a stack at once."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, namespace
from skopt_suite.optimizers._base import Problem

SUFFICIENT_DECREASE = 1e-4
CURVATURE = 0.9


class LineEnd(NamedTuple):
    """Where the search along the line ended."""

    params: Array  # (n_fits, n_params)
    value: Array  # (n_fits,)
    gradient: Array  # (n_fits, n_params)
    moved: Array  # (n_fits,): False where no lower point was found


def wolfe_line_search(
    problem: Problem,
    params: Array,
    value: Array,
    gradient: Array,
    direction: Array,
    max_trials: int,
) -> LineEnd:
    """Return a point on ``params + t * direction`` that satisfies Wolfe's conditions.

    Bisection with doubling (A. Lewis and M. Overton, "Nonsmooth optimization via quasi-Newton
    methods", Mathematical Programming 141, 2013, algorithm 2.6), with safeguarded quadratic
    interpolation in place of the midpoint. A change of the value within rounding counts as no
    change (W. Hager and H. Zhang, "A new conjugate gradient method with guaranteed descent",
    SIAM Journal on Optimization 16, 2005), so that the gradient decides near the minimum.
    """
    xp = namespace(params)
    slope = xp.vecdot(gradient, direction)
    rounding = 8 * xp.finfo(params.dtype).eps * xp.abs(value)
    t = xp.ones_like(value)
    low, high = xp.zeros_like(value), xp.full_like(value, xp.inf)
    searching = xp.ones_like(value, dtype=xp.bool)
    end = LineEnd(params, value, gradient, moved=~searching)
    for _ in range(max_trials):
        trial = params + t[:, None] * direction
        trial_value, trial_gradient = problem.value_and_gradient(trial)
        trial_slope = xp.vecdot(trial_gradient, direction)
        decrease = value + SUFFICIENT_DECREASE * t * slope
        falls = (trial_value <= decrease) | (
            (trial_value <= value + rounding)
            & (trial_slope <= (2 * SUFFICIENT_DECREASE - 1) * slope)
        )  # False for a value that is not a number
        curved = trial_slope >= CURVATURE * slope
        # Kept should the trials run out; a later one that falls is further along.
        better = searching & falls
        end = _where(better, LineEnd(trial, trial_value, trial_gradient, better), end)
        searching = searching & ~(falls & curved)
        if not bool(xp.any(searching)):
            break
        high = xp.where(searching & ~falls, t, high)
        low = xp.where(searching & falls, t, low)
        t = xp.where(searching, _next_trial(t, low, high, value, slope, trial_value), t)
    return end


def _next_trial(
    t: Array, low: Array, high: Array, value: Array, slope: Array, trial_value: Array
) -> Array:
    """Return a point inside the bracket, or twice as far while there is none."""
    xp = namespace(t)
    bounded = xp.isfinite(high)
    finite_high = xp.where(bounded, high, 2 * t)
    width = finite_high - low
    excess = trial_value - value - t * slope
    usable = (excess > 0) & xp.isfinite(excess)
    parabola = -slope * t * t / (2 * xp.where(usable, excess, 1.0))
    middle = low + width / 2
    guess = xp.where(usable & (low == 0), parabola, middle)
    inside = xp.minimum(xp.maximum(guess, low + 0.1 * width), finite_high - 0.1 * width)
    return xp.where(bounded, inside, 2 * t)


def _where(mask: Array, new: LineEnd, old: LineEnd) -> LineEnd:
    """Return `new` for the fits in `mask` and `old` for the others."""
    xp = namespace(mask)
    if bool(xp.all(mask)):
        return new
    return LineEnd(
        xp.where(mask[:, None], new.params, old.params),
        xp.where(mask, new.value, old.value),
        xp.where(mask[:, None], new.gradient, old.gradient),
        old.moved | mask,
    )
