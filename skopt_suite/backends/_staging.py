"""Copies of large arrays to a GPU by way of memory that the card reads by itself.

The driver copies what it is given to such memory first, by one core and one piece after the other.
Here several cores fill small buffers, converting as they go, while others are on their way.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from skopt_suite.backends.resources import in_threads, threads_for_fit

_LARGE = 2**26  # bytes of an array from which on this pays
_BUFFER = 2**23  # bytes
_BUFFERS = 2  # of every thread
_MOST_THREADS = 8  # more do not copy faster


def is_worth_staging(values: Any) -> bool:
    """Whether this is the way to a card: that of large arrays of the host in row-major order."""
    is_host = isinstance(values, np.ndarray) and values.dtype.kind in "biuf"
    return is_host and values.nbytes >= _LARGE and values.flags.c_contiguous


def staged(values: np.ndarray, dtype: Any) -> Any:
    """Return an array in row-major order as one of CuPy's, on the device in use.

    Parameters
    ----------
    values : array of shape (n, ...)
        With rows in one piece.
    dtype : dtype
        Of what is returned.
    """
    import cupy

    out = cupy.empty(values.shape, dtype)
    to, device = out.reshape(-1), cupy.cuda.Device()
    source, size = values.reshape(-1), _BUFFER // out.itemsize
    begun = cupy.cuda.get_current_stream().record()
    starts, lock = iter(range(0, source.size, size)), threading.Lock()

    def copy_some(_: int) -> None:
        with device, cupy.cuda.Stream(non_blocking=True) as stream:
            stream.wait_event(begun)  # the memory may be another's until then
            buffers = [_Buffer(size, out.dtype) for _ in range(_BUFFERS)]
            number = 0
            while True:
                with lock:
                    start = next(starts, None)
                if start is None:
                    break
                buffers[number % _BUFFERS].send(source[start : start + size], to[start:], stream)
                number += 1
            stream.synchronize()

    n_threads = min(_MOST_THREADS, threads_for_fit(), -(-source.size // size))
    in_threads(copy_some, range(n_threads))
    return out


class _Buffer:
    """Memory that a card reads by itself, and when it has done so."""

    def __init__(self, size: int, dtype: np.dtype) -> None:
        import cupy

        self.memory = cupy.cuda.alloc_pinned_memory(size * dtype.itemsize)
        self.array = np.frombuffer(self.memory, dtype, size)
        self.sent: Any = None

    def send(self, values: np.ndarray, to: Any, stream: Any) -> None:
        """Copy values, which are converted, to where an array begins."""
        if self.sent is not None:
            self.sent.synchronize()
        part = self.array[: values.size]
        np.copyto(part, values, casting="unsafe")
        to.data.copy_from_host_async(self.memory.ptr, part.nbytes, stream)
        self.sent = stream.record()
