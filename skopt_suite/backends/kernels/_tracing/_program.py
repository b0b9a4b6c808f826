"""Whole kernels, and what a call has to bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends.kernels._tracing._cuda import C_TYPES, PREAMBLE, Writer, pointer
from skopt_suite.backends.kernels._tracing._expression import (
    CannotTrace,
    Expression,
    Lifted,
    known,
    position,
    variable,
)
from skopt_suite.backends.kernels._tracing._lengths import FITS, NAMES, OUTPUTS, ROWS
from skopt_suite.backends.kernels._tracing._namespace import INNER, OVER_PARAMS
from skopt_suite.backends.kernels._tracing._symbol import Index, Symbol


class Program(NamedTuple):
    """A kernel as text."""

    name: str
    source: str
    arrays: tuple[tuple[str, int], ...]
    """Names and numbers of axes of the arrays that a call brings; their last axis is contiguous,
    and strides of the others, in entries, come behind each."""
    lengths: tuple[str, ...]
    """Names of the lengths that come first."""


class Leaf(NamedTuple):
    """An array that a call brings."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    by_order: int | None = None
    """Which axis is read by the positions in the array `order`, if any."""

    def symbol(self) -> Symbol:
        """Return what stands for it."""

        def at(index: Index) -> Expression:
            if self.by_order is not None:
                at = self.by_order
                row = Expression("load", ("order", (ROWS,), index[at]), np.dtype(np.int64))
                index = (*index[:at], row, *index[at + 1 :])
            return Expression("load", (self.name, self.shape, *index), self.dtype)

        return Symbol(self.shape, self.dtype, at)


def scalar(name: str, dtype: Any) -> Symbol:
    """Return a length as a number."""
    expression = Expression("argument", (name,), np.dtype(dtype))
    return Symbol((), dtype, lambda index: expression)


def uniform(layer: int, n_units: int, dtype: Any) -> Symbol:
    """Return numbers of [0, 1) for rows and units, (1, n_samples, n_units), drawn by counters."""

    def at(index: Index) -> Expression:
        step = Expression("load", ("step", (1,), position(0)), np.dtype(np.int64))
        return Expression("uniform", (f"seed, {layer}", step, *index[1:]), np.dtype(dtype))

    return Symbol((1, ROWS, n_units), dtype, at)


def of_entries(
    name: str,
    writes: Sequence[tuple[str, Symbol]],
    leaves: Mapping[str, Leaf],
    units: int,
    hoisted: list[Expression] | None = None,
) -> Program:
    """Return a kernel with a thread for every entry of (fits, units) or (fits, rows, units).

    Given a list, what is the same for all of a fit is put there, and read from the array `hoisted`.
    """
    is_layer = any(symbol.ndim == 3 and symbol.shape[1] == ROWS for _, symbol in writes)
    lengths = {"k": FITS, "i": ROWS, "j": units, INNER: OUTPUTS}
    writer = Writer(lengths, NAMES)
    writer.hoisted = hoisted
    stores = [store for target, symbol in writes for store in stores_of(target, symbol, is_layer)]
    values = [(store, writer.value(store.value)) for store in stores]
    for store, value in values:
        n = store.length
        guard = f"if (j < {NAMES.get(n, n)}) " if n != units else ""
        writer.lines.append(f"{guard}{store.target} = {value};")
    length = NAMES[units]
    inner = f"B * {length}" if is_layer else length
    where = [f"const long long i = (unsigned)t / (unsigned){length};"] * is_layer
    where += [
        f"const long long j = (unsigned)t % (unsigned){length};"
        if is_layer
        else "const long long j = t;"
    ]
    head = [
        "for (long long k = blockIdx.y; k < K; k += gridDim.y)",
        "for (long long t = blockIdx.x * (long long)blockDim.x + threadIdx.x;"
        f" t < {inner}; t += gridDim.x * (long long)blockDim.x) {{",
    ]
    return whole(
        name, [*head, *where, *writer.lines, "}"], writer, leaves, [to for to, _ in writes]
    )


def of_fits(
    name: str,
    entries: Sequence[tuple[str, Expression]],
    leaves: Mapping[str, Leaf],
    hoisted: Sequence[Expression],
) -> Program:
    """Return a kernel with a thread for every fit, which also writes what was hoisted."""
    writer = Writer({"k": FITS}, NAMES)
    values = [(f"{to}[k * {to}_0]", writer.value(new)) for to, new in entries]
    for i, expression in enumerate(hoisted):
        values.append((f"hoisted[k * hoisted_0 + {i}]", writer.value(expression)))
    for target in writer.loads:
        if target != "sums" and leaves[target].shape[-1] != 1:
            raise CannotTrace("A number of a fit depends on one of its parameters.")
    stores = [f"{target} = {value};" for target, value in values]
    written = [*(to for to, _ in entries), *(["hoisted"] if hoisted else [])]
    head = "for (long long k = blockIdx.x * (long long)blockDim.x + threadIdx.x; k < K;"
    head += " k += gridDim.x * (long long)blockDim.x) {"
    return whole(name, [head, *writer.lines, *stores, "}"], writer, leaves, written)


def of_sums(name: str, reductions: Sequence[Lifted], leaves: Mapping[str, Leaf]) -> Program:
    """Return a kernel with a block for every fit that reduces what all parameters are part of.

    Results go to the array `sums`, each to its own column.
    """
    writer = Writer({"k": FITS, OVER_PARAMS: 0}, NAMES)
    (length,) = {known(each.reduction.args[2]) for each in reductions}
    writer.lengths = {"k": FITS, OVER_PARAMS: length}
    kinds = [C_TYPES[each.reduction.dtype.name] for each in reductions]
    writer.open_loop(OVER_PARAMS)
    values = [writer.value(each.reduction.args[3]) for each in reductions]
    body = writer.scopes.pop().lines
    ops = ["sum" if each.reduction.args[0] == "add" else "largest" for each in reductions]
    starts = {"sum": "0", "largest": "-INFINITY"}
    lines = ["const long long k = blockIdx.x;", *writer.lines]
    lines += [f"double r{i} = {starts[op]};" for i, op in enumerate(ops)]
    p, n = OVER_PARAMS, NAMES[length]
    lines += [f"for (long long {p} = threadIdx.x; {p} < {n}; {p} += blockDim.x) {{", *body]
    more = {"sum": "r{0} + {1}", "largest": "larger(r{0}, (double){1})"}
    lines += [
        f"r{i} = {more[op].format(i, value)};"
        for i, (op, value) in enumerate(zip(ops, values, strict=True))
    ]
    lines.append("}")
    for i, (each, op, kind) in enumerate(zip(reductions, ops, kinds, strict=True)):
        lines.append(f"r{i} = {op}_of_block(r{i});")
        lines.append(f"if (threadIdx.x == 0) sums[k * sums_0 + {each.slot}] = {kind}(r{i});")
    return whole(name, lines, writer, leaves, ["sums"])


def of_rows(
    name: str, value: Symbol, gradient: Symbol, target: str, leaves: Mapping[str, Leaf]
) -> Program:
    """Return a kernel that writes the gradient, (fits, rows, outputs).

    The mean of the values, (fits, rows), is added to the array `total`, times a share. A fit has
    several blocks, each with its own column of that array, so that sums are always the same.
    """
    writer = Writer({"k": FITS, "i": ROWS, INNER: OUTPUTS}, NAMES)
    k, i, c = variable("k"), variable("i"), variable(INNER)
    mean = writer.value(value.at((k, i)))
    entry = gradient.at((k, i, c))
    writer.open_loop(INNER)
    writer.store(f"{target}[k * {target}_0 + i * {target}_1 + {INNER}]", entry)
    writer.close_loop()
    head = [
        "const long long k = blockIdx.x, first = blockIdx.y * (long long)blockDim.x;",
        "double sum = 0;",
        "for (long long i = first + threadIdx.x; i < B; i += gridDim.y * (long long)blockDim.x) {",
    ]
    tail = [
        f"sum += (double){mean};",
        "}",
        "sum = sum_of_block(sum) / (double)B * share[0];",
        "if (threadIdx.x == 0) total[k * total_0 + blockIdx.y] += sum;",
    ]
    more = {
        "total": Leaf("total", (FITS, OUTPUTS), np.dtype(np.float64)),
        "share": Leaf("share", (1,), np.dtype(np.float64)),
    }
    writer.loads.add("share")
    lines = [*head, *writer.lines, *tail]
    return whole(name, lines, writer, {**leaves, **more}, [target, "total"])


class Store(NamedTuple):
    """A value that a thread writes, the last axis of whose array is so long."""

    target: str
    value: Expression
    length: int


def stores_of(target: str, symbol: Symbol, is_layer: bool) -> list[Store]:
    """Return what a thread writes of an array."""
    k, i, j = variable("k"), variable("i"), variable("j")
    n = symbol.shape[-1]
    if symbol.ndim == 2:
        return [Store(f"{target}[k * {target}_0 + j]", symbol.at((k, j)), n)]
    if is_layer:
        entry = f"{target}[k * {target}_0 + i * {target}_1 + j]"
        return [Store(entry, symbol.at((k, i, j)), n)]
    return [
        Store(f"{target}[k * {target}_0 + {m} * {target}_1 + j]", symbol.at((k, position(m), j)), n)
        for m in range(symbol.shape[1])
    ]


def whole(
    name: str,
    lines: Sequence[str],
    writer: Writer,
    leaves: Mapping[str, Leaf],
    written: Sequence[str],
    more_lengths: Sequence[str] = (),
) -> Program:
    """Return a kernel from its lines."""
    numbers = np.dtype(np.float64)
    own = {name: Leaf(name, (FITS, OUTPUTS), numbers) for name in ("hoisted", "sums")}
    leaves = {**leaves, **own}
    names = [*written, *sorted(writer.loads - set(written))]
    arrays = tuple((array, len(leaves[array].shape)) for array in names)
    lengths = (*NAMES.values(), *more_lengths)
    arguments = [f"long long {length}" for length in lengths]
    for array, n_axes in arrays:
        arguments.append(pointer(array, leaves[array].dtype, array in written))
        arguments += [f"long long {array}_{axis}" for axis in range(n_axes - 1)]
    text = "\n".join("  " + line for line in lines)
    helpers = [PREAMBLE]
    if "uniform(" in text:
        arguments.append("unsigned long long seed")
        helpers.append(PHILOX)
    if "_of_block(" in text:
        helpers.append(BLOCKS)
    if "_of_warp(" in text:
        helpers.append(WARPS)
    signature = f'extern "C" __global__ void {name}({", ".join(arguments)})'
    return Program(name, f"{''.join(helpers)}{signature} {{\n{text}\n}}\n", arrays, lengths)


BLOCKS = """\
template <typename Op> __device__ double of_block(double value, Op both) {
  __shared__ double parts[32];
  for (int d = warpSize / 2; d; d >>= 1) value = both(value, __shfl_down_sync(~0u, value, d));
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
  __syncthreads();
  for (int w = 1; w < blockDim.x / 32; ++w) value = both(value, parts[w]);
  return value;
}
__device__ double sum_of_block(double value) {
  return of_block(value, [](double a, double b) { return a + b; });
}
__device__ double largest_of_block(double value) {
  return of_block(value, [](double a, double b) { return larger(a, b); });
}
"""
WARPS = """\
template <typename Op> __device__ double of_warp(double value, Op both) {
  for (int d = warpSize / 2; d; d >>= 1) value = both(value, __shfl_xor_sync(~0u, value, d));
  return value;
}
__device__ double sum_of_warp(double value) {
  return of_warp(value, [](double a, double b) { return a + b; });
}
__device__ double largest_of_warp(double value) {
  return of_warp(value, [](double a, double b) { return larger(a, b); });
}
"""
PHILOX = """\
__device__ float uniform(
    unsigned long long seed, unsigned layer, long long step, long long row, long long unit) {
  unsigned w0 = (unsigned)unit, w1 = (unsigned)(row / 4), w2 = (unsigned)step, w3 = layer;
  unsigned a = (unsigned)seed, b = (unsigned)(seed >> 32);
  for (int i = 0; i < 10; ++i, a += 0x9E3779B9u, b += 0xBB67AE85u) {
    const unsigned h0 = __umulhi(0xD2511F53u, w0), l0 = 0xD2511F53u * w0;
    const unsigned h2 = __umulhi(0xCD9E8D57u, w2), l2 = 0xCD9E8D57u * w2;
    w0 = h2 ^ w1 ^ a; w1 = l2; w2 = h0 ^ w3 ^ b; w3 = l0;
  }
  const unsigned at = (unsigned)(row % 4), word = at == 0 ? w0 : at == 1 ? w1 : at == 2 ? w2 : w3;
  return (word >> 8) * 5.9604644775390625e-08f;
}
"""
