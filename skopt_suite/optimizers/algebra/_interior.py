"""A primal-dual interior-point method for sums of kinks and squares.

``Σ_i kink_i(z_i) + Σ_j l2_j / 2 θ_j²`` is least over θ, ``z = A θ``, where every kink is
``max(above_i (z_i - at_i), below_i (z_i - at_i))``. With dual variables a, kept between below and
above, and ``z - at = over - under``, both kept positive, the optimum has

    Aᵀ a + l2 θ = 0,   over (above - a) = 0,   under (a - below) = 0.

Newton's method is applied to these with both products at μ, which shrinks to 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from skopt_suite.backends import Array

Solve = Callable[[Array], Array]

_MOST_IN_BLOCK = 2**17  # numbers of rows that are weighted at once
_BOUNDARY = 0.995  # share of the way to the boundary that is gone
_ROUNDING = 1e-12  # of the objective
_UNITS = 16.0  # in the last place
_WORSE = 2.0  # times as far from the optimum weights may be that are 0
_FLOOR = 1e-8  # of the mean curvature: what every weight has at the least where rows are few
_RIDGES = (1e-13, 1e-10, 1e-7)  # on a diagonal of 1, one after the other until it has a root


@dataclass(eq=False)
class Design:
    """How numbers z depend on θ, which is weights and an intercept: ``A θ``.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        Inputs, in float64.
    has_bias : bool
        Whether there is an intercept; else it stays 0.
    n_kinks : int
        How often every row counts.
    has_l1 : bool
        Whether weights themselves come after the rows.
    """

    X: Array
    has_bias: bool
    n_kinks: int
    has_l1: bool

    def product(self, theta: Array) -> Array:
        """Return ``A θ``."""
        rows = self.X @ theta[:-1] + theta[-1]
        if self.n_kinks > 1:
            rows = np.tile(rows, self.n_kinks)
        return np.concatenate([rows, theta[:-1]]) if self.has_l1 else rows

    def transposed(self, a: Array) -> Array:
        """Return ``Aᵀ a``."""
        of_rows, of_weights = self.split(a)
        return np.append(self.X.T @ of_rows + of_weights, of_rows.sum() * self.has_bias)

    def split(self, values: Array) -> tuple[Array, Array]:
        """Return the sums for every row, and what there is for every weight."""
        n_samples, n_features = self.X.shape
        n = self.n_kinks * n_samples
        of_weights = values[n:] if self.has_l1 else np.zeros(n_features)
        return values[:n].reshape(self.n_kinks, n_samples).sum(axis=0), of_weights

    @cached_property
    def squares(self) -> Array:
        """``Σ_j X_ij²``."""
        return np.vecdot(self.X, self.X)

    @cached_property
    def deviations(self) -> Array:
        """Root mean squares of features."""
        return np.sqrt(np.square(self.X).mean(axis=0))

    def inverse(self, curvature: Array, l2: Array) -> Solve:
        """Return what multiplies by the inverse of ``Aᵀ diag(curvature) A + diag(l2)``."""
        of_rows, of_weights = self.split(curvature)
        n_samples, n_features = self.X.shape
        invert = self._inverse_by_rows if n_samples < n_features else self._inverse_by_features
        return invert(of_rows, of_weights + l2[:-1])

    def _inverse_by_features(self, curvature: Array, diagonal: Array) -> Solve:
        n = self.X.shape[1]
        matrix = np.empty((n + 1, n + 1))
        matrix[:n, :n] = _weighted_square(self.X, curvature)
        matrix[n] = matrix[:, n] = self.has_bias * np.append(self.X.T @ curvature, curvature.sum())
        matrix[np.arange(n), np.arange(n)] += diagonal
        return _inverse(matrix, _RIDGES[0])

    def _inverse_by_rows(self, curvature: Array, diagonal: Array) -> Solve:
        """Solve with a matrix of rows by rows, and once more for what rounding has left."""
        mean = curvature @ self.squares / len(diagonal)
        least = np.finfo(np.float64).eps * curvature.max()
        at_least = np.maximum(diagonal, _FLOOR * mean)
        solve = _ByRows(self.X, self.has_bias, np.maximum(curvature, least), at_least)

        def refined(g: Array) -> Array:
            theta = solve(g)
            slope = curvature * (self.X @ theta[:-1] + theta[-1])
            left = g[:-1] - diagonal * theta[:-1] - self.X.T @ slope
            return theta + solve(np.append(left, self.has_bias * (g[-1] - slope.sum())))

        return refined


class _ByRows:
    """Multiplies by the inverse, found with a matrix of rows by rows.

    Weights w, which have a diagonal, and intercept b follow from ``s = curvature (X w + b)``.
    """

    def __init__(self, X: Array, has_bias: bool, curvature: Array, diagonal: Array) -> None:
        self.X, self.has_bias, self.diagonal = X, has_bias, diagonal
        scaled = X / np.sqrt(diagonal)
        matrix = scaled @ scaled.T
        matrix[np.diag_indices(len(matrix))] += 1 / curvature
        self.solve = _inverse(matrix, 0.0)
        self.of_ones = self.solve(np.ones(len(X)))

    def __call__(self, g: Array) -> Array:
        """Return the product with g."""
        s, bias = self.solve(self.X @ (g[:-1] / self.diagonal)), 0.0
        if self.has_bias:
            bias = (g[-1] - s.sum()) / self.of_ones.sum()
        weights = (g[:-1] - self.X.T @ (s + bias * self.of_ones)) / self.diagonal
        return np.append(weights, bias)


def _weighted_square(X: Array, weight: Array) -> Array:
    """Return ``Xᵀ diag(weight) X``."""
    n_samples, n_features = X.shape
    n_rows, root = max(_MOST_IN_BLOCK // max(n_features, 1), 1), np.sqrt(weight)[:, None]
    total = np.zeros((n_features, n_features))
    for i in range(0, n_samples, n_rows):
        block = X[i : i + n_rows] * root[i : i + n_rows]
        total += block.T @ block
    return total


def _inverse(matrix: Array, ridge: float) -> Solve:
    """Return what multiplies by the inverse, or nearly so where there is none; overwrites it."""
    diagonal = np.diagonal(matrix)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    matrix *= scale[:, None] * scale
    factor = _root(matrix, ridge)
    return lambda g: scale * cho_solve(factor, scale * g, check_finite=False)


def _root(matrix: Array, ridge: float) -> tuple[Array, bool]:
    """Return the root of a matrix, whose diagonal is 1, and of a ridge as narrow as it can be."""
    for least in (ridge, *_RIDGES):
        try:
            return cho_factor(matrix + least * np.eye(len(matrix)), check_finite=False)
        except LinAlgError:
            continue
    return np.eye(len(matrix)), True


class Kinks(NamedTuple):
    """Where kinks are, and slopes on both sides, (n_kinks,); both are 0 where there is none."""

    at: Array
    below: Array
    above: Array


class Iterate(NamedTuple):
    """Where a fit is."""

    theta: Array
    over: Array
    under: Array
    dual: Array


@dataclass(eq=False)
class Interior:
    """The problem of one fit and output.

    Parameters
    ----------
    design : Design
        How z depends on θ.
    kinks : Kinks
        What is summed.
    l2 : array of shape (n_theta,)
        Of every entry of θ.
    """

    design: Design
    kinks: Kinks
    l2: Array

    def start(self) -> Iterate:
        """Return an iterate in the middle, with the best constant in the middle of kinks."""
        design, theta = self.design, np.zeros(len(self.l2))
        n_samples, n_features = design.X.shape
        n, width = n_samples * design.n_kinks, self.kinks.above - self.kinks.below
        if design.has_bias:
            theta[-1] = np.average(self.kinks.at[:n], weights=width[:n])
        beyond = design.product(theta) - self.kinks.at
        size = np.average(np.abs(beyond[:n]), weights=width[:n]) or 1.0
        if design.has_l1:
            scale = design.deviations
            size = np.append(np.full(n, size), size / np.where(scale > 0, scale, 1.0))
        over, under = np.maximum(beyond, 0.0) + size, np.maximum(-beyond, 0.0) + size
        idle = self._idle
        over[idle] = under[idle] = 0.0
        return Iterate(theta, over, under, (self.kinks.above + self.kinks.below) / 2)

    def gap(self, at: Iterate) -> tuple[float, float]:
        """Return the objective without L1, and how much it can fall at most with it.

        By Fenchel's inequality it is what every kink leaves to its tangent of slope a, and what is
        left of the gradient. Entries of θ without l2 are taken to be as far from their optimum as
        from 0. What rounding hides counts as 0.
        """
        beyond = self.design.product(at.theta) - self.kinks.at
        value = np.maximum(self.kinks.above * beyond, self.kinks.below * beyond)
        left = np.abs(self.design.transposed(at.dual) + self.l2 * at.theta)
        is_free = self.l2 == 0
        of_theta = left * np.where(is_free, np.abs(at.theta), left / (2 * self.l2 + is_free))
        n = self.design.X.shape[0] * self.design.n_kinks
        smooth = value[:n].sum() + (self.l2 * at.theta**2).sum() / 2
        optimality = (value - at.dual * beyond).sum() + of_theta.sum()
        return smooth, optimality * (optimality > _ROUNDING * smooth + self._rounding)

    def sparse(self, at: Iterate, gap: tuple[float, float]) -> tuple[Iterate, tuple[float, float]]:
        """Return it with weights of 0 where L1 holds them there, unless that is much worse.

        With the `gap`, which it has as it is, or the new one. There a is further from the slopes
        than the weight is from 0, each in units of its own.
        """
        if not self.design.has_l1:
            return at, gap
        weights, l1 = at.theta[:-1], self.kinks.above[-len(at.theta) + 1 :]
        free = l1 - np.abs(at.dual[-len(weights) :])
        size = np.abs(weights) * self.design.deviations
        unit = max(size.max(initial=0.0), np.abs(at.over - at.under)[: -len(size)].mean())
        is_zero = (l1 > 0) & (size * l1 < free * unit)
        rest = at._replace(theta=np.append(np.where(is_zero, 0.0, weights), at.theta[-1]))
        new = self.gap(rest)
        return (rest, new) if new[1] <= _WORSE * gap[1] else (at, gap)

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def advance(self, at: Iterate) -> Iterate:
        """Return where a step leads: Newton's with μ = 0, and then with a μ that suits it."""
        step = _Newton(self, at)
        predicted = step.towards(0.0, 0.0, 0.0)
        shares = step.shares(predicted, 1.0)
        mu = step.mean_product(at)
        there = step.mean_product(_moved(at, predicted, shares))
        target = there * (there / mu) ** 2 if mu > 0 else 0.0
        over, under, dual = predicted[1:]
        corrected = step.towards(target, over * dual, -under * dual)
        ahead = _moved(at, corrected, step.shares(corrected, _BOUNDARY))
        return ahead if all(np.isfinite(part).all() for part in ahead) else at

    @cached_property
    def _rounding(self) -> float:
        """What rounding of predictions as large as the numbers where kinks are may change."""
        eps = float(np.finfo(np.float64).eps)
        return _UNITS * eps * float((self.kinks.above - self.kinks.below) @ np.abs(self.kinks.at))

    @cached_property
    def _idle(self) -> Array:
        return self.kinks.above == self.kinks.below


class _Newton:
    """Steps from an iterate; with one matrix for all of them."""

    def __init__(self, problem: Interior, at: Iterate) -> None:
        self.problem, self.at = problem, at
        design, idle = problem.design, problem._idle
        self.to_above, self.to_below = problem.kinks.above - at.dual, at.dual - problem.kinks.below
        self.to_above[idle] = self.to_below[idle] = 1.0
        self.weight = 1 / (at.over / self.to_above + at.under / self.to_below)
        self.weight[idle] = 0.0
        self.inverse = design.inverse(self.weight, problem.l2)
        self.gradient = design.transposed(at.dual) + problem.l2 * at.theta
        self.width = problem.kinks.above - problem.kinks.below

    def towards(self, mu: float, above: Array | float, below: Array | float) -> Iterate:
        """Return the step to where products are μ, but for what is known to be of second order.

        It is times how much the slope changes at the kink, so that a row of weight 2 is two rows.
        """
        (_, over, under, _), design = self.at, self.problem.design
        missing_above = mu * self.width - over * self.to_above + above
        missing_below = mu * self.width - under * self.to_below + below
        pull = missing_below / self.to_below - missing_above / self.to_above
        pull *= self.weight
        theta = self.inverse(-self.gradient - design.transposed(pull))
        dual = self.weight * design.product(theta) + pull
        to_over = (missing_above + over * dual) / self.to_above
        to_under = (missing_below - under * dual) / self.to_below
        idle = self.problem._idle
        to_over[idle] = to_under[idle] = 0.0
        return Iterate(theta, to_over, to_under, dual)

    def shares(self, step: Iterate, of_way: float) -> tuple[float, float]:
        """Return which shares of a step of θ and of the dual variables to go; one if l2.

        They go that share of the way to the boundary at most.
        """
        primal = min(_share(self.at.over, step.over), _share(self.at.under, step.under))
        dual = min(_share(self.to_above, -step.dual), _share(self.to_below, step.dual))
        if self.problem.l2.any():
            primal = dual = min(primal, dual)
        return min(of_way * primal, 1.0), min(of_way * dual, 1.0)

    def mean_product(self, at: Iterate) -> float:
        """Return the mean of what is to be 0, in units of the changes of slopes."""
        problem = self.problem
        total = at.over @ (problem.kinks.above - at.dual) + at.under @ (
            at.dual - problem.kinks.below
        )
        return float(total) / (2 * float(self.width.sum()) or 1.0)


def _share(values: Array, step: Array) -> float:
    """Return the largest share of a step that keeps values from being negative."""
    fastest = float(np.fmin.reduce(step / values, initial=0.0))  # 0 / 0 where there is no kink
    return -1 / fastest if fastest < 0 else np.inf


def _moved(at: Iterate, step: Iterate, shares: tuple[float, float]) -> Iterate:
    primal, dual = shares
    theta, over, under = (now + primal * move for now, move in zip(at[:3], step[:3], strict=True))
    return Iterate(theta, over, under, at.dual + dual * step.dual)
