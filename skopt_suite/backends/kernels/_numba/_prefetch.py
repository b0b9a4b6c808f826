"""Rows that are taken in random order: memory is asked for them before they are needed."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skopt_suite.backends.kernels._numba._arrays import make_array
from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_inner_views
from skopt_suite.backends.kernels._numba._types import flat_of

_LINE = 64  # bytes
_MOST = 8  # lines; memory notices by itself that a longer row is read on


@intrinsic
def _prefetch(context, array, position):
    """Ask for the line of memory that a number of a flat array is in."""

    def code(context, builder, call, arguments):
        data = make_array(call.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        read, keep, data_cache = (
            ir.Constant(number, 0),
            ir.Constant(number, 3),
            ir.Constant(number, 1),
        )
        builder.call(function, [address, read, keep, data_cache])
        return context.get_dummy_value()

    return types.void(array, position), code


@jit_inner_views
def prefetch_rows(rows, order, start, stop):
    """Ask for rows of a contiguous array."""
    flat, n_columns, per_line = flat_of(rows), rows.shape[1], _LINE // rows.itemsize
    most = _MOST * per_line
    length = n_columns if n_columns < most else most
    for i in range(start, stop if stop < order.size else order.size):
        first = order[i] * n_columns
        for position in range(first, first + length, per_line):
            _prefetch(flat, position)


@jit_inlined
def prefetch_sparse_rows(rows, start, n_rows):
    """Ask for the values of rows."""
    for i in range(start, min(start + n_rows, rows.order.size)):
        row = rows.order[i]
        prefetch_entries(rows.data, rows.indices, rows.indptr[row], rows.indptr[row + 1])


@jit_inlined
def prefetch_entries(data, indices, start, stop):
    """Ask for the values of one row."""
    for position in range(start, stop, _LINE // data.itemsize):
        _prefetch(data, position)
    for position in range(start, stop, _LINE // indices.itemsize):
        _prefetch(indices, position)
