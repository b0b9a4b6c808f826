"""Combinations that hold every pair of values, where all combinations would be too many."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations, product
from random import Random
from typing import Any

Row = dict[str, int]
"""The position of the value of every factor."""

_DRAWS = 40


def pairwise(
    factors: Mapping[str, Sequence[Any]],
    is_allowed: Callable[..., bool],
    seed: int = 0,
    apart: Collection[frozenset[str]] = (),
) -> list[dict[str, Any]]:
    """Return allowed combinations in which every pair that is ever allowed occurs.

    Greedy: the first pair that is missing is completed by the draw with most other missing pairs
    [1]_.

    Parameters
    ----------
    factors : dict
        From the name of a factor to its values.
    is_allowed : callable
        Of one value by name for every factor.
    seed : int, default=0
        Of the draws.
    apart : collection of frozenset, default=()
        Names of two factors that have nothing to do with each other: not all of their pairs.

    References
    ----------
    .. [1] Cohen, Dalal, Fredman and Patton, "The AETG System: An Approach to Testing Based on
       Combinatorial Design", IEEE Transactions on Software Engineering 23, 1997.
    """
    random, rows, covered = Random(seed), [], set[tuple]()
    for pair in _all_pairs(factors, apart):
        if pair in covered:
            continue
        row = _completed(dict(pair), factors, is_allowed, covered, random)
        if row is not None:
            rows.append(_values(row, factors))
            covered |= _pairs(row)
    return rows


def _all_pairs(
    factors: Mapping[str, Sequence[Any]], apart: Collection[frozenset[str]]
) -> Iterator[tuple]:
    for one, other in combinations(sorted(factors), 2):
        if {one, other} in apart:
            continue
        for a, b in product(range(len(factors[one])), range(len(factors[other]))):
            yield (one, a), (other, b)


def _pairs(row: Row) -> set[tuple]:
    return set(combinations(sorted(row.items()), 2))


def _values(row: Row, factors: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    return {name: factors[name][row[name]] for name in factors}


def _completed(
    fixed: Row,
    factors: Mapping[str, Sequence[Any]],
    is_allowed: Callable[..., bool],
    covered: set[tuple],
    random: Random,
) -> Row | None:
    """Return the best of some allowed rows with a pair; None if there is none at all."""
    open_names = [name for name in factors if name not in fixed]
    choices = [range(len(factors[name])) for name in open_names]
    drawn = (tuple(map(random.choice, choices)) for _ in range(_DRAWS))
    rows = [fixed | dict(zip(open_names, values, strict=True)) for values in drawn]
    rows = [row for row in rows if is_allowed(**_values(row, factors))]
    if rows:
        return max(rows, key=lambda row: len(_pairs(row) - covered))
    others = (fixed | dict(zip(open_names, values, strict=True)) for values in product(*choices))
    return next((row for row in others if is_allowed(**_values(row, factors))), None)
