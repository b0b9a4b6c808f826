"""How many threads BLAS uses."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import joblib

SMALL_PRODUCT = 2e7
"""Floating-point operations of a matrix product below which a second thread costs more than it
brings: threads wait for each other, and half of the result is in the other core's cache."""


def blas_threads_for(n_operations: float) -> AbstractContextManager:
    """Return a context in which BLAS uses one thread if its largest product is small.

    The limit is the process's. Of fits that run in several threads the first has it, and the
    others run with what they find: were they to set it too, they would take one thread for what
    there was before, and leave the process with it.
    """
    if n_operations >= SMALL_PRODUCT:
        return nullcontext()
    return _one_thread()


def shared_blas_threads(n_workers: int) -> AbstractContextManager:
    """Return a context in which that many threads together use as many cores as there are."""
    if n_workers < 2:
        return nullcontext()
    return _controller().limit(limits=max(1, joblib.cpu_count() // n_workers), user_api="blas")


_is_limited = threading.Lock()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limit BLAS to one thread, unless another fit has done so."""
    if not _is_limited.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _is_limited.release()


@functools.cache
def _controller() -> Any:
    """Return the controller of the libraries that are loaded; looking for them takes a while."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
