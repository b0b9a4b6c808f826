"""Calls of kernels and products on a stream, and graphs of them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import cupy

from skopt_suite.backends.kernels._cupy._calls import Call, Launch, replay
from skopt_suite.backends.kernels._cupy._cublas import Cublas
from skopt_suite.backends.kernels._tracing import Program, _rows

_THREADS = 256
_MOST_THREADS = 1024
_SPLITS = 16, 8, 4, 2, 1
_FEWEST_OF_A_SUM = 4  # products of a thread
_WIDEST = 32  # columns of a block that adds up rows
_COLUMNS = 8  # of a block that needs them one after the other
_MOST_BLOCKS = 132 * 32  # threads go on with another entry beyond
_MOST_FITS = 65535  # of a grid's second axis


class Engine:
    """What steps are made with on a device: one stream, and another beside it.

    What is asked for is written down within `graph`, and done when the graph is launched, or within
    `do`, and done at its end.

    Parameters
    ----------
    precision : {"highest", "high", "medium"}
        Of matrix products in float32.
    """

    def __init__(self, precision: str = "highest") -> None:
        self.precision = precision
        self.main, self.beside = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
        self._products = [Cublas(stream, precision) for stream in (self.main, self.beside)]
        self._is_aside = self._is_awaited = False
        self._calls: list[Call] = []
        self._known_products: set[Hashable] = set()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work behind all that was asked for before, and before all that is asked for later."""
        outside = cupy.cuda.get_current_stream()
        self.main.wait_event(outside.record())
        try:
            with self.main:
                yield
        finally:
            outside.wait_event(self.main.record())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Work on what nothing waits for until `join`."""
        self._wait(self.beside, self.main)
        self._is_aside = self._is_awaited = True
        yield
        self._is_aside = False

    def join(self) -> None:
        """Wait for what was done aside, if there is anything."""
        if self._is_awaited:
            self._wait(self.main, self.beside)
        self._is_awaited = False

    def call(
        self, program: Program, arrays: Mapping[str, Any], lengths: Mapping[str, int], *more: Any
    ) -> None:
        """Run a kernel with a thread for every entry of every fit."""
        blocks = min(-(-lengths["entries"] // _THREADS), _MOST_BLOCKS)
        grid = blocks, min(lengths["K"], _MOST_FITS)
        self._launch(program, grid, (_THREADS,), arrays, lengths, more)

    def call_dots(
        self, program: Program, arrays: Mapping[str, Any], lengths: Mapping[str, int], *more: Any
    ) -> None:
        """Run a kernel in which several threads share the sum of every entry of a layer."""
        split = next(n for n in _SPLITS if n * _FEWEST_OF_A_SUM <= lengths["M"] or n == 1)
        source = f"#define SPLIT {split}\n{program.source}"
        blocks = min(-(-lengths["entries"] * split // _THREADS), _MOST_BLOCKS)
        grid = blocks, min(lengths["K"], _MOST_FITS)
        program = program._replace(source=source)
        self._launch(program, grid, (_THREADS,), arrays, lengths, more)

    def call_for_fits(
        self, program: Program, arrays: Mapping[str, Any], lengths: Mapping[str, int]
    ) -> None:
        """Run a kernel with a thread for every fit."""
        grid = (-(-lengths["K"] // _THREADS),)
        self._launch(program, grid, (_THREADS,), arrays, lengths, ())

    def call_for_sums(
        self, program: Program, arrays: Mapping[str, Any], lengths: Mapping[str, int]
    ) -> None:
        """Run a kernel with a block for every fit, whose threads take its parameters."""
        self._launch(program, (lengths["K"],), (_MOST_THREADS,), arrays, lengths, ())

    def call_for_groups(
        self, program: Program, arrays: Mapping[str, Any], lengths: Mapping[str, int]
    ) -> None:
        """Run a kernel with a warp for every group of weights of every fit."""
        grid = min(lengths["G"], _MOST_BLOCKS), min(lengths["K"], _MOST_FITS)
        self._launch(program, grid, (32,), arrays, lengths, ())

    def call_for_rows(
        self, program: Program, arrays: Mapping[str, Any], lengths: Mapping[str, int]
    ) -> None:
        """Run a kernel whose threads take rows of fits, with as many blocks as `total` columns."""
        threads = min(_THREADS, -(-lengths["B"] // 32) * 32)
        grid = (lengths["K"], arrays["total"].shape[1])
        self._launch(program, grid, (threads,), arrays, lengths, ())

    def call_for_columns(
        self, program: Program, arrays: Mapping[str, Any], lengths: Mapping[str, int]
    ) -> None:
        """Run a kernel whose blocks take a few columns of fits, and share their rows."""
        tile = _COLUMNS, _THREADS // _COLUMNS
        grid = -(-lengths["N"] // _COLUMNS), min(lengths["K"], _MOST_FITS)
        self._launch(program, grid, tile, arrays, lengths, ())

    def call_for_lines(
        self, program: Program, arrays: Mapping[str, Any], lengths: Mapping[str, int]
    ) -> None:
        """Run a kernel whose blocks take a few rows of fits, and share their units."""
        tile = _WIDEST, _THREADS // _WIDEST
        grid = -(-lengths["B"] // tile[1]), min(lengths["K"], _MOST_FITS)
        self._launch(program, grid, tile, arrays, lengths, ())

    def gather(self, out: Any, x: Any, order: Any, scaling: Any) -> None:
        """Copy rows of `x` by their positions."""
        program = _rows.gather(str(x.dtype), str(out.dtype), scaling is not None)
        arrays = {"out": out, "x": x, "order": order}
        if scaling is not None:
            arrays["mean"], arrays["factor"] = scaling
        lengths = {"B": out.shape[0], "N": out.shape[1]}
        grid = (min(-(-out.size // _THREADS), _MOST_BLOCKS),)
        self._launch(program, grid, (_THREADS,), arrays, lengths, ())

    def gather_sparse(self, out: Any, x: Any, order: Any) -> None:
        """Write rows of canonical CSR by their positions."""
        index_types = str(x.indptr.dtype), str(x.indices.dtype)
        program = _rows.gather_sparse(str(x.data.dtype), index_types)
        arrays = {"out": out, "order": order, "data": x.data}
        arrays |= {"indptr": x.indptr, "indices": x.indices}
        lengths = {"B": out.shape[0], "N": out.shape[1]}
        self._launch(program, (min(len(out), _MOST_BLOCKS),), (_MOST_THREADS,), arrays, lengths, ())

    @property
    def takes_halves(self) -> bool:
        """Whether factors of products in float32 are rounded to bfloat16."""
        return self.precision == "medium"

    def half_of(self, array: Any) -> Any:
        """Return what has room for an array in bfloat16."""
        return cupy.empty(array.shape, cupy.uint16)

    def round(self, half: Any, array: Any) -> None:
        """Write float32, (n_fits or 1, n, m) with matrices in one piece, as bfloat16."""
        lengths = {"K": len(array), "entries": array[0].size}
        self.call(_rows.to_bfloat16(), {"out": half, "x": array}, lengths)

    def sum_of_rows(self, out: Any, delta: Any, parts: Any) -> None:
        """Add up the rows of every fit, by way of sums over some of them.

        Parameters
        ----------
        out : cupy.ndarray of shape (n_fits, 1, n_columns)
            Is overwritten.
        delta : cupy.ndarray of shape (n_fits, n_rows, n_columns)
            What is added up.
        parts : cupy.ndarray of shape (n_fits, n_parts, n_columns), float64
            Is overwritten.
        """
        n_fits, n_rows, n_columns = delta.shape
        lengths, n_parts = {"K": n_fits, "B": n_rows, "N": n_columns}, parts.shape[1]
        width = min(_WIDEST, 1 << (n_columns - 1).bit_length())
        tile, grid = (width, _THREADS // width), (-(-n_columns // width), min(n_fits, _MOST_FITS))
        if n_parts > 1:
            program = _rows.sum_of_rows(str(delta.dtype), "float64")
            arrays = {"out": parts, "delta": delta}
            self._launch(program, (*grid, n_parts), tile, arrays, lengths, ())
            delta, lengths["B"] = parts, n_parts
        program = _rows.sum_of_rows(str(delta.dtype), str(out.dtype))
        self._launch(program, grid, tile, {"out": out, "delta": delta}, lengths, ())

    def matmul(self, out: Any, a: Any, b: Any) -> None:
        """Write the products of the matrices of every fit."""
        key = out.dtype, *(part for array in (out, a, b) for part in (array.shape, array.strides))
        if key not in self._known_products:
            self._known_products.add(key)
            # a first time now, for the library to load its kernel; what that writes is not read
            self._products[0].prepared(out, a, b)()
        self._calls.append(self._products[self._is_aside].prepared(out, a, b))

    def graph(self, step: Callable[[int], None], n_steps: int) -> Any:
        """Return what makes steps 0 to n - 1 whenever it is launched; nothing is done now.

        Of steps that differ only in where their arrays begin, all by the same distance.
        """
        one, other = self._calls_of(step, 0), self._calls_of(step, min(1, n_steps - 1))
        self.main.begin_capture()
        try:
            replay(one, other, n_steps)
        except BaseException:
            with suppress(cupy.cuda.runtime.CUDARuntimeError):
                self.main.end_capture()
            raise
        return self.main.end_capture()

    def do(self, work: Callable[[], None]) -> None:
        """Do some work, once."""
        for call in self._calls_of(lambda _: work(), 0):
            call()

    def _calls_of(self, step: Callable[[int], None], number: int) -> list[Call]:
        """Return the calls that a step consists of."""
        self._calls, self._is_aside, self._is_awaited = [], False, False
        step(number)
        calls, self._calls = self._calls, []
        return calls

    def _wait(self, stream: Any, other: Any) -> None:
        """Let a stream wait for all that another has to do by then."""
        event = cupy.cuda.Event(disable_timing=True)

        def wait() -> None:
            event.record(other)
            stream.wait_event(event)

        self._calls.append(wait)

    def _launch(
        self,
        program: Program,
        grid: tuple[int, ...],
        threads: tuple[int, ...],
        arrays: Mapping[str, Any],
        lengths: Mapping[str, int],
        more: tuple[Any, ...],
    ) -> None:
        arguments = [int(lengths.get(name, 0)) for name in program.lengths]
        for name, n_axes in program.arrays:
            array = arrays[name]
            arguments += [array.data.ptr, *_strides(array, n_axes - 1)]
        kernel, stream = _compiled(program.source, program.name), (self.main, self.beside)
        arguments += map(int, more)
        self._calls.append(Launch(kernel, grid, threads, arguments, stream[self._is_aside]))


_OWN = threading.local()


def engine(precision: str) -> Engine:
    """Return the engine of this thread on the device in use: passes take turns with it."""
    engines = _OWN.__dict__.setdefault("engines", {})
    key = cupy.cuda.runtime.getDevice(), precision
    if key not in engines:
        engines[key] = Engine(precision)
    return engines[key]


def _strides(array: Any, n_axes: int) -> list[int]:
    """Return distances along the first axes, in entries; 0 where there is one for all."""
    axes = zip(array.shape[:n_axes], array.strides[:n_axes], strict=True)
    return [0 if n == 1 else stride // array.itemsize for n, stride in axes]


@functools.cache
def _compiled(source: str, name: str) -> Any:
    # products and sums are rounded one after the other, as the definition does
    kernel = cupy.RawKernel(source, name, options=("--std=c++17", "--fmad=false"))
    _ = kernel.num_regs  # asking for it loads the kernel, which a capture is no time for
    return kernel
