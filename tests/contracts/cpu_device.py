"""A device that is the host: the kernels' text compiled for it, one thread at a time.

So the text is run where there is no card. NumPy makes the products, and graphs are made anew.
"""

import contextlib
import ctypes
import functools
import shutil
import subprocess

import numpy as np
import pytest

from skopt_suite.backends.kernels._tracing import _rows

HEADER = """
#include <cmath>
using namespace std;
struct Position { unsigned x, y, z; };
static Position blockIdx, threadIdx, blockDim = {1, 1, 1}, gridDim;
#define __device__ static
#define __global__
#define __restrict__
#define __noinline__
#define __shared__ static
#define __syncthreads()
#define __shfl_down_sync(mask, value, distance) (value)
#define __shfl_xor_sync(mask, value, distance) (value)
static const int warpSize = 1;
static unsigned __umulhi(unsigned a, unsigned b) { return (unsigned long long)a * b >> 32; }
"""
RUN = """
extern "C" void run(unsigned nx, unsigned ny, unsigned nz, {declared}) {{
  gridDim = {{nx, ny, nz}};
  for (unsigned z_ = 0; z_ < nz; ++z_) for (unsigned y_ = 0; y_ < ny; ++y_)
    for (unsigned x_ = 0; x_ < nx; ++x_) {{ blockIdx = {{x_, y_, z_}}; {name}({passed}); }}
}}
"""


class Graph:
    """Work that is done anew."""

    def __init__(self, step, n_steps):
        self.step, self.n_steps = step, n_steps

    def launch(self, stream):
        for u in range(self.n_steps):
            self.step(u)


class CpuEngine:
    """What `skopt_suite.backends.kernels._cupy.Engine` is, on arrays of NumPy."""

    main, precision, takes_halves = None, "highest", False

    def __init__(self, folder):
        if shutil.which("g++") is None:
            pytest.skip("no g++, which compiles kernels for the host")
        self.folder = folder

    @contextlib.contextmanager
    def working(self):
        yield

    aside = working

    def join(self):
        pass

    def graph(self, step, n_steps):
        return Graph(step, n_steps)

    def do(self, work):
        work()

    def matmul(self, out, a, b):
        out[...] = as_numbers(a) @ as_numbers(b)

    def call(self, program, arrays, lengths, *more):
        self._run(program, (2, 2), arrays, lengths, more)

    def call_dots(self, program, arrays, lengths, *more):
        source = f"#define SPLIT 1\n{program.source}"
        self._run(program._replace(source=source), (2, 2), arrays, lengths, more)

    def call_for_fits(self, program, arrays, lengths):
        self._run(program, (2,), arrays, lengths)

    def call_for_sums(self, program, arrays, lengths):
        self._run(program, (lengths["K"],), arrays, lengths)

    def call_for_groups(self, program, arrays, lengths):
        self._run(program, (2, 2), arrays, lengths)

    def call_for_rows(self, program, arrays, lengths):
        self._run(program, (lengths["K"], arrays["total"].shape[1]), arrays, lengths)

    def call_for_columns(self, program, arrays, lengths):
        self._run(program, (lengths["N"], 2), arrays, lengths)

    def call_for_lines(self, program, arrays, lengths):
        self._run(program, (lengths["B"], 2), arrays, lengths)

    def gather(self, out, x, order, scaling):
        program = _rows.gather(str(x.dtype), str(out.dtype), scaling is not None)
        arrays = {"out": out, "x": x, "order": order}
        if scaling is not None:
            arrays["mean"], arrays["factor"] = scaling
        self._run(program, (3,), arrays, {"B": out.shape[0], "N": out.shape[1]})

    def gather_sparse(self, out, x, order):
        index_types = str(x.indptr.dtype), str(x.indices.dtype)
        program = _rows.gather_sparse(str(x.data.dtype), index_types)
        arrays = {"out": out, "order": order, "data": x.data}
        arrays |= {"indptr": x.indptr, "indices": x.indices}
        self._run(program, (3,), arrays, {"B": out.shape[0], "N": out.shape[1]})

    def half_of(self, array):
        return np.empty(array.shape, np.uint16)

    def round(self, half, array):
        lengths = {"K": len(array), "entries": array[0].size}
        self.call(_rows.to_bfloat16(), {"out": half, "x": array}, lengths)

    def sum_of_rows(self, out, delta, parts):
        n_fits, n_rows, n_columns = delta.shape
        lengths = {"K": n_fits, "B": n_rows, "N": n_columns}
        # threads of a block are not there, so columns are blocks
        program = _rows.sum_of_rows(str(delta.dtype), str(out.dtype))
        self._run(program, (n_columns, 2), {"out": out, "delta": delta}, lengths)

    def _run(self, program, grid, arrays, lengths, more=()):
        arguments = [ctypes.c_uint(n) for n in (*grid, 1, 1)[:3]]
        arguments += [ctypes.c_longlong(lengths.get(name, 0)) for name in program.lengths]
        for name, n_axes in program.arrays:
            array = arrays[name]
            if program.name != "to_bfloat16":  # whose matrices are in one piece
                assert array.ndim == n_axes, f"{name} of {program.name} has {array.ndim} axes"
            assert array.shape[-1] == 1 or array.strides[-1] == array.itemsize
            axes = zip(array.shape[: n_axes - 1], array.strides[: n_axes - 1], strict=True)
            strides = [0 if n == 1 else stride // array.itemsize for n, stride in axes]
            arguments.append(ctypes.c_void_p(array.ctypes.data))
            arguments += map(ctypes.c_longlong, strides)
        arguments += [ctypes.c_ulonglong(int(number)) for number in more]
        compiled(program.source, program.name, self.folder)(*arguments)


def as_numbers(array):
    """Return what are bits of bfloat16 as numbers."""
    return (array.astype(np.uint32) << 16).view(np.float32) if array.dtype == "uint16" else array


@functools.cache
def compiled(source, name, folder):
    """Return the kernel as a function of the grid and its arguments."""
    declared = source[source.rindex(f"void {name}(") :].split("(", 1)[1].split(")", 1)[0]
    passed = ", ".join(part.split()[-1].lstrip("*") for part in declared.split(","))
    text = HEADER + source + RUN.format(declared=declared, name=name, passed=passed)
    stem = folder / f"{name}_{abs(hash(source))}"
    stem.with_suffix(".cpp").write_text(text)
    command = ["g++", "-std=c++17", "-O0", "-ffp-contract=off", "-shared", "-fPIC", "-w"]
    files = [str(stem.with_suffix(".cpp")), "-o", str(stem.with_suffix(".so"))]
    subprocess.run([*command, *files], check=True)
    return ctypes.CDLL(files[-1]).run
