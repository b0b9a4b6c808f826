"""Kernels that read and add up rows, as text."""

from __future__ import annotations

import functools

from skopt_suite.backends.kernels._tracing._cuda import C_TYPES
from skopt_suite.backends.kernels._tracing._program import Program


@functools.cache
def gather(x_type: str, dtype: str, is_scaled: bool) -> Program:
    """Return the kernel that copies rows by their positions, in the precision of the fit."""
    value = "x[order[i] * x_0 + j]"
    if is_scaled:
        value = f"((double){value} - mean[j]) * factor[j]"
    scaling = "const double* mean, const double* factor, " if is_scaled else ""
    names = [("out", 2), *([("mean", 1), ("factor", 1)] if is_scaled else [])]
    source = f"""\
extern "C" __global__ void gather(
    long long B, long long N, {C_TYPES[dtype]}* out, long long out_0, {scaling}
    const long long* order, const {C_TYPES[x_type]}* x, long long x_0) {{
  const long long n = B * N;
  for (long long t = blockIdx.x * (long long)blockDim.x + threadIdx.x; t < n;
       t += gridDim.x * (long long)blockDim.x) {{
    const long long i = t / N, j = t - i * N;
    out[i * out_0 + j] = {C_TYPES[dtype]}({value});
  }}
}}
"""
    return Program("gather", source, (*names, ("order", 1), ("x", 2)), ("B", "N"))


@functools.cache
def gather_sparse(x_type: str, index_types: tuple[str, str]) -> Program:
    """Return the kernel that writes rows of CSR by their positions, with their zeros.

    Types are of numbers, and of `indptr` and `indices`. Indices of a row differ.
    """
    t, (pointer, index) = C_TYPES[x_type], (C_TYPES[one] for one in index_types)
    source = f"""\
extern "C" __global__ void gather_sparse(
    long long B, long long N, {t}* out, long long out_0, const long long* order,
    const {pointer}* indptr, const {index}* indices, const {t}* data) {{
  for (long long i = blockIdx.x; i < B; i += gridDim.x) {{
    for (long long j = threadIdx.x; j < N; j += blockDim.x) out[i * out_0 + j] = 0;
    __syncthreads();
    const long long r = order[i], end = indptr[r + 1];
    for (long long p = indptr[r] + threadIdx.x; p < end; p += blockDim.x)
      out[i * out_0 + indices[p]] = data[p];
  }}
}}
"""
    arrays = ("out", 2), ("order", 1), ("indptr", 1), ("indices", 1), ("data", 1)
    return Program("gather_sparse", source, arrays, ("B", "N"))


@functools.cache
def to_bfloat16() -> Program:
    """Return the kernel that rounds to the nearest number of bfloat16, of two to an even one."""
    source = """\
extern "C" __global__ void to_bfloat16(
    long long K, long long entries, unsigned short* out, long long out_0,
    const unsigned int* x, long long x_0) {
  for (long long k = blockIdx.y; k < K; k += gridDim.y)
    for (long long t = blockIdx.x * (long long)blockDim.x + threadIdx.x; t < entries;
         t += gridDim.x * (long long)blockDim.x) {
      const unsigned int bits = x[k * x_0 + t], is_nan = (bits & 0x7fffffff) > 0x7f800000;
      out[k * out_0 + t] = is_nan ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    }
}
"""
    return Program("to_bfloat16", source, (("out", 2), ("x", 2)), ("K", "entries"))


@functools.cache
def sum_of_rows(delta_type: str, dtype: str) -> Program:
    """Return the kernel that adds up rows of every fit, in double precision.

    A block takes as many columns as its first axis has threads; those of the second, a power of 2,
    and the blocks in the grid's third axis, share the rows.
    """
    t = C_TYPES[dtype]
    source = f"""\
extern "C" __global__ void sum_of_rows(
    long long K, long long B, long long N, {t}* out, long long out_0, long long out_1,
    const {C_TYPES[delta_type]}* delta, long long delta_0, long long delta_1) {{
  __shared__ double parts[256];
  const long long j = blockIdx.x * (long long)blockDim.x + threadIdx.x, part = blockIdx.z;
  const int own = threadIdx.y * blockDim.x + threadIdx.x;
  for (long long k = blockIdx.y; k < K; k += gridDim.y) {{
    double sum = 0;
    if (j < N)
      for (long long i = part * blockDim.y + threadIdx.y; i < B; i += blockDim.y * gridDim.z)
        sum += delta[k * delta_0 + i * delta_1 + j];
    parts[own] = sum;
    for (int n = blockDim.y / 2; n > 0; n /= 2) {{
      __syncthreads();
      if (threadIdx.y < n) parts[own] += parts[own + n * blockDim.x];
    }}
    if (threadIdx.y == 0 && j < N) out[k * out_0 + part * out_1 + j] = {t}(parts[own]);
    __syncthreads();
  }}
}}
"""
    return Program("sum_of_rows", source, (("out", 3), ("delta", 3)), ("K", "B", "N"))
