"""A line search for the weak Wolfe conditions, for every fit of a stack at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, Params, PerFit, namespace, to_numpy
from skopt_suite.optimizers._base import Problem
from skopt_suite.optimizers.algebra._on_host import HostProblem

SUFFICIENT_DECREASE = 1e-4
CURVATURE = 0.9


class LineEnd(NamedTuple):
    """Where the search along the line ended."""

    params: Params
    value: PerFit
    gradient: Params
    moved: PerFit  # False where no lower point was found


class _Line(NamedTuple):
    """The fits that are still searching."""

    params: Params  # where the line starts, with its
    value: PerFit
    slope: PerFit
    direction: Params
    t: PerFit  # the next trial
    low: PerFit  # the point sought is beyond it
    high: PerFit  # and before it


def wolfe_line_search(
    problem: Problem | HostProblem,
    params: Params,
    value: PerFit,
    gradient: Params,
    direction: Params,
    max_trials: int,
) -> LineEnd:
    """Return a point on ``params + t * direction`` that satisfies Wolfe's conditions.

    Bisection with doubling (A. Lewis and M. Overton, "Nonsmooth optimization via quasi-Newton
    methods", Mathematical Programming 141, 2013, algorithm 2.6), with safeguarded quadratic
    interpolation in place of the midpoint. A change of the value within rounding counts as no
    change (W. Hager and H. Zhang, "A new conjugate gradient method with guaranteed descent",
    SIAM Journal on Optimization 16, 2005), so that the gradient decides near the minimum.

    A fit that has its point leaves the search, so that the others do not wait for it.
    """
    xp = namespace(params)
    line = _Line(
        params,
        value,
        xp.vecdot(gradient, direction),
        direction,
        t=xp.ones_like(value),
        low=xp.zeros_like(value),
        high=xp.full_like(value, xp.inf),
    )
    end = LineEnd(params, value, gradient, moved=xp.zeros_like(value, dtype=xp.bool))
    positions, parts = np.arange(value.shape[0]), []
    for _ in range(max_trials):
        line, end, is_done = _try(problem, line, end)
        if not is_done.any():
            continue
        parts.append((positions[is_done], _take(end, np.flatnonzero(is_done))))
        positions = positions[~is_done]
        if len(positions) == 0:
            break
        left = np.flatnonzero(~is_done)
        line, end = _take(line, left), _take(end, left)
        problem = problem.take(_index(left, params))
    if len(positions):
        parts.append((positions, end))
    return _in_order(parts)


def _try(
    problem: Problem | HostProblem, line: _Line, end: LineEnd
) -> tuple[_Line, LineEnd, np.ndarray]:
    """Evaluate the next points; return the brackets, the best points, and which fits are done."""
    xp = namespace(line.params)
    trial = line.params + line.t[:, None] * line.direction
    value, gradient = problem.value_and_gradient(trial)
    slope = xp.vecdot(gradient, line.direction)
    rounding = 8 * xp.finfo(trial.dtype).eps * xp.abs(line.value)
    falls = (value <= line.value + SUFFICIENT_DECREASE * line.t * line.slope) | (
        (value <= line.value + rounding) & (slope <= (2 * SUFFICIENT_DECREASE - 1) * line.slope)
    )  # False for a value that is not a number
    curved = slope >= CURVATURE * line.slope
    # Kept should the trials run out; a later one that falls is further along.
    all_fall, is_done = _on_host(falls, falls & curved)
    end = _where(falls, LineEnd(trial, value, gradient, falls), end, all_fall.all())
    high = xp.where(falls, line.high, line.t)
    low = xp.where(falls, line.t, line.low)
    t = _next_trial(line.t, low, high, line.value, line.slope, value)
    return line._replace(t=t, low=low, high=high), end, is_done


def _next_trial(
    t: PerFit, low: PerFit, high: PerFit, value: PerFit, slope: PerFit, trial_value: PerFit
) -> PerFit:
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


def _on_host(*masks: PerFit) -> np.ndarray:
    """Return masks, (n_masks, n_fits), in one transfer."""
    return np.asarray(to_numpy(namespace(masks[0]).stack(masks)))


def _where(mask: PerFit, new: LineEnd, old: LineEnd, is_all: bool) -> LineEnd:
    """Return `new` for the fits in `mask`, which may be all, and `old` for the others."""
    if is_all:
        return new
    xp = namespace(mask)
    return LineEnd(
        xp.where(mask[:, None], new.params, old.params),
        xp.where(mask, new.value, old.value),
        xp.where(mask[:, None], new.gradient, old.gradient),
        old.moved | mask,
    )


def _take(fits: Any, index: np.ndarray) -> Any:
    """Return the fits of a NamedTuple of arrays that `index` names."""
    if len(index) == fits[0].shape[0]:
        return fits
    xp, rows = namespace(fits[0]), _index(index, fits[0])
    return type(fits)(*(xp.take(array, rows, axis=0) for array in fits))


def _index(index: np.ndarray, array: Array) -> Array:
    xp = namespace(array)
    return index if xp is np else xp.asarray(index, device=array.device)


def _in_order(parts: list[tuple[np.ndarray, LineEnd]]) -> LineEnd:
    """Join the ends of all fits in the order of their positions."""
    if len(parts) == 1:
        return parts[0][1]
    xp = namespace(parts[0][1].params)
    joined = LineEnd(
        *(xp.concat(arrays) for arrays in zip(*(end for _, end in parts), strict=True))
    )
    order = np.argsort(np.concatenate([positions for positions, _ in parts]))
    index = _index(order, joined.params)
    return LineEnd(*(xp.take(array, index, axis=0) for array in joined))
