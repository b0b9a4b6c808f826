"""A primal-dual interior-point method for sums of kinks and squares.

``Σ_i kink_i(z_i) + Σ_j l2_j / 2 θ_j²`` is least over θ, ``z = A θ``, where every kink is
``max(above_i (z_i - at_i), below_i (z_i - at_i))``. With dual variables a, kept between below and
above, and ``z - at = over - under``, both kept positive, the optimum has

    Aᵀ a + l2 θ = 0,   over (above - a) = 0,   under (a - below) = 0.

Newton's method is applied to these with both products at μ, which shrinks to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array
from skopt_suite.optimizers.algebra._interior_design import Design
from skopt_suite.optimizers.algebra._interior_rows import (
    Centred,
    Corrected,
    Kinks,
    Predicted,
    Slacks,
    Weighed,
    centre,
    correct,
    predict,
    spread,
    summed,
    weigh,
)

_BOUNDARY = 0.999  # share of the way to the boundary that is gone
_CENTRE = 2.0  # of mean distances from kinks: μ where it begins
_LEAST_CENTRE = 1e-3  # of mean distances of the best constant: the same
_ROUNDING = 1e-12  # of the objective
_UNITS = 16.0  # in the last place
_WORSE = 2.0  # times as far from the optimum weights may be that are 0
_MOST_CENTRED = 1  # how often a step is brought towards the centre
_AHEAD = 0.7  # of a step: how much longer it is to be
_AROUND = (0.05, 20.0)  # times μ: where products are to be
_LONGER = 0.02  # of two steps: what is worth it


class Iterate(NamedTuple):
    """Where a fit is."""

    theta: Array
    over: Array
    under: Array
    dual: Array


class Seen(NamedTuple):
    """What is known of an iterate."""

    weight: Array  # of rows, and of weights where there is L1: how near to kinks
    pulls: Array  # (4, n_theta): its totals; what pulls at θ, for μ = 0, and for each unit of μ
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
        pulls = design.all_transposed(found.rows)
        pulls[1] += l2 * theta
        pulls[2] += pulls[1]
        value, lost, products, sizes, widths = found.sums.tolist()
        away, is_free = np.abs(pulls[1]), l2 == 0
        of_theta = away * np.where(is_free, np.abs(theta), away / (2 * l2 + is_free))
        value += float(l2 @ theta**2) / 2
        left = lost + float(of_theta.sum())
        rounding = _UNITS * float(np.finfo(np.float64).eps) * sizes
        left *= left > _ROUNDING * value + rounding
        return Seen(found.rows[0], pulls, products / (2 * widths or 1.0), value, left)

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
        """Return where a step leads: Newton's with μ = 0, then with a μ that suits it.

        Then it is brought towards the centre, as long as that makes it longer (Gondzio).
        """
        step = _Newton(self, at, seen)
        aim, mu = step.predicted()
        now = step.corrected(aim, mu)
        for _ in range(_MOST_CENTRED):
            aim = step.centred(now[1], aim, mu)
            new = step.corrected(aim, mu)
            if not self._way(new[1]) > self._way(now[1]) + _LONGER:
                break
            now = new
        theta, found = now
        shares = self.shares(found.fastest, _BOUNDARY)
        return at if np.isnan(found.fastest).any() else _moved(at, theta, found, shares)

    def _way(self, found: Corrected) -> float:
        """Return how much of a step can be gone, of both parts together."""
        return sum(self.shares(found.fastest, 1.0))

    def target(self, mu: float, change: Array, shares: tuple[float, float]) -> float:
        """Return which μ suits an iterate of that μ, as far as the step to 0 gets."""
        primal, dual = shares
        along = change @ (primal, dual, primal * dual)
        there = max(mu + along / (2 * self._width or 1.0), 0.0)
        return there * (there / mu) ** 2 if mu > 0 else 0.0

    def shares(self, fastest: Array, of_way: float) -> tuple[float, float]:
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
        curvature = self._of_rows(strength)
        totals = self.design.transposed(curvature)
        return self.design.inverse(curvature, self.l2, totals)(pull)

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


def _moved(at: Iterate, theta: Array, found: Corrected, shares: tuple[float, float]) -> Iterate:
    """Return where a step leads, whose arrays it overwrites."""
    primal, dual = shares
    for now, part, share in zip(at[1:], found.step, (primal, primal, dual), strict=True):
        part *= share
        part += now
    return Iterate(at.theta + primal * theta, *found.step)


class _Newton:
    """Steps from an iterate; with one matrix for all of them."""

    def __init__(self, problem: Interior, at: Iterate, seen: Seen) -> None:
        self.problem, self.design, self.seen = problem, problem.design, seen
        self.known = Slacks(*at[1:]), problem.kinks, self.design.n_rows
        self.inverse = self.design.inverse(seen.weight, problem.l2, seen.pulls[0])

    def predicted(self) -> tuple[Centred, float]:
        """Return what is of second order in the step to μ = 0, and a μ that suits that one."""
        move = self.design.product(self.inverse(-self.seen.pulls[2]))
        found = Predicted(*predict(move, *self.known))
        shares = self.problem.shares(found.fastest, 1.0)
        mu = self.problem.target(float(self.seen.products), found.sums, shares)
        return Centred(found.second, found.pull), mu

    def corrected(self, aim: Centred, mu: float) -> tuple[Array, Corrected]:
        """Return a step of θ, and of the rest."""
        _, _, pull, of_mu = self.seen.pulls
        theta = self.inverse(-pull - mu * of_mu - self.design.transposed(aim.pull))
        move = self.design.product(theta)
        return theta, Corrected(*correct(move, aim.second, *self.known, mu))

    def centred(self, found: Corrected, aim: Centred, mu: float) -> Centred:
        """Return what to aim at, so that a step may be longer than the one found."""
        shares = self.problem.shares(found.fastest, 1.0)
        ends = *(min(share + _AHEAD, 1.0) for share in shares), *_AROUND
        n_weights = len(self.seen.weight) - self.design.n_rows
        return Centred(*centre(found.step, aim.second, *self.known, n_weights, mu, ends))
