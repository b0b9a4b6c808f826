"""Scalar expressions: what a traced function computes for one entry of its result.

Nodes are plain tuples in disguise: equal ones are the same where they are looked up, so what is
written twice in a definition is computed once.
"""

from __future__ import annotations

from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

import numpy as np

INDEX = np.dtype(np.int64)
BOOL = np.dtype(np.bool_)


class CannotTrace(TypeError):
    """A function does what no kernel is written from."""


class Expression:
    """One operation on scalars.

    Parameters
    ----------
    op : str
        Its name.
    args : tuple
        Expressions, and for some operations numbers or names.
    dtype : dtype
        Of the result.
    """

    __slots__ = ("__dict__", "args", "dtype", "op")

    def __init__(self, op: str, args: tuple[Any, ...], dtype: np.dtype) -> None:
        self.op, self.args, self.dtype = op, args, dtype

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """What is equal for equal expressions; parts that are expressions count by their key."""
        return self.op, self.dtype.str, *map(_part_of_key, self.args)

    @cached_property
    def token(self) -> int:
        """A number of its own for every key."""
        return _TOKENS.setdefault(self.key, next(_NUMBERS))  # not their count: threads meet here

    @cached_property
    def free(self) -> frozenset[str]:
        """The index variables that it depends on."""
        if self.op == "variable":
            return frozenset(self.args)
        inside = (arg.free for arg in self.args if isinstance(arg, Expression))
        names = frozenset().union(*inside)
        return names - {self.args[1]} if self.op == "reduce" else names


def _part_of_key(arg: Any) -> Any:
    if isinstance(arg, Expression):
        return arg.token
    return repr(arg) if isinstance(arg, float) else arg  # 0 and -0 are not the same


_TOKENS: dict[tuple[Any, ...], int] = {}
_NUMBERS = count()


def number(value: Any, dtype: Any) -> Expression:
    """Return a constant."""
    dtype = np.dtype(dtype)
    return Expression("number", (dtype.type(value).item(),), dtype)


def variable(name: str) -> Expression:
    """Return an index that runs over an axis."""
    return Expression("variable", (name,), INDEX)


def position(value: int) -> Expression:
    """Return an index that is known."""
    return number(value, INDEX)


def known(expression: Expression) -> Any:
    """Return the value of a constant, else None."""
    return expression.args[0] if expression.op == "number" else None


def moved(index: Expression, distance: int) -> Expression:
    """Return an index less a distance."""
    if distance == 0:
        return index
    value = known(index)
    if value is not None:
        return position(value - distance)
    if index.op == "subtract":
        first, before = index.args
        return moved(first, known(before) + distance)
    return Expression("subtract", (index, position(distance)), INDEX)


def is_between(index: Expression, start: int, stop: int, length: int) -> Expression:
    """Return whether an index of an axis is from `start` on and below `stop`."""
    value = known(index)
    if value is not None:
        return number(start <= value < stop, BOOL)
    parts = []
    if start > 0:
        parts.append(Expression("greater_equal", (index, position(start)), BOOL))
    if stop < length:
        parts.append(Expression("less", (index, position(stop)), BOOL))
    return all_of(parts)


def all_of(conditions: list[Expression]) -> Expression:
    """Return whether all of them hold."""
    result = number(True, BOOL)
    for condition in conditions:
        value = known(condition)
        if value is False:
            return condition
        if value is None:
            is_first = known(result) is True
            pair = (result, condition)
            result = condition if is_first else Expression("bitwise_and", pair, BOOL)
    return result


def chosen(condition: Expression, one: Expression, other: Expression) -> Expression:
    """Return one of two expressions of the same type."""
    value = known(condition)
    if value is not None:
        return one if value else other
    return Expression("where", (condition, one, other), one.dtype)


def lifted(expressions: list[Expression], index: str) -> tuple[list[Expression], list[Lifted]]:
    """Return expressions that read what is reduced over an index from an array, and what that is.

    A reduction whose body reads another one is of a higher level.
    """
    found: dict[int, Lifted] = {}
    done: dict[int, tuple[Expression, int]] = {}

    def walk(expression: Expression) -> tuple[Expression, int]:
        if expression.token not in done:
            done[expression.token] = rebuilt(expression)
        return done[expression.token]

    def rebuilt(expression: Expression) -> tuple[Expression, int]:
        parts = [walk(arg) if isinstance(arg, Expression) else (arg, 0) for arg in expression.args]
        level = max((part[1] for part in parts), default=0)
        args = tuple(part[0] for part in parts)
        new = Expression(expression.op, args, expression.dtype)
        if expression.op != "reduce" or args[1] != index:
            return new, level
        found[new.token] = Lifted(len(found), level, new)
        slot = position(found[new.token].slot)
        entry = Expression("load", ("sums", (-1, -1), variable("k"), slot), np.dtype(np.float64))
        return cast(entry, expression.dtype), level + 1

    return [walk(expression)[0] for expression in expressions], list(found.values())


class Lifted(NamedTuple):
    """A reduction that a kernel of its own computes."""

    slot: int
    level: int
    """Of what it reads: 0 where that is no other reduction."""
    reduction: Expression


def cast(expression: Expression, dtype: np.dtype) -> Expression:
    """Return the expression in another type."""
    if expression.dtype == dtype:
        return expression
    value = known(expression)
    if value is not None:
        return number(value, dtype)
    return Expression("cast", (expression,), dtype)
