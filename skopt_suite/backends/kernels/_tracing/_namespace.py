"""The functions of the array API that can be traced."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skopt_suite.backends.kernels._tracing._expression import (
    INDEX,
    CannotTrace,
    Expression,
    cast,
    chosen,
    is_between,
    known,
    moved,
    number,
    position,
    variable,
)
from skopt_suite.backends.kernels._tracing._lengths import MEMBERS, PARAMS, WEIGHTS
from skopt_suite.backends.kernels._tracing._symbol import (
    Index,
    Symbol,
    _broadcast,
    apply,
    as_symbol,
    cast_to,
    together,
)

INNER = "c"
"""The index of reductions, and of what is stored entry by entry of the last axis."""
OVER_PARAMS = "p"
"""The index of reductions over all parameters or weights of a fit."""
OVER_MEMBERS = "q"
"""The index of what runs over the weights of a group."""
CLIMBING = "root"
"""The name of what `climb` moves."""
_OF_ONE = ("abs", "exp", "expm1", "floor", "log", "log1p", "sign", "sinh", "sqrt", "tanh", "erf")
_ASKS = ("isfinite", "isinf", "isnan")
_OF_TWO = ("maximum", "minimum")


class _Linalg:
    """The extension for linear algebra."""

    def vector_norm(self, x: Symbol, axis: int = -1, keepdims: bool = False) -> Symbol:
        """Return the Euclidean norm over the last axis."""
        return apply("sqrt", _reduced("add", apply("multiply", x, x), axis, keepdims))


class Namespace:
    """What `namespace` returns of a symbol."""

    __name__ = "traced"
    int64, float32, float64 = np.dtype(np.int64), np.dtype(np.float32), np.dtype(np.float64)
    inf, nan, pi = math.inf, math.nan, math.pi
    finfo = staticmethod(np.finfo)
    linalg = _Linalg()

    def vecdot(self, x: Symbol, y: Symbol, axis: int = -1) -> Symbol:
        """Return the sum of products over the last axis."""
        return _reduced("add", apply("multiply", x, y), axis, keepdims=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # who looks at a module asks for these
            raise AttributeError(name)
        raise CannotTrace(f"{name} is not traced.")

    def astype(self, x: Symbol, dtype: Any, copy: bool = True, device: Any = None) -> Symbol:
        """Return a symbol in another type."""
        return Symbol(x.shape, dtype, cast_to(x, dtype).at)

    def asarray(self, x: Any, dtype: Any = None, device: Any = None, copy: Any = None) -> Symbol:
        """Return a symbol, a number, or a list of them, as a symbol."""
        if isinstance(x, (list, tuple)):
            if all(isinstance(part, float) for part in x):
                return _table(x, np.float64 if dtype is None else dtype)
            x = self.stack([self.asarray(part, dtype) for part in x])
        x = as_symbol(x, np.float64 if dtype is None else dtype)
        return Symbol(x.shape, x.dtype if dtype is None else dtype, cast_to(x, dtype or x.dtype).at)

    def where(self, condition: Symbol, one: Any, other: Any) -> Symbol:
        """Return one or the other, entry by entry."""
        both = [value for value in (one, other) if isinstance(value, Symbol)]
        if not isinstance(condition, Symbol):
            condition = as_symbol(condition, np.bool_)
        dtype = np.result_type(*(value.dtype for value in both)) if both else np.float64
        one, other = (cast_to(as_symbol(value, dtype), dtype) for value in (one, other))
        shape = together(condition.shape, one.shape, other.shape)
        ask, yes, no = (_broadcast(part, shape).at for part in (condition, one, other))
        return Symbol(shape, dtype, lambda index: chosen(ask(index), yes(index), no(index)))

    def clip(self, x: Symbol, min: Any = None, max: Any = None) -> Symbol:
        """Return what is not below one bound and not above the other."""
        if min is not None:
            x = apply("maximum", x, min)
        return x if max is None else apply("minimum", x, max)

    def full_like(self, x: Symbol, value: Any, dtype: Any = None, device: Any = None) -> Symbol:
        """Return the same number everywhere."""
        return self.full(x.shape, value, dtype or x.dtype)

    def zeros_like(self, x: Symbol, dtype: Any = None, device: Any = None) -> Symbol:
        """Return zeros."""
        return self.full_like(x, 0, dtype)

    def ones_like(self, x: Symbol, dtype: Any = None, device: Any = None) -> Symbol:
        """Return ones."""
        return self.full_like(x, 1, dtype)

    def full(self, shape: Any, value: Any, dtype: Any = np.float64, device: Any = None) -> Symbol:
        """Return the same number everywhere."""
        return _broadcast(as_symbol(value, dtype), tuple(shape))

    def zeros(self, shape: Any, dtype: Any = np.float64, device: Any = None) -> Symbol:
        """Return zeros."""
        return self.full(shape, 0, dtype)

    def arange(self, stop: int, *, dtype: Any = INDEX, device: Any = None) -> Symbol:
        """Return whole numbers from 0 on."""
        dtype = np.dtype(dtype)
        return Symbol((stop,), dtype, lambda index: cast(index[0], dtype))

    def broadcast_to(self, x: Symbol, shape: Any) -> Symbol:
        """Return a symbol as one of a larger shape."""
        return _broadcast(x, tuple(shape))

    def concat(self, arrays: Sequence[Symbol], axis: int = 0) -> Symbol:
        """Return symbols one after the other along an axis."""
        first, rest = arrays[0], arrays[1:]
        result = first
        for array in rest:
            result = _joined(result, array, axis % first.ndim)
        return result

    def stack(self, arrays: Sequence[Symbol], axis: int = 0) -> Symbol:
        """Return symbols along a new axis."""
        key = (slice(None),) * (axis % (arrays[0].ndim + 1)) + (None,)
        return self.concat([array[key] for array in arrays], axis)

    def cumulative_sum(self, x: Symbol, axis: int | None = None) -> Symbol:
        """Return an axis of one entry as it is."""
        if x.shape[0 if axis is None else axis] != 1:
            raise CannotTrace("Sums that run over an axis are not traced.")
        return x

    def sum(
        self, x: Symbol, axis: int | None = None, keepdims: bool = False, dtype: Any = None
    ) -> Symbol:
        """Return the sum over the last axis."""
        x = x if dtype is None else cast_to(x, dtype)
        return _reduced("add", x, axis, keepdims)

    def max(self, x: Symbol, axis: int | None = None, keepdims: bool = False) -> Symbol:
        """Return the largest entry of the last axis."""
        return _reduced("maximum", x, axis, keepdims)

    def any(self, x: Symbol, axis: int | None = None, keepdims: bool = False) -> Symbol:
        """Return whether an entry of the last axis is true."""
        return apply(
            "greater", self.max(cast_to(x, self.float64), axis, keepdims), 0, dtype=np.bool_
        )

    def climb(self, x: Symbol, rise: Any, tolerance: float, n_most: int) -> Symbol:
        """Return what `skopt_suite.backends.climb` does."""
        here = Expression("argument", (CLIMBING,), x.dtype)
        more, start = rise(Symbol(x.shape, x.dtype, lambda index: here)).at, x.at
        limit = number(tolerance, x.dtype)

        def at(index: Index) -> Expression:
            return Expression("climb", (start(index), more(index), limit, n_most), x.dtype)

        return Symbol(x.shape, x.dtype, at)


_OVER = {PARAMS: OVER_PARAMS, WEIGHTS: OVER_PARAMS, MEMBERS: OVER_MEMBERS}


def _table(values: Sequence[float], dtype: Any) -> Symbol:
    """Return numbers of which an index picks one."""
    entries = tuple(number(value, dtype).args[0] for value in values)

    def at(index: Index) -> Expression:
        place = known(index[0])
        if place is not None:
            return number(entries[place], dtype)
        return Expression("table", (entries, index[0]), np.dtype(dtype))

    return Symbol((len(entries),), dtype, at)


def _joined(one: Symbol, other: Symbol, axis: int) -> Symbol:
    at_most = one.shape[axis]
    length = at_most + other.shape[axis]
    shape = one.shape[:axis] + (length,) + one.shape[axis + 1 :]
    dtype = np.result_type(one.dtype, other.dtype)
    first, second = cast_to(one, dtype).at, cast_to(other, dtype).at

    def at(index: Index) -> Expression:
        is_first = is_between(index[axis], 0, at_most, length)
        value = known(is_first)
        if value is True:
            return first(index)
        shifted = (*index[:axis], moved(index[axis], at_most), *index[axis + 1 :])
        return (
            second(shifted) if value is False else chosen(is_first, first(index), second(shifted))
        )

    return Symbol(shape, dtype, at)


def _reduced(op: str, x: Symbol, axis: int | None, keepdims: bool) -> Symbol:
    if axis not in (-1, x.ndim - 1):
        raise CannotTrace("Only the last axis is reduced.")
    read, n = x.at, x.shape[-1]
    shape = (*x.shape[:-1], 1) if keepdims else x.shape[:-1]

    def at(index: Index) -> Expression:
        kept = index[:-1] if keepdims else index
        if n == 1:
            return read((*kept, position(0)))
        over = _OVER.get(n, INNER)
        body = read((*kept, variable(over)))
        return Expression("reduce", (op, over, position(n), body), x.dtype)

    return Symbol(shape, x.dtype, at)


def _of_one(name: str, dtype: Any = None) -> Callable[..., Symbol]:
    return lambda self, x: apply(name, x, dtype=dtype)


for _name in _OF_ONE:
    setattr(Namespace, _name, _of_one(_name))
for _name in _ASKS:
    setattr(Namespace, _name, _of_one(_name, np.bool_))
for _name in _OF_TWO:
    setattr(Namespace, _name, lambda self, x, y, op=_name: apply(op, x, y))


NAMESPACE = Namespace()
