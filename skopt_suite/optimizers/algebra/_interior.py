"""A primal-dual interior-point method for sums of kinks and squares.

``Σ_i kink_i(z_i) + Σ_j l2_j / 2 θ_j²`` is least over θ, ``z = A θ``, where every kink is
``max(above_i (z_i - at_i), below_i (z_i - at_i))``. With dual variables a, kept between below and
above, and ``z - at = over - under``, both kept positive, the optimum has

    Aᵀ a + l2 θ = 0,   over (above - a) = 0,   under (a - below) = 0.

Newton's method is applied to these with both products at μ, which shrinks to 0.

Kinks of rows that are far from them are settled: one of over and under is 0, and a is that of the
side. Steps leave such rows out, but they may not come to their kinks in a step; who comes near is
no longer settled. What is known of an iterate is of all rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    approach,
    centre,
    correct,
    distances,
    measure,
    predict,
    settle,
    spread,
    weigh,
)
from skopt_suite.optimizers.algebra._interior_start import start_of

_BOUNDARY = 0.999  # share of the way to the boundary that is gone
_ROUNDING = 1e-12  # of the objective
_UNITS = 16.0  # in the last place
_WORSE = 2.0  # times as far from the optimum weights may be that are 0
_MOST_CENTRED = 1  # how often a step is brought towards the centre
_AHEAD = 0.7  # of a step: how much longer it is to be
_AROUND = (0.05, 20.0)  # times μ: where products are to be
_LONGER = 0.02  # of two steps: what is worth it
_SIDE = 0.1  # of the change of a slope: how far dual variables of rows may be that are left out
_STEADY = 0.8  # of their distance from kinks: what they must keep in a step
_REACH = 5.0  # times μ: how far they are from kinks, at first
_WIDER = 16.0  # times as far after a step that left more than this share:
_FALL = 0.5
_AWAY = 10.0  # times their distance: what they may go away from kinks
_LEAST_NEAR = 8  # times as many rows as entries of θ are not left out
_MOST_NEAR = 0.35  # of all rows; else none are left out, as copies of so many take as long
_MOST_TIMES = 60  # how often the reach is doubled until there are as many
_LEAST_FALL = 0.01  # of μ: what is taken to be left of it


class Iterate(NamedTuple):
    """Where a fit is."""

    theta: Array
    over: Array
    under: Array
    dual: Array
    reach: Array | float = _REACH  # times μ: from which distance on rows are far from kinks
    before: Array | float = np.inf  # `Seen.left` where the step began

    @property
    def slacks(self) -> Slacks:
        """Where it is at every kink."""
        return Slacks(self.over, self.under, self.dual)


class Seen(NamedTuple):
    """What is known of an iterate."""

    pull: Array  # (n_theta,): what pulls at θ
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
        """Return an iterate in the middle, near the optimum of a sample, or least squares."""
        theta, mu = start_of(self)
        raw, (at, below, above) = self.design.product(theta), self.kinks
        is_above = (beyond := self.every(raw) - at) > 0
        sides = np.maximum(beyond, 0.0), np.maximum(-beyond, 0.0), np.where(is_above, above, below)
        sides[0][self.widths == 0] = sides[1][self.widths == 0] = 0.0
        return Iterate(theta, *self._settled(Slacks(*sides), np.zeros(len(raw)), mu, _REACH))

    def look(self, at: Iterate) -> Seen:
        """Return what is known of an iterate.

        By Fenchel's inequality the objective can fall by what every kink leaves to its tangent of
        slope a, and what is left of the gradient, at most. Entries of θ without l2 are taken to be
        as far from their optimum as from 0. What rounding hides counts as 0.
        """
        design, l2, theta = self.design, self.l2, at.theta
        slopes, sums = measure(design.product(theta), at.slacks, self.kinks, design.n_rows)
        pull = design.transposed(slopes) + l2 * theta
        value, lost, products, widths, sizes = sums.tolist()
        away, is_free = np.abs(pull), l2 == 0
        of_theta = away * np.where(is_free, np.abs(theta), away / (2 * l2 + is_free))
        value += float(l2 @ theta**2) / 2
        left = lost + float(of_theta.sum())
        rounding = _UNITS * float(np.finfo(np.float64).eps) * sizes
        left *= left > _ROUNDING * value + rounding
        return Seen(pull, products / (2 * widths or 1.0), value, left)

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

        Then it is brought towards the centre, as long as that makes it longer (Gondzio). It is of
        the rows that are near kinks: of others the side is clear, and the dual variable with it.
        """
        near = self._near(at)
        theta, move, found, mu = _Newton(near, seen).step()
        if np.isnan(found.fastest).any():
            return at
        if near.is_part:
            move, n_rows = self.design.product(theta), self.design.n_rows
            found.fastest[0] = min(found.fastest[0], approach(move, at.slacks, n_rows, _AWAY))
        primal, dual = shares = self.shares(found.fastest, _BOUNDARY)
        slacks, reach = near.moved(at, found, shares), at.reach
        if self._leaves_out:
            reach = near.reach(at, seen)
            there = _between(float(seen.products), mu, min(shares))
            slacks = self._settled(slacks, primal * move, there, float(reach))
        return Iterate(at.theta + primal * theta, *slacks, reach, seen.left)

    def _near(self, at: Iterate) -> Near:
        """Return the problem of the rows with kinks that are not settled."""
        n, n_of_rows = self.design.n_rows, self.n_of_rows
        if not self._leaves_out:
            return Near(self, at)
        is_near = ((at.over > 0) & (at.under > 0))[:n_of_rows].reshape(-1, n).any(axis=0)
        rows = np.flatnonzero(is_near)
        if len(rows) == n:
            return Near(self, at)
        problem, places = self.part(rows)
        return Near(problem, Iterate(at.theta, *(part[places] for part in at.slacks)), places)

    def _settled(self, slacks: Slacks, move: Array, mu: float, reach: float) -> Slacks:
        """Return slacks, which it overwrites, so that those of rows far from kinks are settled."""
        known = slacks, self.kinks, self.design.n_rows
        beyond, distance = distances(move, *known, _SIDE, _STEADY)
        limit = self._limit(distance, reach * mu)
        return Slacks(*settle(beyond, distance, *known[:2], self.n_of_weights, mu, limit))

    def _limit(self, distance: Array, reach: float) -> float:
        """Return from which distance on rows are left out: infinite where that is not worth it."""
        if not self._leaves_out:
            return np.inf
        least = _LEAST_NEAR * len(self.l2)
        for _ in range(_MOST_TIMES):
            n_near = np.count_nonzero(distance < reach)
            if n_near >= least:
                return reach if n_near <= _MOST_NEAR * len(distance) else np.inf
            reach *= 2
        return np.inf

    @property
    def _leaves_out(self) -> bool:
        """Whether there are so many rows that it may be worth it to leave some out."""
        return self.design.n_rows > 4 * _LEAST_NEAR * len(self.l2)

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
        if self._has_l2:
            primal = dual = min(primal, dual)
        return min(primal, 1.0), min(dual, 1.0)

    def every(self, shared: Array) -> Array:
        """Return for every kink what there is for rows, and weights."""
        return spread(shared, self.design.n_rows, len(self.kinks.at))

    def part(self, rows: Array) -> tuple[Interior, Array]:
        """Return the problem of some rows, and places of their kinks."""
        n, n_of_rows = self.design.n_rows, self.n_of_rows
        starts = np.arange(0, n_of_rows, n)[:, None]
        places = np.append(starts + rows, np.arange(n_of_rows, len(self.kinks.at)))
        design = replace(self.design, X=self.design.X.take(rows, axis=0))
        return Interior(design, Kinks(*(part[places] for part in self.kinks)), self.l2), places

    @property
    def n_of_rows(self) -> int:
        """How many kinks there are of rows."""
        return len(self.kinks.at) - self.n_of_weights

    @property
    def n_of_weights(self) -> int:
        """How many kinks there are of weights."""
        return self.design.X.shape[1] * self.design.has_l1

    @cached_property
    def widths(self) -> Array:
        """How much slopes change at kinks."""
        return self.kinks.above - self.kinks.below

    @cached_property
    def _has_l2(self) -> bool:
        return bool(self.l2.any())

    @cached_property
    def _width(self) -> float:
        return float(self.widths.sum())


def _between(now: float, aim: float, share: float) -> float:
    """Return what μ is where a share of a step has been gone, that is to lead to another one."""
    return max(now + share * (max(aim, _LEAST_FALL * now) - now), np.finfo(np.float64).tiny)


class Near(NamedTuple):
    """The rows that are near kinks, which an iteration is about."""

    problem: Interior
    at: Iterate
    places: Array | None = None  # of their kinks; None: of all rows

    @property
    def is_part(self) -> bool:
        """Whether rows are left out."""
        return self.places is not None

    def reach(self, at: Iterate, seen: Seen) -> Array | float:
        """Return how far rows must be from kinks to be left out, in units of μ.

        That is more where it has not paid: they are needed, such as those that will be at kinks.
        """
        has_paid = not self.is_part or seen.left <= _FALL * at.before
        return at.reach if has_paid else at.reach * _WIDER

    def moved(self, at: Iterate, found: Corrected, shares: tuple[float, float]) -> Slacks:
        """Return all slacks after a step, which it overwrites."""
        primal, dual = shares
        for now, part, share in zip(
            self.at.slacks, found.step, (primal, primal, dual), strict=True
        ):
            part *= share
            part += now
        if self.places is None:
            return Slacks(*found.step)
        slacks = Slacks(*(part.copy() for part in at.slacks))
        for part, new in zip(slacks, found.step, strict=True):
            part[self.places] = new
        return slacks


class _Newton:
    """Steps from an iterate; with one matrix for all of them."""

    def __init__(self, near: Near, seen: Seen) -> None:
        problem, slacks = near.problem, near.at.slacks
        self.problem, self.design, self.mu = problem, problem.design, float(seen.products)
        self.n_shared = self.design.n_rows + problem.n_of_weights
        self.known = slacks, problem.kinks, self.design.n_rows
        rows = weigh(np.empty((3, self.n_shared)), *self.known)
        totals, of_kinks, self.of_mu = self.design.all_transposed(rows)
        self.pull = seen.pull + of_kinks
        self.inverse = self.design.inverse(rows[0], problem.l2, totals)

    def step(self) -> tuple[Array, Array, Corrected, float]:
        """Return a step of θ, how it moves predictions, the rest, and the μ that it is to lead to.

        It is brought towards the centre as long as that makes it longer.
        """
        aim, mu = self.predicted()
        now = self.corrected(aim, mu)
        for _ in range(_MOST_CENTRED):
            aim = self.centred(now[-1], aim, mu)
            new = self.corrected(aim, mu)
            if not self._way(new[-1]) > self._way(now[-1]) + _LONGER:
                break
            now = new
        return *now, mu

    def predicted(self) -> tuple[Centred, float]:
        """Return what is of second order in the step to μ = 0, and a μ that suits that one."""
        move = self.design.product(self.inverse(-self.pull))
        found = Predicted(*predict(move, *self.known))
        shares = self.problem.shares(found.fastest, 1.0)
        return Centred(found.second, found.pull), self.problem.target(self.mu, found.sums, shares)

    def corrected(self, aim: Centred, mu: float) -> tuple[Array, Array, Corrected]:
        """Return a step of θ, how it moves predictions, and the rest."""
        missing = self.pull + mu * self.of_mu + self.design.transposed(aim.pull)
        theta = self.inverse(-missing)
        move = self.design.product(theta)
        return theta, move, Corrected(*correct(move, aim.second, *self.known, mu))

    def centred(self, found: Corrected, aim: Centred, mu: float) -> Centred:
        """Return what to aim at, so that a step may be longer than the one found."""
        shares = self.problem.shares(found.fastest, 1.0)
        ends = *(min(share + _AHEAD, 1.0) for share in shares), *_AROUND
        n_weights = self.problem.n_of_weights
        return Centred(*centre(found.step, aim.second, *self.known, n_weights, mu, ends))

    def _way(self, found: Corrected) -> float:
        """Return how much of a step can be gone, of both parts together."""
        return sum(self.problem.shares(found.fastest, 1.0))
