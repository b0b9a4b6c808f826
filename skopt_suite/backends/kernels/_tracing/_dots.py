"""Kernels that compute the sums of products that they need, where these are few.

A library's product is a kernel of its own, and for small matrices it takes longer to begin than to
multiply. Here, ``SPLIT`` threads share a sum over units or features; a call defines how many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skopt_suite.backends.kernels._tracing._cuda import C_TYPES, Writer
from skopt_suite.backends.kernels._tracing._expression import Expression
from skopt_suite.backends.kernels._tracing._lengths import (
    FITS,
    NAMES,
    OUTPUTS,
    PARAMS,
    ROWS,
    SUMMED,
    UNITS,
)
from skopt_suite.backends.kernels._tracing._namespace import INNER
from skopt_suite.backends.kernels._tracing._program import Leaf, Program, stores_of, whole
from skopt_suite.backends.kernels._tracing._symbol import Symbol

_FORWARD = "x[k * x_0 + i * x_1 + m], w[k * w_0 + m * w_1 + j]"
_BACKWARD = "x[k * x_0 + i * x_1 + m], w[k * w_0 + j * w_1 + m]"
_MASK = "SPLIT == 32 ? ~0u : ((1u << (SPLIT % 32)) - 1) << (threadIdx.x % 32 / SPLIT * SPLIT)"


def of_layer(
    name: str,
    writes: Sequence[tuple[str, Symbol]],
    leaves: Mapping[str, Leaf],
    summed: str,
    is_transposed: bool,
) -> Program:
    """Return a kernel for entries (fits, rows, units) of which one array is a matrix product.

    Parameters
    ----------
    name : str
        Of the kernel.
    writes : sequence of (str, Symbol)
        Arrays, and what is written to them.
    leaves : mapping
        Arrays by name.
    summed : str
        Which of them is ``x @ w``; it is not read.
    is_transposed : bool
        Whether it is ``x @ w.T`` instead.
    """
    writer = Writer({"k": FITS, "i": ROWS, "j": UNITS, INNER: OUTPUTS}, NAMES)
    writer.given[summed] = "dot"
    kind = C_TYPES[leaves[summed].dtype.name]
    factors = _BACKWARD if is_transposed else _FORWARD
    stores = [store for target, symbol in writes for store in stores_of(target, symbol, True)]
    values = [(store.target, writer.value(store.value)) for store in stores]
    lines = [
        f"const unsigned mask = {_MASK};",
        "const int s = threadIdx.x % SPLIT;",
        "for (long long k = blockIdx.y; k < K; k += gridDim.y)",
        "for (long long t = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / SPLIT; t < B * N;",
        "     t += gridDim.x * (long long)blockDim.x / SPLIT) {",
        "const long long i = (unsigned)t / (unsigned)N, j = (unsigned)t % (unsigned)N;",
        f"{kind} dot = 0;",
        "#pragma unroll 8",
        f"for (long long m = s; m < M; m += SPLIT) dot = fma({factors}, dot);",
        "for (int d = SPLIT / 2; d; d >>= 1) dot += __shfl_xor_sync(mask, dot, d);",
        "if (s) continue;",
        *writer.lines,
        *(f"{target} = {value};" for target, value in values),
        "}",
    ]
    writer.loads |= {"x", "w"}
    shape, dtype = (FITS, ROWS, SUMMED), leaves[summed].dtype
    more = {"x": Leaf("x", shape, dtype), "w": Leaf("w", shape, dtype)}
    return whole(name, lines, writer, {**leaves, **more}, [target for target, _ in writes])


def of_params(
    name: str,
    writes: Sequence[tuple[str, Symbol]],
    leaves: Mapping[str, Leaf],
    hoisted: list[Expression],
    n_layers: int,
) -> Program:
    """Return a kernel for entries (fits, params) that sums their gradient over the rows of a batch.

    It is called with the input of every layer, ``x0``, ``x1`` …, the gradient by its sums, ``d0``,
    ``d1`` …, and the lengths that say where its weights and biases lie.
    """
    writer = Writer({"k": FITS, "j": PARAMS, INNER: OUTPUTS}, NAMES)
    writer.given["gradient"], writer.hoisted = "g", hoisted
    stores = [store for target, symbol in writes for store in stores_of(target, symbol, False)]
    values = [(store, writer.value(store.value)) for store in stores]
    dtype = leaves["gradient"].dtype
    lines = [
        "for (long long k = blockIdx.y; k < K; k += gridDim.y)",
        "for (long long j = blockIdx.x * (long long)blockDim.x + threadIdx.x; j < P;",
        "     j += gridDim.x * (long long)blockDim.x) {",
        f"{C_TYPES[dtype.name]} g = 0;",
        *(line for layer in range(n_layers) for line in _sum_over_rows(layer)),
        *writer.lines,
    ]
    for store, value in values:
        guard = "" if store.length == PARAMS else f"if (j < {NAMES[store.length]}) "
        lines.append(f"{guard}{store.target} = {value};")
    own = [f"{letter}{layer}" for layer in range(n_layers) for letter in "xd"]
    writer.loads |= set(own)
    more = {array: Leaf(array, (FITS, ROWS, UNITS), dtype) for array in own}
    lengths = [f"{what}{layer}" for layer in range(n_layers) for what in LAYOUT]
    written = [target for target, _ in writes]
    return whole(name, [*lines, "}"], writer, {**leaves, **more}, written, lengths)


LAYOUT = "weights_at_", "weights_end_", "bias_at_", "n_out_"
"""Lengths that a layer brings: where its weights begin and end, where its biases begin (-1: it has
none), and its outputs."""


def _sum_over_rows(layer: int) -> list[str]:
    """Return the lines that sum the gradient of a parameter of a layer."""
    start, end, bias, n_out = (f"{what}{layer}" for what in LAYOUT)
    x, d = (f"{letter}{layer}" for letter in "xd")
    delta = f"{d}[k * {d}_0 + i * {d}_1 + o]"
    loop = "for (long long i = 0; i < B; ++i)"
    return [
        f"if (j >= {start} && j < {end}) {{",
        f"  const unsigned n = j - {start}, m = n / (unsigned){n_out}, o = n % (unsigned){n_out};",
        "  #pragma unroll 8",
        f"  {loop} g = fma({x}[k * {x}_0 + i * {x}_1 + m], {delta}, g);",
        f"}} else if ({bias} >= 0 && j >= {bias} && j < {bias} + {n_out}) {{",
        f"  const unsigned o = j - {bias};",
        "  #pragma unroll 8",
        f"  {loop} g += {delta};",
        "}",
    ]
