"""Kernels of normalisations, as text: their sums are over rows or over units.

``values`` are what they normalise, in their place. With d the gradient by ``gain * values + bias``,
that by what was normalised is ``scale * (gain * d - mean(gain * d) - values * mean(gain * d *
values))``. Sums are in double precision.
"""

from __future__ import annotations

import functools

from skopt_suite.backends.kernels._tracing._cuda import C_TYPES
from skopt_suite.backends.kernels._tracing._program import Program

_SUM = """\
__device__ double shared_sum(double value, double* parts, int own, int n, int stride) {
  const int rank = own / stride % n;
  parts[own] = value;
  for (int m = n / 2; m > 0; m /= 2) {
    __syncthreads();
    if (rank < m) parts[own] += parts[own + m * stride];
  }
  __syncthreads();
  value = parts[own - rank * stride];
  __syncthreads();
  return value;
}
"""
"""The sum over the threads of an axis of a block, all of which get it."""
_COLUMNS = """\
  __shared__ double parts[256];
  const int own = threadIdx.y * blockDim.x + threadIdx.x;
  const long long j = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  for (long long k = blockIdx.y; k < K; k += gridDim.y) {"""
_SUM_OF_COLUMN = "shared_sum({}, parts, own, blockDim.y, blockDim.x)"
_ROWS_OF_COLUMN = "if (j < N) for (long long i = threadIdx.y; i < B; i += blockDim.y)"
_LINES = """\
  __shared__ double parts[256];
  const int own = threadIdx.y * blockDim.x + threadIdx.x;
  const long long i = blockIdx.x * (long long)blockDim.y + threadIdx.y;
  for (long long k = blockIdx.y; k < K; k += gridDim.y) {"""
_SUM_OF_LINE = "shared_sum({}, parts, own, blockDim.x, 1)"
_UNITS_OF_LINE = "if (i < B) for (long long j = threadIdx.x; j < N; j += blockDim.x)"


@functools.cache
def normalise_batch(dtype: str, epsilon: float, share: float) -> Program:
    """Return the kernel that normalises columns, and moves what is kept of batches by a share."""
    t, z = C_TYPES[dtype], "values[k * values_0 + i * values_1 + j]"
    source = f"""\
{_SUM}extern "C" __global__ void normalise_batch(
    long long K, long long B, long long N, {t}* values, long long values_0, long long values_1,
    {t}* scale, long long scale_0, {t}* mean, long long mean_0,
    {t}* variance, long long variance_0) {{
{_COLUMNS}
    double sum = 0;
    {_ROWS_OF_COLUMN} sum += {z};
    const {t} centre = {t}({_SUM_OF_COLUMN.format("sum")} / B);
    sum = 0;
    {_ROWS_OF_COLUMN} {{
      const {t} own_value = {z} - centre;
      sum += own_value * own_value;
    }}
    const {t} spread = {t}({_SUM_OF_COLUMN.format("sum")} / B);
    const {t} factor = 1 / sqrt(spread + {t}({epsilon!r}));
    {_ROWS_OF_COLUMN} {z} = ({z} - centre) * factor;
    if (threadIdx.y == 0 && j < N) {{
      const {t} unbiased = spread * ({t}(B) / {t}(B > 1 ? B - 1 : 1));
      scale[k * scale_0 + j] = factor;
      mean[k * mean_0 + j] += {t}({share!r}) * (centre - mean[k * mean_0 + j]);
      variance[k * variance_0 + j] += {t}({share!r}) * (unbiased - variance[k * variance_0 + j]);
    }}
  }}
}}
"""
    arrays = ("values", 3), ("scale", 2), ("mean", 2), ("variance", 2)
    return Program("normalise_batch", source, arrays, ("K", "B", "N"))


@functools.cache
def normalise_layer(dtype: str, epsilon: float) -> Program:
    """Return the kernel that normalises rows."""
    t, z = C_TYPES[dtype], "values[k * values_0 + i * values_1 + j]"
    source = f"""\
{_SUM}extern "C" __global__ void normalise_layer(
    long long K, long long B, long long N, {t}* values, long long values_0, long long values_1,
    {t}* scale, long long scale_0) {{
{_LINES}
    double sum = 0;
    {_UNITS_OF_LINE} sum += {z};
    const {t} centre = {t}({_SUM_OF_LINE.format("sum")} / N);
    sum = 0;
    {_UNITS_OF_LINE} {{
      const {t} own_value = {z} - centre;
      sum += own_value * own_value;
    }}
    const {t} spread = {t}({_SUM_OF_LINE.format("sum")} / N);
    const {t} factor = 1 / sqrt(spread + {t}({epsilon!r}));
    {_UNITS_OF_LINE} {z} = ({z} - centre) * factor;
    if (threadIdx.x == 0 && i < B) scale[k * scale_0 + i] = factor;
  }}
}}
"""
    return Program("normalise_layer", source, (("values", 3), ("scale", 2)), ("K", "B", "N"))


@functools.cache
def back_through_columns(dtype: str, is_batch: bool) -> Program:
    """Return the kernel for gradients by gains and biases; of batches, also by what was normalised.

    The latter is written where `delta`, that by the output, was.
    """
    t, name = C_TYPES[dtype], "back_through_batch" if is_batch else "gradients_of_scaling"
    d, v = (f"{one}[k * {one}_0 + i * {one}_1 + j]" for one in ("delta", "values"))
    more = f", const {t}* scale, long long scale_0, const {t}* gain, long long gain_0"
    last = f"""\
    const {t} g = j < N ? gain[k * gain_0 + j] : 0, s = j < N ? scale[k * scale_0 + j] : 0;
    const {t} centre = {t}(g * of_bias / B), along = {t}(g * of_gain / B);
    {_ROWS_OF_COLUMN} {d} = s * (g * {d} - centre - {v} * along);
"""
    source = f"""\
{_SUM}extern "C" __global__ void {name}(
    long long K, long long B, long long N, {t}* delta, long long delta_0, long long delta_1,
    const {t}* values, long long values_0, long long values_1,
    {t}* gain_gradient, long long gain_gradient_0,
    {t}* bias_gradient, long long bias_gradient_0{more if is_batch else ""}) {{
{_COLUMNS}
    double of_bias = 0, of_gain = 0;
    {_ROWS_OF_COLUMN} {{
      of_bias += {d};
      of_gain += {d} * {v};
    }}
    of_bias = {_SUM_OF_COLUMN.format("of_bias")};
    of_gain = {_SUM_OF_COLUMN.format("of_gain")};
    if (threadIdx.y == 0 && j < N) {{
      gain_gradient[k * gain_gradient_0 + j] = {t}(of_gain);
      bias_gradient[k * bias_gradient_0 + j] = {t}(of_bias);
    }}
{last if is_batch else ""}  }}
}}
"""
    own = (("scale", 2), ("gain", 2)) if is_batch else ()
    arrays = ("delta", 3), ("values", 3), ("gain_gradient", 2), ("bias_gradient", 2), *own
    return Program(name, source, arrays, ("K", "B", "N"))


@functools.cache
def back_through_layer(dtype: str) -> Program:
    """Return the kernel for gradients by rows that were normalised, where `delta` was."""
    t = C_TYPES[dtype]
    d, v = (f"{one}[k * {one}_0 + i * {one}_1 + j]" for one in ("delta", "values"))
    g = "gain[k * gain_0 + j]"
    source = f"""\
{_SUM}extern "C" __global__ void back_through_layer(
    long long K, long long B, long long N, {t}* delta, long long delta_0, long long delta_1,
    const {t}* values, long long values_0, long long values_1,
    const {t}* scale, long long scale_0, const {t}* gain, long long gain_0) {{
{_LINES}
    double sum = 0, product = 0;
    {_UNITS_OF_LINE} {{
      const {t} own_delta = {g} * {d};
      sum += own_delta;
      product += own_delta * {v};
    }}
    const {t} centre = {t}({_SUM_OF_LINE.format("sum")} / N);
    const {t} along = {t}({_SUM_OF_LINE.format("product")} / N);
    const {t} s = i < B ? scale[k * scale_0 + i] : 0;
    {_UNITS_OF_LINE} {d} = s * ({g} * {d} - centre - {v} * along);
  }}
}}
"""
    arrays = ("delta", 3), ("values", 3), ("scale", 2), ("gain", 2)
    return Program("back_through_layer", source, arrays, ("K", "B", "N"))
