"""Values of a parameter: how they are told apart, written, ordered and placed on an axis."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "–"})()
"""Stands for the value of a parameter that a candidate does not have."""

_DECADES = 1.99  # of numbers that get a log axis: two, to rounding
_LONGEST_VALUE = 30
_LONGEST_NAME = 32


class Scale(NamedTuple):
    """How the values of a parameter lie on an axis."""

    kind: str
    """``"linear"``, ``"log"``, or ``"category"``: evenly spaced."""
    values: list[Any]
    """The distinct values in the order of the axis, without `MISSING`."""

    @property
    def is_numeric(self) -> bool:
        return self.kind != "category"

    def positions(self, values: Iterable[Any]) -> np.ndarray:
        """Return the coordinates: the numbers, or the indices of categories; NaN if missing."""
        if self.is_numeric:
            return np.array([np.nan if v is MISSING else float(v) for v in values])
        index = {key(value): i for i, value in enumerate(self.values)}
        return np.array([index.get(key(value), np.nan) for value in values], dtype=float)

    def labels(self) -> list[str]:
        return [label(value) for value in self.values]


def scale_of(values: Iterable[Any]) -> Scale:
    """Return the scale that suits the values.

    Numbers lie on a linear axis; on a logarithmic one if they are positive and span two decades.
    Numbers that span as much and include zero are evenly spaced, like everything that is not a
    number.
    """
    distinct = list({key(value): value for value in values if value is not MISSING}.values())
    if not distinct or not all(map(_is_number, distinct)):
        return Scale("category", _ordered(distinct))
    distinct.sort()
    positive = [value for value in distinct if value > 0]
    spans_decades = bool(positive) and math.log10(positive[-1] / positive[0]) >= _DECADES
    if not spans_decades or distinct[0] < 0:
        return Scale("linear", distinct)
    return Scale("log" if distinct[0] > 0 else "category", distinct)


def key(value: Any) -> Hashable:
    """Return what equal values share, also of objects that compare by identity."""
    if _is_number(value):
        return float(value)
    return type(value).__name__, str(value) if isinstance(value, str) else repr(value)


def label(value: Any) -> str:
    """Return a value as short text."""
    if isinstance(value, str):
        text = str(value)
    elif _is_number(value):
        text = f"{value:.4g}"
    elif callable(value) and hasattr(value, "__name__"):
        text = value.__name__
    else:
        text = " ".join(repr(value).split())
        text = type(value).__name__ if " at 0x" in text else text
    if len(text) <= _LONGEST_VALUE:
        return text
    half = _LONGEST_VALUE // 2
    return f"{text[:half]}…{text[-half:]}"


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return names without the leading steps that make them long, where they stay distinct."""
    short = {name: _without_leading_steps(name) for name in names}
    counts = [*short.values()]
    return {name: text if counts.count(text) == 1 else name for name, text in short.items()}


def _without_leading_steps(name: str) -> str:
    while len(name) > _LONGEST_NAME and "__" in name:
        name = name.split("__", 1)[1]
    return name


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, Real) and not isinstance(value, bool | np.bool_) and math.isfinite(value)
    )


def _ordered(values: list[Any]) -> list[Any]:
    """Return numbers and tuples of numbers in order, others in the order of appearance."""
    try:
        return sorted(values, key=_as_tuple)
    except TypeError:
        return values


def _as_tuple(value: Any) -> tuple[float, ...]:
    parts = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(part, Real) for part in parts):
        raise TypeError("not made of numbers")
    return tuple(map(float, parts))
