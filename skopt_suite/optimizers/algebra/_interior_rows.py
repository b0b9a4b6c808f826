"""What an iteration of an interior-point method does for every kink.

Kinks come row by row, as often as a row has some, and then one for every weight where there is L1.
What is summed over the kinks of a row has `shared` numbers: those of rows, and then of weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, kernel

LEAST_SHARE = 1e-12  # of the change of a slope: how far from the sides dual variables begin


class Kinks(NamedTuple):
    """Where kinks are, and slopes on both sides, (n_kinks,); both are 0 where there is none."""

    at: Array
    below: Array
    above: Array


class Slacks(NamedTuple):
    """Where an iterate is at every kink, (n_kinks,)."""

    over: Array
    under: Array
    dual: Array


class Predicted(NamedTuple):
    """What a step to μ = 0 would do."""

    second: Array  # (2, n_kinks): by how much it misses, on both sides, in second order
    pull: Array  # (n_shared,): what that pulls
    sums: Array  # (3,): how products change by the primal, the dual part and by both
    fastest: Array  # (2,): shares of primal and dual variables that are lost in a step, negative


class Corrected(NamedTuple):
    """A step."""

    step: Array  # (3, n_kinks): of over, under and dual
    fastest: Array


class Centred(NamedTuple):
    """What a step is to aim at beside μ."""

    second: Array
    pull: Array


@kernel
def measure(raw: Array, slacks: Slacks, kinks: Kinks, n_rows: int) -> tuple[Array, Array]:
    """Return the dual variables that rows share, and sums.

    The sums are of losses of rows, of what is above tangents, of products and slopes where these
    are not settled, and of sizes.

    Parameters
    ----------
    raw : array of shape (n_shared,)
        Raw predictions, and weights of the model where there is L1.
    slacks : Slacks
        Where it is.
    kinks : Kinks
        Where kinks are.
    n_rows : int
        How many of `raw` are predictions.
    """
    (over, under, dual), (at, below, above) = slacks, kinks
    n, width = len(dual) - (len(raw) - n_rows), above - below
    beyond = spread(raw, n_rows, len(dual)) - at
    value = np.where(beyond > 0, above, below) * beyond
    products = over * (above - dual) + under * (dual - below)
    of_free = np.where((over == 0) | (under == 0), 0.0, width)
    sizes = width * np.abs(at)
    parts = value[:n], value - dual * beyond, products, of_free, sizes
    return summed(dual, n_rows, len(raw)), np.array([part.sum() for part in parts])


@kernel
def weigh(room: Array, slacks: Slacks, kinks: Kinks, n_rows: int) -> Array:
    """Return how near to kinks rows are, and what pulls at them: for μ = 0, and for each unit of μ.

    Parameters
    ----------
    room : array of shape (3, n_shared)
        What is returned.
    slacks, kinks, n_rows
        As for `measure`.
    """
    to_above, to_below, unit, weight = _slopes(slacks, kinks)
    of_mu = (kinks.above - kinks.below) * (to_above - to_below) * unit
    parts = weight, weight * (slacks.over - slacks.under), of_mu
    return np.stack([summed(part, n_rows, room.shape[1]) for part in parts], out=room)


@kernel
def predict(
    move: Array, slacks: Slacks, kinks: Kinks, n_rows: int
) -> tuple[Array, Array, Array, Array]:
    """Return what a step to μ = 0 would do: the parts of `Predicted`.

    Parameters
    ----------
    move : array of shape (n_shared,)
        How raw predictions would move.
    slacks, kinks, n_rows
        As for `measure`.
    """
    to_above, to_below, unit, weight = _slopes(slacks, kinks)
    dual = weight * (spread(move, n_rows, len(weight)) + slacks.over - slacks.under)
    over = slacks.over * (dual / to_above) - slacks.over
    under = -slacks.under * (dual / to_below) - slacks.under
    second = np.stack([over * dual, -under * dual])
    pull = (second[1] * to_above - second[0] * to_below) * unit
    primal = over * to_above + under * to_below
    of_dual = (slacks.under - slacks.over) * dual
    both = (under - over) * dual
    sums = np.array([primal.sum(), of_dual.sum(), both.sum()])
    fastest = _fastest(slacks, (over, under, dual), to_above, to_below)
    return second, summed(pull, n_rows, len(move)), sums, fastest


@kernel
def correct(
    move: Array, second: Array, slacks: Slacks, kinks: Kinks, n_rows: int, mu: float
) -> tuple[Array, Array]:
    """Return the step to where products are μ, but for what is known: the parts of `Corrected`.

    Parameters
    ----------
    move : array of shape (n_shared,)
        How raw predictions move.
    second : array of shape (2, n_kinks)
        What products on both sides are to be beside μ.
    slacks, kinks, n_rows
        As for `measure`.
    mu : float
        What products are to be, times how much the slope changes at a kink: so that a row of weight
        2 is two rows.
    """
    to_above, to_below, unit, weight = _slopes(slacks, kinks)
    missing_over, missing_under = mu * (kinks.above - kinks.below) + second
    dual = weight * (spread(move, n_rows, len(weight)) + slacks.over - slacks.under)
    dual = dual + (missing_under * to_above - missing_over * to_below) * unit
    over = (missing_over + slacks.over * dual) / to_above - slacks.over
    under = (missing_under - slacks.under * dual) / to_below - slacks.under
    step = np.stack([over, under, dual])
    return step, _fastest(slacks, step, to_above, to_below)


@kernel
def centre(
    step: Array,
    second: Array,
    slacks: Slacks,
    kinks: Kinks,
    n_rows: int,
    n_weights: int,
    mu: float,
    ends: tuple[float, float, float, float],
) -> tuple[Array, Array]:
    """Return what a step is to aim at, so that more of it can be gone: the parts of `Centred`.

    Where it would go, products are brought back between two multiples of μ: to the lower one,
    and towards the higher one by as much at most.

    Parameters
    ----------
    step : array of shape (3, n_kinks)
        As of `Corrected`.
    second, slacks, kinks, n_rows, mu
        As for `correct`.
    n_weights : int
        How many kinks are of weights of the model.
    ends : tuple of float
        Shares of the primal and of the dual part that would be gone, and both multiples.
    """
    to_above, to_below, unit, _ = _slopes(slacks, kinks)
    primal, dual, low, high = ends
    centre, (over, under, slope) = mu * (kinks.above - kinks.below), step
    products = np.stack(
        [
            (slacks.over + primal * over) * (to_above - dual * slope),
            (slacks.under + primal * under) * (to_below + dual * slope),
        ]
    )
    back = np.clip(products, low * centre, high * centre) - products
    new = second + np.maximum(back, -high * centre)
    pull = (new[1] * to_above - new[0] * to_below) * unit
    return new, summed(pull, n_rows, n_rows + n_weights)


@kernel
def approach(move: Array, slacks: Slacks, n_rows: int, away: float) -> float:
    """Return the share of its distance that a settled kink loses at most, negative.

    Parameters
    ----------
    move : array of shape (n_shared,)
        How raw predictions move.
    slacks, n_rows
        As for `measure`.
    away : float
        How many times its distance away from a kink counts as one towards it.
    """
    over, under, _ = slacks
    is_settled = (over == 0) != (under == 0)
    share = spread(move, n_rows, len(over))[is_settled] / (over - under)[is_settled]
    return float(np.fmin.reduce(np.fmin(share, -np.abs(share) / away), initial=0.0))


@kernel
def distances(
    move: Array, slacks: Slacks, kinks: Kinks, n_rows: int, most: float, least: float
) -> tuple[Array, Array]:
    """Return how far beyond kinks all are, and how far rows are from the nearest kink.

    That is 0 where it is not clear yet on which side of a kink the optimum is.

    Parameters
    ----------
    move : array of shape (n_shared,)
        How raw predictions have moved, which slacks of settled kinks do not know yet.
    slacks, kinks, n_rows
        As for `measure`.
    most : float
        Of the change of a slope: how far the dual variable of a side may be.
    least : float
        What must be left of the distance before the move.
    """
    (over, under, dual), (_, below, above) = slacks, kinks
    moved, is_settled = spread(move, n_rows, len(over)), (over == 0) | (under == 0)
    beyond = over - under + np.where(is_settled, moved, 0.0)
    away = np.where(beyond > 0, above - dual, dual - below)
    is_clear = (away <= most * (above - below)) & (np.abs(beyond) >= least * np.abs(beyond - moved))
    size = np.where(above == below, np.inf, np.where(is_clear, np.abs(beyond), 0.0))
    n = len(over) - (len(move) - n_rows)
    return beyond, size[:n].reshape(-1, n_rows).min(axis=0)


@kernel
def settle(
    beyond: Array,
    distance: Array,
    slacks: Slacks,
    kinks: Kinks,
    n_weights: int,
    mu: float,
    reach: float,
) -> tuple[Array, Array, Array]:
    """Return slacks, overwritten maybe, that are settled for rows far from all of their kinks.

    There the dual variable is that of the side, and one of the slacks is 0. What has been settled
    and is no longer far is put where products are μ.

    Parameters
    ----------
    beyond : array of shape (n_kinks,)
        How far beyond kinks it is.
    distance : array of shape (n_rows,)
        How far rows are from their nearest kink.
    slacks, kinks
        As for `measure`.
    n_weights : int
        How many kinks are of weights of the model; these are never far.
    mu : float
        What products are to be, in units of the changes of slopes.
    reach : float
        From which distance on rows are far.
    """
    (over, under, _), (_, below, above) = slacks, kinks
    is_far = spread(np.append(distance >= reach, [False] * n_weights), len(distance), len(beyond))
    is_settled, is_idle = (over == 0) | (under == 0), below == above
    far = np.abs(beyond)
    unit = np.maximum(far, mu)  # of squares that exist
    far = far + unit * np.sqrt(np.square(far / unit) + 4 * np.square(mu / unit))
    large, small = mu + far / 2, mu + 2 * mu * (mu / far)
    more, less = np.where(beyond > 0, (large, small), (small, large))
    share = np.clip(mu / less, LEAST_SHARE, 1 - LEAST_SHARE)
    middle = more, less, below + share * (above - below)
    side = np.maximum(beyond, 0.0), np.maximum(-beyond, 0.0), np.where(beyond > 0, above, below)
    return tuple(
        np.where(is_idle, now, np.where(is_far, there, np.where(is_settled, new, now)))
        for now, there, new in zip(slacks, side, middle, strict=True)
    )


@kernel
def scale_rows(rows: Array, scale: Array, room: Array) -> Array:
    """Return rows, each times a number, in a room for as many at least."""
    return np.multiply(rows, scale[:, None], out=room[: len(rows)])


def spread(shared: Array, n_rows: int, n_kinks: int) -> Array:
    """Return for every kink what there is for rows, and weights."""
    n_weights = len(shared) - n_rows
    n_times = (n_kinks - n_weights) // n_rows
    return np.concatenate([np.tile(shared[:n_rows], n_times), shared[n_rows:]])


def summed(values: Array, n_rows: int, n_shared: int) -> Array:
    """Return the sums over all kinks of a row, and what there is for every weight."""
    n = len(values) - (n_shared - n_rows)
    return np.concatenate([values[:n].reshape(-1, n_rows).sum(axis=0), values[n:]])


def _slopes(slacks: Slacks, kinks: Kinks) -> tuple[Array, Array, Array, Array]:
    """Return how far slopes are from both ends, what unit pulls have, and weights."""
    (over, under, dual), (_, below, above) = slacks, kinks
    idle = above == below
    to_above, to_below = np.where(idle, 1.0, above - dual), np.where(idle, 1.0, dual - below)
    unit = 1 / np.where(idle, 1.0, over * to_below + under * to_above)
    return to_above, to_below, unit, np.where(idle, 0.0, to_above * to_below * unit)


def _fastest(slacks: Slacks, step: Any, to_above: Array, to_below: Array) -> Array:
    """Return the least of steps in units of what they are made from, and 0; no number if NaN."""
    over, under, dual = step
    total = float((np.abs(over) + np.abs(under) + np.abs(dual)).sum())
    shares = [(over / slacks.over, under / slacks.under), (-dual / to_above, dual / to_below)]
    least = [min(float(np.fmin.reduce(part, initial=0.0)) for part in pair) for pair in shares]
    return np.array(least) if np.isfinite(total) else np.full(2, np.nan)
