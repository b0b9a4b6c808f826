"""Matrix products by BLAS, called by address.

numba's own `numpy.dot` checks and copies for every call what is known here, and takes a second to
compile.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

from skopt_suite.backends.kernels._numba._arrays import make_array
from skopt_suite.backends.kernels._numba._jit import jit_inner_views


@cache
def gemm_address(dtype: Any) -> int:
    """Return where SciPy's matrix product for that precision is."""
    name = "sgemm" if dtype == "float32" else "dgemm"
    return get_cython_function_address("scipy.linalg.cython_blas", name)


@intrinsic
def _gemm(context, address, transposed, sizes, a, b, out, beta):
    """Call ``out = op(a) op(b) + beta out`` for matrices in Fortran's order.

    `transposed` are two truth values and `sizes` the numbers m, n, k, and the leading dimensions
    of `a`, `b` and `out`.
    """

    def code(context, builder, call, arguments):
        number = context.get_value_type(call.args[5].dtype)
        integer, character = ir.IntType(32), ir.IntType(8)

        def place(kind, value):
            at = cgutils.alloca_once(builder, kind)
            builder.store(value, at)
            return at

        def letter(i):
            flag = builder.extract_value(arguments[1], i)
            chosen = builder.select(
                cgutils.is_true(builder, flag), character(ord("T")), character(ord("N"))
            )
            return place(character, chosen)

        m, n, k, of_a, of_b, of_out = (
            place(integer, builder.trunc(builder.extract_value(arguments[2], i), integer))
            for i in range(6)
        )
        a, b, out = (
            make_array(call.args[i])(context, builder, arguments[i]).data for i in (3, 4, 5)
        )
        one = place(number, ir.Constant(number, 1.0))
        passed = [
            letter(0), letter(1), m, n, k, one, a, of_a, b, of_b,
            place(number, arguments[6]), out, of_out,
        ]  # fmt: skip
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in passed])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), passed)
        return context.get_dummy_value()

    beta = out.dtype
    return types.void(types.int64, transposed, sizes, a, b, out, beta), code


@jit_inner_views
def product(gemm, a, b, out, beta):
    """``out = a @ b + beta * out``."""
    (m, k), n = a.shape, b.shape[1]
    _gemm(gemm, (False, False), (n, m, k, n, k, n), b, a, out, beta)


@jit_inner_views
def transposed_product(gemm, a, b, out, beta):
    """``out = a.T @ b + beta * out``, of so many columns of `a` as `out` has rows."""
    (k, apart), (m, n) = a.shape, out.shape
    _gemm(gemm, (False, True), (n, m, k, n, apart, n), b, a, out, beta)


@jit_inner_views
def product_with_transposed(gemm, a, b, out, beta):
    """``out = a @ b.T + beta * out``."""
    (m, k), n = a.shape, b.shape[0]
    _gemm(gemm, (True, False), (n, m, k, k, k, n), b, a, out, beta)
