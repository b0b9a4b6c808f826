"""Types of what functions take, by the precision of a fit."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, typeof_impl

from skopt_suite.backends.kernels._numba._arrays import make_array, populate_array

whole = types.int64
number = types.float64

_ROOM = 64


def taken_as_tuple(kind: type) -> type:
    """Let numba take a class for the tuple that it is.

    Else it asks all abstract classes in the process for it, which takes a tenth of a second.
    """
    typeof_impl.register(kind, typeof_impl.dispatch(tuple))
    return kind


def array(kind: Any, n_axes: int, layout: str = "C") -> Any:
    """Return the type of an array that is written to."""
    return types.Array(kind, n_axes, layout)


def given(kind: Any, n_axes: int, layout: str = "C") -> Any:
    """Return the type of an array that is read: also of one that cannot be written to."""
    return types.Array(kind, n_axes, layout, readonly=True)


@intrinsic
def row_of(context, rows, k):
    """Return ``rows[k]``, whose numbers lie side by side: that is not checked.

    Loops over it vectorise, as the compiler knows that they do.
    """
    row = types.Array(rows.dtype, 1, "C", readonly=not rows.mutable)

    def code(context, builder, call, arguments):
        whole = make_array(call.args[0])(context, builder, arguments[0])
        _, length = cgutils.unpack_tuple(builder, whole.shape, 2)
        apart, _ = cgutils.unpack_tuple(builder, whole.strides, 2)
        start = cgutils.pointer_add(builder, whole.data, builder.mul(arguments[1], apart))
        view = make_array(call.return_type)(context, builder)
        size = whole.itemsize
        populate_array(view, start, [length], [size], size, meminfo=None)
        return view._getvalue()

    return row(rows, types.intp), code


@intrinsic
def flat_of(context, values):
    """Return ``values.reshape(-1)`` of an array in C's order; it compiles in no time."""
    flat = types.Array(values.dtype, 1, "C", readonly=not values.mutable)

    def code(context, builder, call, arguments):
        whole = make_array(call.args[0])(context, builder, arguments[0])
        view = make_array(call.return_type)(context, builder)
        size = whole.itemsize
        populate_array(view, whole.data, [whole.nitems], [size], size, meminfo=None)
        return view._getvalue()

    return flat(values), code


@intrinsic
def part_of(context, flat, start, size):
    """Return ``flat[start : start + size]``; that there are as many is not checked."""
    place = types.intp

    def code(context, builder, call, arguments):
        whole = make_array(call.args[0])(context, builder, arguments[0])
        data = builder.gep(whole.data, [arguments[1]])
        view = make_array(call.return_type)(context, builder)
        item = whole.itemsize
        populate_array(view, data, [arguments[2]], [item], item, meminfo=None)
        return view._getvalue()

    return flat(flat, place, place), code


@intrinsic
def matrix_of(context, flat, start, n_rows, n_columns):
    """Return ``flat[start : start + n_rows * n_columns].reshape((n_rows, n_columns))``.

    That there are as many is not checked. It compiles in no time, as slices and reshapes do not.
    """
    matrix = types.Array(flat.dtype, 2, "C", readonly=not flat.mutable)
    place = types.intp

    def code(context, builder, call, arguments):
        whole = make_array(call.args[0])(context, builder, arguments[0])
        _, start, n_rows, n_columns = arguments
        size = whole.itemsize
        data = cgutils.pointer_add(builder, whole.data, builder.mul(start, size))
        view = make_array(call.return_type)(context, builder)
        strides = [builder.mul(n_columns, size), size]
        populate_array(view, data, [n_rows, n_columns], strides, size, meminfo=None)
        return view._getvalue()

    return matrix(flat, place, place, place), code


@intrinsic
def rows_of(context, rows, first, n_rows):
    """Return ``rows[first : first + n_rows]``; that there are as many is not checked."""
    part = types.Array(rows.dtype, 2, "C", readonly=not rows.mutable)
    place = types.intp

    def code(context, builder, call, arguments):
        whole = make_array(call.args[0])(context, builder, arguments[0])
        _, first, n_rows = arguments
        _, n_columns = cgutils.unpack_tuple(builder, whole.shape, 2)
        apart, size = cgutils.unpack_tuple(builder, whole.strides, 2)
        data = cgutils.pointer_add(builder, whole.data, builder.mul(first, apart))
        view = make_array(call.return_type)(context, builder)
        populate_array(view, data, [n_rows, n_columns], [apart, size], size, meminfo=None)
        return view._getvalue()

    return part(rows, place, place), code


@intrinsic
def from_column(context, rows, start):
    """Return ``rows[:, start:]``, which seems to have as many columns as before."""

    def code(context, builder, call, arguments):
        whole = make_array(call.args[0])(context, builder, arguments[0])
        size = whole.itemsize
        data = cgutils.pointer_add(builder, whole.data, builder.mul(arguments[1], size))
        view = make_array(call.return_type)(context, builder)
        populate_array(view, data, whole.shape, whole.strides, size, meminfo=None)
        return view._getvalue()

    return rows(rows, types.intp), code


@intrinsic
def doubles(context):
    """Return room for numbers in double precision, for as long as the function runs."""
    return _room(types.float64)(), _make_room


@intrinsic
def room_like(context, values):
    """Return room for numbers in the precision of `values`, for as long as the function runs."""
    return _room(values.dtype)(values), _make_room


def _room(kind):
    return types.Array(kind, 1, "C")


def _make_room(context, builder, call, arguments):
    kind = context.get_value_type(call.return_type.dtype)
    data = cgutils.alloca_once(builder, kind, size=_ROOM)
    length = context.get_constant(types.intp, _ROOM)
    size = context.get_constant(types.intp, call.return_type.dtype.bitwidth // 8)
    room = make_array(call.return_type)(context, builder)
    populate_array(room, data, [length], [size], size, meminfo=None)
    return room._getvalue()
