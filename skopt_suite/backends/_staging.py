"""Copies of large arrays to a GPU and back, by way of memory that the card reaches by itself.

The driver copies what it is given to such memory first, by one core and one piece after the other.
Here several cores fill small buffers, converting as they go, while others are on their way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from skopt_suite.backends.resources import in_threads, threads_for_fit

_LARGE = 2**26  # bytes of an array from which on this pays
_BUFFER = 2**23  # bytes
_BUFFERS = 2  # of every thread
_MOST_THREADS = 8  # more do not copy faster


def is_worth_staging(values: Any) -> bool:
    """Whether this is the way to a card or from it: that of large arrays in row-major order."""
    is_number = values.dtype.kind in "biuf" if hasattr(values, "flags") else False
    return is_number and values.nbytes >= _LARGE and values.flags.c_contiguous


def staged(values: np.ndarray, dtype: Any) -> Any:
    """Return an array of the host as one of CuPy's, in that precision, on the device in use."""
    import cupy

    out = cupy.empty(values.shape, dtype)
    to, source = out.reshape(-1), values.reshape(-1)

    def send(buffer: _Buffer, start: int, stream: Any) -> None:
        part = source[start : start + buffer.size]
        buffer.wait()
        np.copyto(buffer.array[: part.size], part, casting="unsafe")
        n_bytes = part.size * out.itemsize
        to[start:].data.copy_from_host_async(buffer.memory.ptr, n_bytes, stream)
        buffer.is_asked(stream)

    _in_pieces(source.size, out.dtype, send)
    return out


def fetched(array: Any) -> np.ndarray:
    """Return an array of CuPy as one of NumPy's."""
    out = np.empty(array.shape, array.dtype)
    to, source = out.reshape(-1), array.reshape(-1)

    def fetch(buffer: _Buffer, start: int, stream: Any) -> None:
        part = to[start : start + buffer.size]
        buffer.wait()  # and its numbers are brought to where they belong
        source[start:].data.copy_to_host_async(buffer.memory.ptr, part.nbytes, stream)
        buffer.is_asked(stream, lambda: np.copyto(part, buffer.array[: part.size]))

    _in_pieces(source.size, array.dtype, fetch)
    return out


def _in_pieces(size: int, dtype: Any, move: Callable[[_Buffer, int, Any], None]) -> None:
    """Let threads move pieces that begin at their starts, behind all that the stream has to do."""
    import cupy

    device, begun = cupy.cuda.runtime.getDevice(), cupy.cuda.get_current_stream().record()
    n_numbers = _BUFFER // np.dtype(dtype).itemsize
    starts, lock = iter(range(0, size, n_numbers)), threading.Lock()

    def move_some(_: int) -> None:
        with cupy.cuda.Device(device), cupy.cuda.Stream(non_blocking=True) as stream:
            stream.wait_event(begun)
            buffers = [_Buffer(n_numbers, dtype) for _ in range(_BUFFERS)]
            number = 0
            while True:
                with lock:
                    start = next(starts, None)
                if start is None:
                    break
                move(buffers[number % _BUFFERS], start, stream)
                number += 1
            for buffer in buffers:
                buffer.wait()

    in_threads(move_some, range(min(_MOST_THREADS, threads_for_fit(), -(-size // n_numbers))))


class _Buffer:
    """Memory that a card reaches by itself, and what is going on there."""

    def __init__(self, size: int, dtype: Any) -> None:
        import cupy

        self.size = size
        self.memory = cupy.cuda.alloc_pinned_memory(size * np.dtype(dtype).itemsize)
        self.array = np.frombuffer(self.memory, dtype, size)
        self._asked: tuple[Any, Callable[[], None] | None] | None = None

    def is_asked(self, stream: Any, then: Callable[[], None] | None = None) -> None:
        """Note that a copy was asked for, and what is to be done behind it."""
        self._asked = stream.record(), then

    def wait(self) -> None:
        """Wait until the memory is free."""
        if self._asked is not None:
            event, then = self._asked
            event.synchronize()
            if then is not None:
                then()
        self._asked = None
