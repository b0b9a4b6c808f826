"""Combinations that hold every pair of values, where all combinations would be too many."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from inspect import signature
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
        Of one value by name for every factor that matters to it. The fewer do, the sooner it is
        known that a pair is never allowed.
    seed : int, default=0
        Of the draws.
    apart : collection of frozenset, default=()
        Names of two factors that have nothing to do with each other: not all of their pairs.

    References
    ----------
    .. [1] Cohen, Dalal, Fredman and Patton, "The AETG System: An Approach to Testing Based on
       Combinatorial Design", IEEE Transactions on Software Engineering 23, 1997.
    """
    random, rows, allowed = Random(seed), [], _Allowed(factors, is_allowed)
    missing = dict.fromkeys(_all_pairs(factors, apart))
    while missing:
        pair = next(iter(missing))
        row = _completed(dict(pair), factors, allowed, missing, random)
        if row is None:
            del missing[pair]
            continue
        rows.append({name: factors[name][row[name]] for name in factors})
        for found in _pairs(row):
            missing.pop(found, None)
    return rows


class _Allowed:
    """Asks once for all rows that are the same in what matters."""

    def __init__(
        self, factors: Mapping[str, Sequence[Any]], is_allowed: Callable[..., bool]
    ) -> None:
        self.names = [name for name in factors if name in signature(is_allowed).parameters]
        self.factors, self.is_allowed = factors, is_allowed
        self.known: dict[tuple[int, ...], bool] = {}

    def __call__(self, row: Row) -> bool:
        key = tuple([row[name] for name in self.names])
        if key not in self.known:
            values = {name: self.factors[name][row[name]] for name in self.names}
            self.known[key] = self.is_allowed(**values)
        return self.known[key]


def _all_pairs(
    factors: Mapping[str, Sequence[Any]], apart: Collection[frozenset[str]]
) -> Iterator[tuple]:
    for one, other in combinations(sorted(factors), 2):
        if {one, other} in apart:
            continue
        for a, b in product(range(len(factors[one])), range(len(factors[other]))):
            yield (one, a), (other, b)


def _pairs(row: Row) -> Iterator[tuple]:
    return combinations(sorted(row.items()), 2)


def _completed(
    fixed: Row,
    factors: Mapping[str, Sequence[Any]],
    allowed: _Allowed,
    missing: Collection[tuple],
    random: Random,
) -> Row | None:
    """Return the best of some allowed rows with a pair; None if there is none at all."""
    n_values = {name: len(values) for name, values in factors.items() if name not in fixed}
    drawn = [
        fixed | {name: random.randrange(n) for name, n in n_values.items()} for _ in range(_DRAWS)
    ]
    rows = list(filter(allowed, drawn))
    if rows:
        return max(rows, key=lambda row: sum(pair in missing for pair in _pairs(row)))
    choices = {name: range(n) for name, n in n_values.items() if name in allowed.names}
    others = (
        drawn[0] | dict(zip(choices, values, strict=True)) for values in product(*choices.values())
    )
    return next(filter(allowed, others), None)
