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
from skopt_suite.optimizers.algebra._interior_rows import (
    Corrected,
    Kinks,
    Predicted,
    Slacks,
    Weighed,
    correct,
    predict,
    scale_rows,
    spread,
    summed,
    weigh,
)

Solve = Callable[[Array], Array]

_MOST_IN_BLOCK = 2**16  # numbers of rows that are weighted at once: they stay in the cache
_BOUNDARY = 0.999  # share of the way to the boundary that is gone
_CENTRE = 2.0  # of mean distances from kinks: μ where it begins
_LEAST_CENTRE = 1e-3  # of mean distances of the best constant: the same
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
    has_l1 : bool
        Whether weights themselves come after the rows.
    """

    X: Array
    has_bias: bool
    has_l1: bool

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.X.shape[0]

    def product(self, theta: Array) -> Array:
        """Return ``A θ``, once for every row, and weights after them where there is L1."""
        n_samples, n_features = self.X.shape
        product = np.empty(n_samples + n_features * self.has_l1)
        np.matmul(self.X, theta[:-1], out=product[:n_samples])
        product[:n_samples] += theta[-1]
        product[n_samples:] = theta[: len(product) - n_samples]
        return product

    def transposed(self, a: Array) -> Array:
        """Return ``Aᵀ a`` of what has been summed over the kinks of every row."""
        of_rows, of_weights = self.split(a)
        return np.append(self.X.T @ of_rows + of_weights, of_rows.sum() * self.has_bias)

    def split(self, values: Array) -> tuple[Array, Array | float]:
        """Return what there is for every row, and for every weight."""
        return values[: self.n_rows], values[self.n_rows :] if self.has_l1 else 0.0

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
    n_rows, root = max(_MOST_IN_BLOCK // max(n_features, 1), 1), np.sqrt(weight)
    total = np.zeros((n_features, n_features))
    for i in range(0, n_samples, n_rows):
        block = scale_rows(X[i : i + n_rows], root[i : i + n_rows])
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


class Iterate(NamedTuple):
    """Where a fit is."""

    theta: Array
    over: Array
    under: Array
    dual: Array


class Seen(NamedTuple):
    """What is known of an iterate."""

    weight: Array  # of rows, and of weights where there is L1: how near to kinks
    pulls: Array  # (3, n_theta): what pulls at θ, for μ = 0, and for each unit of μ
    products: Array | float  # the mean of what is to be 0, in units of the changes of slopes
    value: Array | float  # the objective without L1
    left: Array | float  # how much it can fall at most with it


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
        """Return an iterate in the middle, near the least squares of distances from kinks."""
        theta, size = self._constant()
        width = self.kinks.above - self.kinks.below
        theta = theta + self._towards_kinks(theta, width / size)
        beyond = self._every(self.design.product(theta)) - self.kinks.at
        n = self._n_of_rows
        mu = max(_CENTRE * _mean(np.abs(beyond[:n]), width[:n]), _LEAST_CENTRE * size[0])
        far = np.abs(beyond)  # products are μ on both sides
        far += np.sqrt(np.square(beyond / mu) + 4) * mu
        large, small = mu + far / 2, mu + 2 * mu * (mu / far)
        over, under = np.where(beyond > 0, (large, small), (small, large))
        dual = self.kinks.below + mu * width / under
        idle = width == 0
        over[idle] = under[idle] = 0.0
        dual[idle] = self.kinks.above[idle]
        return Iterate(theta, over, under, dual)

    def look(self, at: Iterate) -> Seen:
        """Return what is known of an iterate.

        By Fenchel's inequality the objective can fall by what every kink leaves to its tangent of
        slope a, and what is left of the gradient, at most. Entries of θ without l2 are taken to be
        as far from their optimum as from 0. What rounding hides counts as 0.
        """
        design, l2, theta = self.design, self.l2, at.theta
        raw, slacks = design.product(theta), Slacks(*at[1:])
        found = Weighed(*weigh(raw, slacks, self.kinks, design.n_rows))
        pulls = np.stack([design.transposed(part) for part in found.pulls])
        pulls[0] += l2 * theta
        pulls[1] += pulls[0]
        value, lost, products, sizes, widths = found.sums.tolist()
        away, is_free = np.abs(pulls[0]), l2 == 0
        of_theta = away * np.where(is_free, np.abs(theta), away / (2 * l2 + is_free))
        value += float(l2 @ theta**2) / 2
        left = lost + float(of_theta.sum())
        rounding = _UNITS * float(np.finfo(np.float64).eps) * sizes
        left *= left > _ROUNDING * value + rounding
        return Seen(found.weight, pulls, products / (2 * widths or 1.0), value, left)

    def sparse(self, at: Iterate, seen: Seen) -> tuple[Iterate, Seen]:
        """Return it with weights of 0 where L1 holds them there, unless that is much worse.

        There a is further from the slopes than the weight is from 0, each in units of its own.
        """
        if not self.design.has_l1:
            return at, seen
        weights, l1 = at.theta[:-1], self.kinks.above[-len(at.theta) + 1 :]
        free = l1 - np.abs(at.dual[-len(weights) :])
        size = np.abs(weights) * self.design.deviations
        unit = max(size.max(initial=0.0), np.abs(at.over - at.under)[: -len(size)].mean())
        is_zero = (l1 > 0) & (size * l1 < free * unit)
        rest = at._replace(theta=np.append(np.where(is_zero, 0.0, weights), at.theta[-1]))
        new = self.look(rest)
        return (rest, new) if new.left <= _WORSE * seen.left else (at, seen)

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")
    def advance(self, at: Iterate, seen: Seen) -> Iterate:
        """Return where a step leads: Newton's with μ = 0, and then with a μ that suits it."""
        design, slacks, rest = self.design, Slacks(*at[1:]), (self.kinks, self.design.n_rows)
        inverse = design.inverse(seen.weight, self.l2)
        _, pull, of_mu = seen.pulls
        move = design.product(inverse(-pull))
        found = Predicted(*predict(move, slacks, *rest))
        target = self._target(float(seen.products), found.sums, self._shares(found.fastest, 1.0))
        theta = inverse(-pull - target * of_mu - design.transposed(found.pull))
        step = Corrected(*correct(design.product(theta), move, slacks, *rest, target))
        shares = self._shares(step.fastest, _BOUNDARY)
        return at if np.isnan(step.fastest).any() else _moved(at, theta, step, shares)

    def _target(self, mu: float, change: Array, shares: tuple[float, float]) -> float:
        """Return which μ suits an iterate of that μ, as far as the step to 0 gets."""
        primal, dual = shares
        along = change @ (primal, dual, primal * dual)
        there = max(mu + along / (2 * self._width or 1.0), 0.0)
        return there * (there / mu) ** 2 if mu > 0 else 0.0

    def _shares(self, fastest: Array, of_way: float) -> tuple[float, float]:
        """Return which shares of a step of θ and of the dual variables to go; one if l2.

        They go that share of the way to the boundary at most.
        """
        primal, dual = (-of_way / part if part < 0 else 1.0 for part in fastest.tolist())
        if self.l2.any():
            primal = dual = min(primal, dual)
        return min(primal, 1.0), min(dual, 1.0)

    def _constant(self) -> tuple[Array, Array]:
        """Return θ of the best constant in the middle of kinks, and how far these are from it.

        That is so far that a weight moves predictions as much, where there is L1.
        """
        theta, n = np.zeros(len(self.l2)), self._n_of_rows
        at, width = self.kinks.at[:n], (self.kinks.above - self.kinks.below)[:n]
        if self.design.has_bias:
            theta[-1] = _mean(at, width)
        size = np.full(len(self.kinks.at), _mean(np.abs(theta[-1] - at), width) or 1.0)
        if self.design.has_l1:
            scale = self.design.deviations
            size[n:] /= np.where(scale > 0, scale, 1.0)
        return theta, size

    def _towards_kinks(self, theta: Array, strength: Array) -> Array:
        """Return a step to where squares of distances from kinks, and l2, are least."""
        missing = strength * (self.kinks.at - self._every(self.design.product(theta)))
        pull = self.design.transposed(self._of_rows(missing)) - self.l2 * theta
        return self.design.inverse(self._of_rows(strength), self.l2)(pull)

    def _every(self, shared: Array) -> Array:
        """Return for every kink what there is for rows, and weights."""
        return spread(shared, self.design.n_rows, len(self.kinks.at))

    def _of_rows(self, values: Array) -> Array:
        """Return the sums for rows, and what there is for weights."""
        n_weights = len(self.kinks.at) - self._n_of_rows
        return summed(values, self.design.n_rows, self.design.n_rows + n_weights)

    @property
    def _n_of_rows(self) -> int:
        """How many kinks there are of rows."""
        return len(self.kinks.at) - self.design.X.shape[1] * self.design.has_l1

    @cached_property
    def _width(self) -> float:
        return float((self.kinks.above - self.kinks.below).sum())


def _mean(values: Array, weights: Array) -> float:
    total = float(weights.sum())
    return float(weights @ values) / total if total > 0 else 0.0


def _moved(at: Iterate, theta: Array, step: Corrected, shares: tuple[float, float]) -> Iterate:
    """Return where a step leads, whose arrays it overwrites."""
    primal, dual = shares
    for now, part, share in zip(at[1:], step[:3], (primal, primal, dual), strict=True):
        part *= share
        part += now
    return Iterate(at.theta + primal * theta, *step[:3])
