"""Arrays that compute nothing, but remember what is computed with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skopt_suite.backends.kernels._tracing._expression import (
    CannotTrace,
    Expression,
    all_of,
    cast,
    chosen,
    is_between,
    moved,
    number,
    position,
)

Index = tuple[Expression, ...]


class Symbol:
    """An array of the array API, given by the expression of its entry at any index.

    Parameters
    ----------
    shape : tuple of int
        Its shape; lengths may be stand-ins.
    dtype : dtype
        Its type.
    at : callable
        Index → expression.
    """

    __slots__ = ("_read", "_version", "_view_of", "device", "dtype", "shape")
    __array_ufunc__ = None

    def __init__(
        self, shape: tuple[int, ...], dtype: Any, at: Callable[[Index], Expression]
    ) -> None:
        self.shape, self.dtype, self._read = tuple(shape), np.dtype(dtype), _kept(at)
        self._version, self.device = 0, "traced"
        self._view_of: tuple[Symbol, Any, int] | None = None

    @property
    def at(self) -> Callable[[Index], Expression]:
        """What gives the expression of an entry, as it is now: later writes do not change it."""
        if self._view_of is not None:
            whole, _, version = self._view_of
            if whole._version != version:
                raise CannotTrace("A view was taken before its array was written to.")
        return self._read

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has been written to it."""
        return self._version == 0

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        from skopt_suite.backends.kernels._tracing._namespace import NAMESPACE

        return NAMESPACE

    def __getitem__(self, key: Any) -> Symbol:
        axes = _axes(key, self.shape)
        shape = tuple(axis.length for axis in axes if axis.length is not None)
        read = self.at
        view = Symbol(shape, self.dtype, lambda index: read(tuple(_inner(axes, index))))
        view._view_of = self, key, self._version
        return view

    def __setitem__(self, key: Any, value: Any) -> None:
        axes, old = _axes(key, self.shape), self.at
        shape = tuple(axis.length for axis in axes if axis.length is not None)
        read = cast_to(_broadcast(as_symbol(value, self.dtype), shape), self.dtype).at

        def at(index: Index) -> Expression:
            inside = all_of(
                [
                    is_between(index[axis.of], axis.start, axis.stop, self.shape[axis.of])
                    for axis in axes
                    if axis.of is not None
                ]
            )
            return chosen(inside, read(tuple(_outer(axes, index))), old(index))

        self._read, self._version = _kept(at), self._version + 1
        if self._view_of is not None:
            whole, where, _ = self._view_of
            whole[where] = Symbol(self.shape, self.dtype, at)
            self._view_of = whole, where, whole._version

    def __len__(self) -> int:
        return self.shape[0]

    def _refuse(self, *args: Any) -> Any:
        raise CannotTrace("What is computed depends on the value of an array.")

    __bool__ = __float__ = __int__ = __index__ = __iter__ = __array__ = _refuse


def _kept(at: Callable[[Index], Expression]) -> Callable[[Index], Expression]:
    """Return the function that keeps what it has found: what is used twice is found once."""
    found: dict[tuple[int, ...], Expression] = {}

    def kept(index: Index) -> Expression:
        key = tuple([i.token for i in index])
        if key not in found:
            found[key] = at(index)
        return found[key]

    return kept


class _Axis:
    """An axis of an array, one of a view of it, or both."""

    def __init__(self, of: int | None, length: int | None, start: int = 0, stop: int = 1) -> None:
        self.of, self.length, self.start, self.stop = of, length, start, stop


def _axes(key: Any, shape: tuple[int, ...]) -> list[_Axis]:
    keys = list(key) if isinstance(key, tuple) else [key]
    n_given = sum(k is not None and k is not Ellipsis for k in keys)
    if Ellipsis not in [k if isinstance(k, type(Ellipsis)) else 0 for k in keys]:
        keys.append(Ellipsis)
    axes, of = [], 0
    for k in keys:
        if k is None:
            axes.append(_Axis(None, 1))
        elif k is Ellipsis:
            for _ in range(len(shape) - n_given):
                axes.append(_Axis(of, shape[of], 0, shape[of]))
                of += 1
        else:
            axes.append(_axis(k, of, shape[of]))
            of += 1
    return axes


def _axis(key: Any, of: int, length: int) -> _Axis:
    if isinstance(key, slice):
        start, stop, step = key.indices(length)
        if step != 1:
            raise CannotTrace("Only slices with a step of 1 are traced.")
        return _Axis(of, max(stop - start, 0), start, stop)
    if isinstance(key, (int, np.integer)):
        start = int(key) % length
        return _Axis(of, None, start, start + 1)
    raise CannotTrace(f"Indexing by {type(key).__name__} is not traced.")


def _inner(axes: list[_Axis], index: Index) -> Any:
    """Yield the index into an array from that into its view."""
    own = iter(index)
    for axis in axes:
        if axis.length is None:
            yield position(axis.start)
            continue
        i = next(own)
        if axis.of is not None:
            yield moved(i, -axis.start)


def _outer(axes: list[_Axis], index: Index) -> Any:
    """Yield the index into a view from that into its array."""
    for axis in axes:
        if axis.length is None:
            continue
        yield position(0) if axis.of is None else moved(index[axis.of], axis.start)


def as_symbol(value: Any, dtype: Any) -> Symbol:
    """Return what may be a number as a symbol, in that precision if it has none."""
    if isinstance(value, Symbol):
        return value
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        raise CannotTrace(f"Values of type {type(value).__name__} are not traced.")
    constant = number(value, dtype)
    return Symbol((), constant.dtype, lambda index: constant)


def cast_to(value: Symbol, dtype: Any) -> Symbol:
    """Return a symbol in another type."""
    dtype, read = np.dtype(dtype), value.at
    if value.dtype == dtype:
        return value
    return Symbol(value.shape, dtype, lambda index: cast(read(index), dtype))


def together(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of arrays that are broadcast; NumPy's function refuses stand-ins."""
    n_axes = max(map(len, shapes))
    padded = [(1,) * (n_axes - len(shape)) + shape for shape in shapes]
    result = []
    for lengths in zip(*padded, strict=True):
        others = set(lengths) - {1}
        if len(others) > 1:
            raise CannotTrace(f"Shapes {shapes} do not fit each other.")
        result.append(others.pop() if others else 1)
    return tuple(result)


def _broadcast(value: Symbol, shape: tuple[int, ...]) -> Symbol:
    """Return a symbol as one of a larger shape."""
    if value.shape == shape:
        return value
    read, own = value.at, value.shape
    if together(own, shape) != shape:
        raise CannotTrace(f"Shape {own} does not fit {shape}.")
    skipped = len(shape) - len(own)

    def at(index: Index) -> Expression:
        inner = index[skipped:]
        fixed = (
            position(0) if n == 1 and m != 1 else i
            for i, n, m in zip(inner, own, shape[skipped:], strict=True)
        )
        return read(tuple(fixed))

    return Symbol(shape, value.dtype, at)


def apply(op: str, *values: Any, dtype: Any = None) -> Symbol:
    """Return a function of every entry.

    Parameters
    ----------
    op : str
        Its name.
    *values : Symbol or number
        What it is of; at least one is a symbol.
    dtype : dtype, optional
        Of the result; None: that which all are in.
    """
    symbols = [value for value in values if isinstance(value, Symbol)]
    common = np.result_type(*(symbol.dtype for symbol in symbols))
    if any(type(value) is float for value in values) and common.kind != "f":
        raise CannotTrace("Whole numbers and floats are not mixed.")
    parts = [cast_to(as_symbol(value, common), common) for value in values]
    shape = together(*(part.shape for part in parts))
    reads = [_broadcast(part, shape).at for part in parts]
    kind = np.dtype(common if dtype is None else dtype)

    def at(index: Index) -> Expression:
        return Expression(op, tuple(read(index) for read in reads), kind)

    return Symbol(shape, kind, at)


def _binary(op: str, dtype: Any = None) -> tuple[Any, Any, Any]:
    def forward(self: Symbol, other: Any) -> Symbol:
        return apply(op, self, other, dtype=dtype)

    def backward(self: Symbol, other: Any) -> Symbol:
        return apply(op, other, self, dtype=dtype)

    def in_place(self: Symbol, other: Any) -> Symbol:
        self[...] = apply(op, self, other, dtype=dtype)
        return self

    return forward, backward, in_place


for _name, _op in {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide"}.items():
    _methods = _binary(_op)
    for _prefix, _method in zip(("", "r", "i"), _methods, strict=True):
        setattr(Symbol, f"__{_prefix}{_name}__", _method)
for _name, _op in {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}.items():
    setattr(Symbol, f"__{_name}__", _binary(_op, np.bool_)[0])
for _name, _op in {"and": "bitwise_and", "or": "bitwise_or"}.items():
    for _prefix, _method in zip(("", "r"), _binary(_op), strict=False):
        setattr(Symbol, f"__{_prefix}{_name}__", _method)
Symbol.__hash__ = object.__hash__  # type: ignore[method-assign]


def _power(self: Symbol, exponent: Any) -> Symbol:
    if not isinstance(exponent, Symbol):
        if exponent == 2:
            return apply("multiply", self, self)
        if exponent == 0.5:
            return apply("sqrt", self)
    return apply("power", self, exponent)


_ALONE: dict[str, Any] = {
    "__abs__": lambda self: apply("abs", self),
    "__pow__": _power,
    "__rpow__": lambda self, base: apply("power", base, self),
    "__neg__": lambda self: apply("negative", self),
    "__invert__": lambda self: apply("logical_not", self),
}
for _name, _method in _ALONE.items():
    setattr(Symbol, _name, _method)
