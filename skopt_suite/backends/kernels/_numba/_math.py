"""Elementary functions of one number, which LLVM vectorises in the loops that call them.

Those of the C library take one number at a time. These reduce the range and evaluate polynomials,
or quotients of two (minimax), without branches and in the precision of their argument. Results are
within 2.6 units in the last place (exp and log: 1.1), those of Mills' ratio within 10. NaN comes
through, infinities give the limits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import typeof, types
from numba.core import cgutils
from numba.extending import intrinsic

from skopt_suite.backends.kernels._numba._jit import EXACT, jit_inner


class _Numbers(NamedTuple):
    """What the functions are made of, in one precision; coefficients from the highest power on."""

    zero: Any
    half: Any
    one: Any
    two: Any
    per_log_two: Any  # 1 / log(2)
    log_two: Any  # in two parts: the first so short that multiples of it are exact
    to_integer: Any  # added to a number, it leaves its integer in the last bits
    exp_range: Any  # from where on exp is 0, and infinite
    lift: Any  # integer, so that 2**(n + lift) is a normal number where exp is not, and 2**-lift
    minus_one: Any  # from where on expm1 is -1
    exp_rest: Any  # (exp(r) - 1 - r) / r² for |r| up to log(2) / 2
    sqrt_half: Any
    log_rest: Any  # (log((1 + s) / (1 - s)) - 2 s) / s³ in s², of FreeBSD's log
    log1p_rest: Any  # (x - log(1 + x)) / x² for x in [0, 1]: numerator and denominator
    mills: Any  # Mills' ratio up to its end: numerator and denominator
    mills_end: Any


def _in_precision(number, value):
    if isinstance(value, tuple):
        return tuple(_in_precision(number, part) for part in value)
    return number(value)


def _numbers_in(number, **numbers):
    numbers |= {"zero": 0, "half": 0.5, "one": 1, "two": 2, "per_log_two": 1.4426950408889634}
    return _Numbers(**{name: _in_precision(number, value) for name, value in numbers.items()})


_SINGLE = _numbers_in(
    np.float32,
    log_two=(0.693359375, -2.12194440e-4),
    to_integer=1.5 * 2.0**23,
    exp_range=(-104.0, 89.0),
    lift=(32.0, 2.0**-32),
    minus_one=-18.0,
    exp_rest=(
        *(0.000199141371, 0.00139409696, 0.00833327312, 0.0416663553),
        *(0.166666668, 0.500000005),
    ),
    sqrt_half=0.707106781,
    log_rest=(0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693),
    log1p_rest=(
        (0.0728904879, 0.452302327, 0.499999941),
        (0.0763918694, 0.693332531, 1.57126741, 1.0),
    ),
    mills=(
        (0.0102210496, 0.101198942, 0.457363818, 1.09602521, 1.25331414),
        (0.0102209208, 0.101205752, 0.467428931, 1.19929042, 1.67238655, 1.0),
    ),
    mills_end=14.0,
)
_DOUBLE = _numbers_in(
    np.float64,
    log_two=(6.93147180369123816490e-01, 1.90821492927058770002e-10),
    to_integer=1.5 * 2.0**52,
    exp_range=(-746.0, 710.0),
    lift=(64.0, 2.0**-64),
    minus_one=-38.0,
    exp_rest=(
        *(2.5114441074274526e-8, 2.7626283670839363e-7, 2.7557228061004729e-6),
        *(2.4801504570015813e-5, 1.9841269902903164e-4, 1.3888888932255595e-3),
        *(8.3333333333146543e-3, 4.1666666666574103e-2, 1.6666666666666686e-1),
        0.50000000000000055,
    ),
    sqrt_half=0.70710678118654752,
    log_rest=(
        *(1.479819860511658591e-1, 1.531383769920937332e-1, 1.818357216161805012e-1),
        *(2.222219843214978396e-1, 2.857142874366239149e-1, 3.999999999940941908e-1),
        6.666666666666735130e-1,
    ),
    log1p_rest=(
        (
            *(1.5840251334464801e-3, 4.2773962970529820e-2, 0.31773401528894847),
            *(0.92810897688473149, 1.1459249994508749, 0.49999999999999959),
        ),
        (
            *(1.6075848072433331e-3, 4.9736698006766406e-2, 0.45484092559702608),
            *(1.7752512959836386, 3.3285623974885101, 2.9585166655682610, 1.0),
        ),
    ),
    mills=(
        (
            *(3.4738865830713514e-6, 9.3392099469427991e-5, 1.2293988921429056e-3),
            *(1.0251096804989620e-2, 5.9215894199366910e-2, 0.24490635781191701),
            *(0.72527199279042278, 1.4890840804801430, 1.9423416487526526),
            1.2533141373155002,
        ),
        (
            *(3.4738865830816567e-6, 9.3392099467294139e-5, 1.2328727789251912e-3),
            *(1.0344488893275554e-2, 6.0438345743646202e-2, 0.25497065870430640),
            *(0.78206407208903931, 1.7144182020910273, 2.5612700682093204),
            *(2.3476489741469789, 1.0),
        ),
    ),
    mills_end=39.0,
)


@intrinsic
def _numbers(typingctx, x):
    """Return the numbers in the precision of `x`."""
    numbers = _SINGLE if x == types.float32 else _DOUBLE

    def codegen(context, builder, signature, args):
        return context.get_constant_generic(builder, signature.return_type, numbers)

    return typeof(numbers)(x), codegen


@intrinsic
def _power_of_two(typingctx, shifted):
    """Return ``2**n`` of ``n + to_integer``, by writing n where the exponent is."""
    integer, at, bias = (
        (types.int32, 23, 127) if shifted == types.float32 else (types.int64, 52, 1023)
    )

    def codegen(context, builder, signature, args):
        bits = builder.bitcast(args[0], context.get_value_type(integer))
        exponent = builder.add(bits, context.get_constant(integer, bias))
        power = builder.shl(exponent, context.get_constant(integer, at))
        return builder.bitcast(power, args[0].type)

    return shifted(shifted), codegen


@intrinsic
def _polynomial(typingctx, x, coefficients):
    """Return the polynomial at x by Horner's rule, written out."""

    def codegen(context, builder, signature, args):
        x, coefficients = args
        total, *others = cgutils.unpack_tuple(builder, coefficients, len(signature.args[1]))
        for other in others:
            total = builder.fadd(builder.fmul(total, x, flags=EXACT), other, flags=EXACT)
        return total

    return x(x, coefficients), codegen


@jit_inner
def _reduced(x):
    """Return ``n + to_integer`` and ``exp(r) - 1`` of ``x = n * log(2) + r``."""
    c = _numbers(x)
    shifted = x * c.per_log_two + c.to_integer
    n = shifted - c.to_integer
    r = x - n * c.log_two[0] - n * c.log_two[1]
    return shifted, r + r * r * _polynomial(r, c.exp_rest)


@jit_inner
def clipped(x, low, high):
    x = low if x < low else x
    return high if x > high else x


@jit_inner
def exp(x):
    c = _numbers(x)
    shifted, rest = _reduced(clipped(x, c.exp_range[0], c.exp_range[1]))
    # in two steps: 2**n alone is no number where exp overflows or underflows
    n = shifted - c.to_integer
    half = n * c.half + c.to_integer
    other_half = n - (half - c.to_integer) + c.to_integer
    return (c.one + rest) * _power_of_two(half) * _power_of_two(other_half)


@jit_inner
def exp_below(x):
    """Return exp(x) for x up to 0, in less time than `exp`."""
    c = _numbers(x)
    shifted, rest = _reduced(c.exp_range[0] if x < c.exp_range[0] else x)
    return (c.one + rest) * _power_of_two(shifted + c.lift[0]) * c.lift[1]


@jit_inner
def expm1(x):
    c = _numbers(x)
    shifted, rest = _reduced(clipped(x, c.minus_one, c.exp_range[1]))
    half_power = _power_of_two(shifted - c.one)
    return c.two * (half_power * rest + (half_power - c.half))


@jit_inner
def tanh(x):
    c = _numbers(x)
    t = expm1(-c.two * abs(x))
    size = -t / (c.two + t)
    return size if x > c.zero else -size


@jit_inner
def logistic(x):
    """Return the function at x, and at -x, which is 1 minus that."""
    c = _numbers(x)
    e = exp_below(-abs(x))
    large = c.one / (c.one + e)
    small = e * large
    return (large, small) if x > c.zero else (small, large)


@intrinsic
def _parts(typingctx, x, mantissa):
    """Return n and m of ``x = m * 2**n``, with m from `mantissa` < 1 up to twice that."""
    integer, at = (types.int32, 23) if x == types.float32 else (types.int64, 52)

    def codegen(context, builder, signature, args):
        whole = context.get_value_type(integer)
        bits, least = (builder.bitcast(arg, whole) for arg in args)
        n = builder.ashr(builder.sub(bits, least), context.get_constant(integer, at))
        m = builder.sub(bits, builder.shl(n, context.get_constant(integer, at)))
        parts = builder.sitofp(n, args[0].type), builder.bitcast(m, args[0].type)
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(x, 2)(x, mantissa), codegen


@jit_inner
def log(x):
    """Return log(x) of a positive normal number, and what is infinite or NaN as it is."""
    c = _numbers(x)
    n, m = _parts(x, c.sqrt_half)
    f = m - c.one
    s = f / (m + c.one)
    q = s * s
    of_m = f - s * (f - q * _polynomial(q, c.log_rest))
    y = n * c.log_two[0] + (n * c.log_two[1] + of_m)
    return y if x - x == c.zero else x


@jit_inner
def log1p(x):
    """Return log(1 + x) for x in [0, 1]."""
    c = _numbers(x)
    rest = _polynomial(x, c.log1p_rest[0]) / _polynomial(x, c.log1p_rest[1])
    return x - x * x * rest


@jit_inner
def softplus(x):
    """Return log(1 + exp(x))."""
    c = _numbers(x)
    return (x if x > c.zero else c.zero) + log1p(exp_below(-abs(x)))


@jit_inner
def mills_ratio(x):
    """Return (1 - Φ(x)) / φ(x), of the normal distribution, for x from 0 to where φ(x) is 0."""
    c = _numbers(x)
    x = c.mills_end if x > c.mills_end else x
    return _polynomial(x, c.mills[0]) / _polynomial(x, c.mills[1])
