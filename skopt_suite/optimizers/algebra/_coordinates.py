"""Cyclic coordinate descent on quadratics, with Anderson acceleration.

A penalty is ``Σ_j l1_j |w_j| + l2_j / 2 w_j²`` on ``lower_j ≤ w_j ≤ upper_j``. With the gradient
``g_j`` of the quadratic and its curvature ``c_j`` along one coordinate, the best step is to

    clip(S(c_j w_j - g_j, l1_j) / (c_j + l2_j), lower_j, upper_j),    S(z, t) = sign(z) (|z| - t)₊

Every `MEMORY` epochs the iterates of the last ones are extrapolated (Q. Bertrand and M. Massias,
"Anderson acceleration of coordinate descent", AISTATS 2021); the point is taken if it is better.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, kernel

MEMORY = 5
"""Differences of iterates that an extrapolation combines."""


class Terms(NamedTuple):
    """A separable penalty on some coordinates; arrays of shape (n_coordinates,), float64."""

    l1: Array
    l2: Array
    lower: Array
    upper: Array

    def take(self, index: Array) -> Terms:
        """Return the terms of the coordinates that `index` names."""
        return Terms(*(part[index] for part in self))

    def value(self, weights: Array) -> float:
        """Return the penalty."""
        return float(self.l1 @ np.abs(weights) + self.l2 @ (weights * weights) / 2)

    def distance(self, weights: Array, gradient: Array) -> Array:
        """Return how far every coordinate is from stationary, given that of the smooth loss.

        It is the steepest descent along the coordinate: the distance of 0 from the subdifferential.
        """
        gradient = gradient + self.l2 * weights
        # adding 0 makes -0 a 0, from where L1 pulls back both ways
        upwards = gradient + np.copysign(self.l1, weights + 0.0)
        downwards = gradient - np.copysign(self.l1, 0.0 - weights)
        rising = np.where(weights < self.upper, -upwards, 0.0)
        falling = np.where(weights > self.lower, downwards, 0.0)
        return np.maximum(np.maximum(rising, falling), 0.0)


@kernel
def descend_by_moments(
    second: Array,
    gradient: Array,
    weights: Array,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    tol: Array,
    max_epochs: int,
) -> tuple[Array, Array]:
    """Minimise ``½ wᵀ A w - bᵀ w`` and a penalty, several times; `gradient` is ``A w - b``.

    Parameters
    ----------
    second : array of shape (n_matrices, n_coordinates, n_coordinates)
        A, each for as many problems as any other.
    gradient, weights : array of shape (n_problems, n_coordinates)
        Where they begin.
    l1, l2, lower, upper : array of shape (n_problems, n_coordinates)
        See `Terms`.
    tol : array of shape (n_problems,)
        An epoch in which no gradient moved by more is the last.
    max_epochs : int
        At most.

    Returns
    -------
    weights, gradient : array of shape (n_problems, n_coordinates)
        Where they end.
    """
    weights, gradient = weights.copy(), gradient.copy()
    for k in range(len(weights)):
        terms = Terms(l1[k], l2[k], lower[k], upper[k])
        q = _Quadratic(second[k * len(second) // len(weights)], gradient[k], np.zeros(len(l1[k])))
        weights[k] = _descend(q, weights[k], terms, tol[k], max_epochs)
        gradient[k] = q.slope
    return weights, gradient


@kernel
def descend_by_columns(
    columns: Array,
    slope: Array,
    curvature: Array,
    weights: Array,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    has_intercept: bool,
    tol: float,
    max_epochs: int,
) -> tuple[Array, Array, float]:
    """Minimise ``Σ_i slope_i m_i + ½ curvature_i m_i²`` and a penalty, m being moves of the model.

    They are ``m_i = Σ_j x_ij (w_j - w⁰_j) + b``, with the intercept b where there is one.

    Parameters
    ----------
    columns : array of shape (n_coordinates, n_samples)
        Features, one per row.
    slope, curvature : array of shape (n_samples,)
        Of the loss of every sample by its raw prediction. A curvature may be 0 only where the slope
        is.
    weights, l1, l2, lower, upper : array of shape (n_coordinates,)
        Where it begins, and the penalty: see `Terms`.
    has_intercept : bool
        Whether there is one.
    tol, max_epochs : float, int
        An epoch in which no gradient moved by more is the last, and how many there are at most.

    Returns
    -------
    weights : array of shape (n_coordinates,)
        Where it ends.
    move : array of shape (n_samples,)
        How the model moved.
    intercept : float
        What was added to the intercept.
    """
    total = curvature.sum() if has_intercept else 1.0
    mean = columns @ curvature / total if has_intercept else np.zeros(len(columns))
    start = -slope.sum() / total if has_intercept else 0.0
    about = columns - mean[:, None]
    moved = slope + curvature * start
    q = _Quadratic((about * curvature) @ about.T, about @ moved, np.zeros(len(columns)))
    w = _descend(q, weights.copy(), Terms(l1, l2, lower, upper), tol, max_epochs)
    return w, (w - weights) @ about + start, start - float(mean @ (w - weights))


@kernel
def descend_by_sparse_columns(
    data: Array,
    indices: Array,
    indptr: Array,
    chosen: Array,
    slope: Array,
    curvature: Array,
    weights: Array,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    has_intercept: bool,
    tol: float,
    max_epochs: int,
) -> tuple[Array, Array, float]:
    """Do what `descend_by_columns` does, on `chosen` columns of a CSC matrix."""
    columns = np.zeros((len(chosen), len(slope)))
    for row, j in enumerate(chosen.tolist()):
        part = slice(indptr[j], indptr[j + 1])
        columns[row, indices[part]] = data[part]
    rest = slope, curvature, weights, l1, l2, lower, upper, has_intercept, tol, max_epochs
    return descend_by_columns.definition(columns, *rest)  # type: ignore[attr-defined]


class _Quadratic:
    """A quadratic by its matrix, and its gradient where we are."""

    def __init__(self, second: Array, slope: Array, zero: Array) -> None:
        self.second, self.slope, self.zero = second, slope, zero

    def move(self, j: int, step: float) -> None:
        """Step along one coordinate."""
        self.slope = self.slope + step * self.second[j]


def _descend(q: _Quadratic, w: Array, terms: Terms, tol: float, max_epochs: int) -> Array:
    begin, slope_there = w.copy(), q.slope.copy()
    iterates, slopes = [w.copy()], [q.slope.copy()]
    for _ in range(max_epochs):
        moved = _epoch(q, w, terms)
        iterates, slopes = [*iterates, w.copy()], [*slopes, q.slope.copy()]
        if not moved > tol:
            break
        if len(iterates) == MEMORY + 1:
            shares = _shares(np.array(iterates))
            mixed, slope = shares @ np.array(iterates[1:]), shares @ np.array(slopes[1:])
            if _is_better(mixed, slope, w, q.slope, begin, slope_there, terms):
                w, q.slope = mixed, slope
            iterates, slopes = [w.copy()], [q.slope.copy()]
    return w


def _epoch(q: _Quadratic, w: Array, terms: Terms) -> float:
    """Step along every coordinate; return the largest change of a gradient by its own step."""
    most = 0.0
    for j in range(len(w)):
        curvature = q.second[j, j]
        total = curvature + terms.l2[j]
        if total > 0:
            z = curvature * w[j] - q.slope[j]
            new = np.sign(z) * max(abs(z) - terms.l1[j], 0.0) / total
            step = min(max(new, terms.lower[j]), terms.upper[j]) - w[j]
            w[j] += step
            q.move(j, step)
            most = max(most, abs(step) * total)
    return most


def _shares(iterates: Array) -> Array:
    """Return how much of every iterate but the first an extrapolation takes, (MEMORY,)."""
    changes = np.diff(iterates, axis=0)
    products = changes @ changes.T
    products += 1e-10 * np.trace(products) * np.eye(len(products))
    solved = np.linalg.solve(products, np.ones(len(products)))
    return solved / solved.sum()


def _is_better(
    mixed: Array,
    slope: Array,
    w: Array,
    slope_of_w: Array,
    begin: Array,
    slope_there: Array,
    terms: Terms,
) -> bool:
    """Whether an extrapolation is allowed and lowers the objective."""
    is_allowed = bool(((mixed >= terms.lower) & (mixed <= terms.upper)).all())

    def value(at: Array, slope_at: Array) -> float:
        return float((at - begin) @ (slope_there + slope_at) / 2 + terms.value(at))

    return is_allowed and value(mixed, slope) < value(w, slope_of_w)
