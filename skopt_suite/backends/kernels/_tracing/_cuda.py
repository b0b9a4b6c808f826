"""Expressions as text of CUDA C++."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from skopt_suite.backends.kernels._tracing._expression import CannotTrace, Expression, known
from skopt_suite.backends.kernels._tracing._lengths import LEAST

C_TYPES = {
    "bool": "bool",
    "int32": "int",
    "int64": "long long",
    "float32": "float",
    "float64": "double",
}
_INFIX = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
    "bitwise_and": "&&",
    "bitwise_or": "||",
}
_CALLS = {
    "abs": "fabs",
    "erf": "erf",
    "exp": "exp",
    "expm1": "expm1",
    "floor": "floor",
    "isfinite": "isfinite",
    "isinf": "isinf",
    "isnan": "isnan",
    "log": "log",
    "log1p": "log1p",
    "maximum": "larger",
    "minimum": "smaller",
    "power": "power",
    "sign": "sign",
    "sinh": "sinh",
    "sqrt": "sqrt",
    "tanh": "tanh",
}
_STARTS = {"add": 0.0, "maximum": -math.inf}

PREAMBLE = """\
#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif
template <typename T> __device__ T larger(T a, T b) { return a > b || a != a ? a : b; }
template <typename T> __device__ T smaller(T a, T b) { return a < b || a != a ? a : b; }
// apart, as what is inlined many times takes long to compile
__device__ __noinline__ double power(double a, double b) { return pow(a, b); }
__device__ __noinline__ float power(float a, float b) { return pow(a, b); }
template <typename T> __device__ T sign(T x) { return x != x ? x : T((x > 0) - (x < 0)); }
"""


class Writer:
    """Writes the statements that compute expressions, each once, in the loop that it needs.

    Parameters
    ----------
    lengths : mapping
        By index variable the length of the axis that it runs over.
    names : mapping
        By stand-in for a length the name of the argument that brings it.
    """

    def __init__(self, lengths: Mapping[str, int], names: Mapping[int, str]) -> None:
        self.lengths, self.names = lengths, names
        self.scopes: list[_Scope] = [_Scope(None)]
        self.loads: set[str] = set()
        self.hoisted: list[Expression] | None = None
        """Given a list, what is the same for all of a fit is left to another kernel: it is put
        there, and read from its place in an array of that name."""
        self.given: dict[str, str] = {}
        """By name of an array the text that takes the place of its entries."""
        self._n_names = 0

    def value(self, expression: Expression) -> str:
        """Return the name of what holds the value of an expression, or the number that it is."""
        if expression.op == "number":
            return self._literal(expression)
        if expression.op == "variable":
            return str(expression.args[0])
        if expression.op == "argument":
            return f"{C_TYPES[expression.dtype.name]}({expression.args[0]})"
        depth = self._depth_of(expression)
        known_there = self.scopes[depth].known
        if expression.token not in known_there:
            inner, self.scopes = self.scopes, self.scopes[: depth + 1]
            known_there[expression.token] = self._computed(expression)
            self.scopes = inner
        return known_there[expression.token]

    def store(self, target: str, expression: Expression) -> None:
        """Write a value to memory, in the innermost loop that is open."""
        value = self.value(expression)
        self.scopes[-1].lines.append(f"{target} = {value};")

    def open_loop(self, index: str) -> None:
        """Begin a loop over an axis."""
        self.scopes.append(_Scope(index))

    def close_loop(self) -> None:
        """End the loop that was opened last."""
        i = self.scopes[-1].index
        self._end_loop(self._whole(self.lengths[str(i)]))

    def _end_loop(self, n: str) -> None:
        scope = self.scopes.pop()
        i = scope.index
        head = f"for (long long {i} = 0; {i} < {n}; ++{i}) {{"
        self.scopes[-1].lines += [head, *("  " + line for line in scope.lines), "}"]

    @property
    def lines(self) -> list[str]:
        """What has been written outside of loops."""
        return self.scopes[0].lines

    def _depth_of(self, expression: Expression) -> int:
        """Return in which of the open loops an expression is the same in every round."""
        used = [scope.index in expression.free for scope in self.scopes]
        return len(used) - 1 - used[::-1].index(True) if any(used) else 0

    def _computed(self, expression: Expression) -> str:
        """Return the name of what holds a value that is computed in the innermost loop."""
        if expression.op == "reduce":
            return self._reduction(expression)
        is_hoisted = self.hoisted is not None and expression.free == {"k"}
        text = self._hoisted(expression) if is_hoisted else self._text(expression)
        name = self._new_name()
        self.scopes[-1].lines.append(f"const {C_TYPES[expression.dtype.name]} {name} = {text};")
        return name

    def _hoisted(self, expression: Expression) -> str:
        """Return an entry that another kernel has computed."""
        assert self.hoisted is not None
        self.hoisted.append(expression)
        self.loads.add("hoisted")
        kind = C_TYPES[expression.dtype.name]
        return f"{kind}(hoisted[k * hoisted_0 + {len(self.hoisted) - 1}])"

    def _text(self, expression: Expression) -> str:
        op, args = expression.op, expression.args
        if op == "load":
            return self._load(expression)
        parts = [self.value(arg) for arg in args if isinstance(arg, Expression)]
        if op in _INFIX:
            return f"{parts[0]} {_INFIX[op]} {parts[1]}"
        if op in _CALLS:
            return f"{_CALLS[op]}({', '.join(parts)})"
        if op == "table":
            return f"{self._table(args[0], expression.dtype)}[{parts[0]}]"
        if op == "where":
            return f"{parts[0]} ? {parts[1]} : {parts[2]}"
        if op in ("cast", "negative", "logical_not"):
            sign = {"cast": C_TYPES[expression.dtype.name], "negative": "-", "logical_not": "!"}
            return f"{sign[op]}({parts[0]})"
        if op == "uniform":
            return f"{C_TYPES[expression.dtype.name]}(uniform({args[0]}, {', '.join(parts)}))"
        raise CannotTrace(f"{op} has no text.")

    def _load(self, expression: Expression) -> str:
        """Return an entry of an array, 0 where it has none there: values are found before used."""
        name, shape, *index = expression.args
        if name in self.given:
            return self.given[name]
        self.loads.add(name)
        parts, last = [self.value(i) for i in index], len(shape) - 1
        terms = [
            part if axis == last else f"{part} * {name}_{axis}"
            for axis, part in enumerate(parts)
            if shape[axis] != 1
        ]
        text = f"{name}[{' + '.join(terms) or '0'}]"
        if shape and shape[last] != 1 and self._may_miss(index[last], shape[last]):
            i, n = parts[last], self._whole(shape[last])
            return f"{i} >= 0 && {i} < {n} ? {text} : 0"
        return text

    def _may_miss(self, index: Expression, length: int) -> bool:
        if index.op in ("load", "add"):  # positions that are known to be there
            return False
        if index.op == "variable":
            return self.lengths[index.args[0]] != length
        return known(index) is None

    def _reduction(self, expression: Expression) -> str:
        op, index, length, body = expression.args
        kind, name = C_TYPES[expression.dtype.name], self._new_name()
        start = self._float(_STARTS[op], expression.dtype)
        self.scopes[-1].lines.append(f"{kind} {name} = {start};")
        self.open_loop(index)
        value = self.value(body)
        more = f"{name} + {value}" if op == "add" else f"larger({name}, {value})"
        self.scopes[-1].lines.append(f"{name} = {more};")
        self._end_loop(self.value(length))
        return name

    def _table(self, values: tuple[float, ...], dtype: np.dtype) -> str:
        """Return the name of an array of constants, which is written once, outside of all loops."""
        outermost, key = self.scopes[0], (values, dtype.str)
        if key not in outermost.tables:
            name = outermost.tables[key] = self._new_name()
            entries = ", ".join(self._float(value, dtype) for value in values)
            outermost.lines.append(f"const {C_TYPES[dtype.name]} {name}[] = {{{entries}}};")
        return outermost.tables[key]

    def _literal(self, expression: Expression) -> str:
        value = expression.args[0]
        if expression.dtype.kind == "b":
            return "true" if value else "false"
        return (
            self._whole(value)
            if expression.dtype.kind in "iu"
            else self._float(value, expression.dtype)
        )

    def _whole(self, value: int) -> str:
        if value in self.names:
            return self.names[value]
        if abs(value) >= LEAST:
            raise CannotTrace("A length is computed with.")
        return f"{value}"

    def _float(self, value: float, dtype: np.dtype) -> str:
        suffix = "f" if dtype == np.float32 else ""
        if math.isnan(value):
            return f'nan{suffix}("")'
        if math.isinf(value):
            return f"{'-' if value < 0 else ''}{'float' if suffix else 'double'}(INFINITY)"
        return f"{float(dtype.type(value))!r}{suffix}"

    def _new_name(self) -> str:
        self._n_names += 1
        return f"v{self._n_names}"


class _Scope:
    """A loop, or what is outside of all."""

    def __init__(self, index: str | None) -> None:
        self.index = index
        self.lines: list[str] = []
        self.known: dict[int, str] = {}
        self.tables: dict[tuple[tuple[float, ...], str], str] = {}


def pointer(name: str, dtype: Any, is_written: bool) -> str:
    """Return the declaration of an argument that is an array."""
    kind = C_TYPES[np.dtype(dtype).name]
    return f"{kind}* __restrict__ {name}" if is_written else f"const {kind}* __restrict__ {name}"
