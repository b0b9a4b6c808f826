"""Where an interior-point method begins: near the optimum of a sample of rows, or least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skopt_suite.backends import Array
from skopt_suite.optimizers.algebra._interior_rows import summed

if TYPE_CHECKING:
    from skopt_suite.optimizers.algebra._interior import Interior

_CENTRE = 2.0  # of mean distances from kinks: μ where it begins
_CENTRE_OF_SAMPLE = 0.25  # the same near the optimum of a sample
_LEAST_CENTRE = 1e-3  # of mean distances of the best constant: the same
_SAMPLE = 64  # times as many rows as entries of θ are in a sample
_LEAST_EVERY = 8  # how many rows there must be for each of a sample
_LEFT = 0.1  # of the objective of a sample: how near its optimum is near enough
_UNLIKE = 0.5  # of the objective: how far that of a sample may be from that of all rows
_MOST_STEPS = 12  # towards the optimum of a sample


def start_of(problem: Interior) -> tuple[Array, float]:
    """Return θ where to begin, and μ."""
    constant, size = _constant(problem)
    theta, centre = _optimum_of_sample(problem), _CENTRE_OF_SAMPLE
    if theta is None:
        theta, centre = _least_squares(problem, constant, size), _CENTRE
    n = problem.n_of_rows
    far = _mean(np.abs(_beyond(problem, theta)), problem.widths[:n])
    return theta, max(centre * far, _LEAST_CENTRE * float(size[0]))


def _beyond(problem: Interior, theta: Array) -> Array:
    """Return how far beyond their kinks rows are."""
    n = problem.n_of_rows
    return problem.every(problem.design.product(theta))[:n] - problem.kinks.at[:n]


def _optimum_of_sample(problem: Interior) -> Array | None:
    """Return θ near the optimum of some rows, evenly spread.

    None where there are not so many rows, or others are not like them.
    """
    every = problem.design.n_rows // (_SAMPLE * len(problem.l2))
    if every < _LEAST_EVERY:
        return None
    part, _ = problem.part(np.arange(0, problem.design.n_rows, every))
    n, of_sample = problem.n_of_rows, float(part.widths[: part.n_of_rows].sum())
    if of_sample == 0:
        return None
    larger = float(problem.widths[:n].sum()) / of_sample
    for slopes in part.kinks[1:]:
        slopes[: part.n_of_rows] *= larger
    del part.widths  # of slopes before
    at = part.start()
    seen = part.look(at)
    for _ in range(_MOST_STEPS):
        if seen.left <= _LEFT * seen.value:
            break
        at = part.advance(at, seen)
        seen = part.look(at)
    value = _value(problem, at.theta)
    return at.theta if abs(value - seen.value) <= _UNLIKE * value else None


def _value(problem: Interior, theta: Array) -> float:
    """Return the objective without L1."""
    _, below, above = (part[: problem.n_of_rows] for part in problem.kinks)
    beyond = _beyond(problem, theta)
    return float(np.where(beyond > 0, above, below) @ beyond + problem.l2 @ theta**2 / 2)


def _constant(problem: Interior) -> tuple[Array, Array]:
    """Return θ of the best constant in the middle of kinks, and how far these are from it.

    That is so far that a weight moves predictions as much, where there is L1.
    """
    theta, n = np.zeros(len(problem.l2)), problem.n_of_rows
    at, width = problem.kinks.at[:n], problem.widths[:n]
    if problem.design.has_bias:
        theta[-1] = _mean(at, width)
    size = np.full(len(problem.kinks.at), _mean(np.abs(theta[-1] - at), width) or 1.0)
    if problem.design.has_l1:
        scale = problem.design.deviations
        size[n:] /= np.where(scale > 0, scale, 1.0)
    return theta, size


def _least_squares(problem: Interior, theta: Array, size: Array) -> Array:
    """Return where squares of distances from kinks, and l2, are least."""
    design, strength = problem.design, problem.widths / size
    n_shared = design.n_rows + problem.n_of_weights
    missing = strength * (problem.kinks.at - problem.every(design.product(theta)))
    missing, curvature = (summed(part, design.n_rows, n_shared) for part in (missing, strength))
    pull = design.transposed(missing) - problem.l2 * theta
    solve = design.inverse(curvature, problem.l2, design.transposed(curvature))
    return theta + solve(pull)


def _mean(values: Array, weights: Array) -> float:
    total = float(weights.sum())
    return float(weights @ values) / total if total > 0 else 0.0
