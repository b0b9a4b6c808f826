"""How many threads BLAS uses."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import joblib
from joblib.parallel import get_active_backend

SMALL_PRODUCT = 2e7
"""Floating-point operations of a matrix product below which a second thread costs more than it
brings: threads wait for each other, and half of the result is in the other core's cache."""
_TINY_PRODUCT = 1.8e4


def blas_threads_for(n_operations: float) -> AbstractContextManager:
    """Return a context in which BLAS uses one thread if its largest product is small.

    Tiny products it makes in one thread anyway, and a limit would take longer than they do.
    """
    if n_operations >= SMALL_PRODUCT or n_operations < _TINY_PRODUCT:
        return nullcontext()
    return _at_most(1)


def one_blas_thread() -> AbstractContextManager:
    """Return a context in which BLAS uses one thread, for threads that share work otherwise."""
    return _at_most(1)


def shared_blas_threads(n_workers: int) -> AbstractContextManager:
    """Return a context for one of many workers, which together use as many cores as there are."""
    if n_workers < 2:
        return nullcontext()
    return _in_worker(max(1, joblib.cpu_count() // n_workers))


def threads_for_fit() -> int:
    """Return how many threads a fit may compute in: those of BLAS, but one where fits share cores.

    Limits of fits that run at the moment do not count, so that rounding does not depend on them.
    """
    backend, _ = get_active_backend()
    if getattr(backend, "nesting_level", 0):
        return 1
    of_libraries = min(_of_thread.get() or _of_thread_now(), _of_process.unlimited())
    return min(of_libraries, joblib.cpu_count())


_NO_LIMIT = 2**30

_of_thread: ContextVar[int | None] = ContextVar("threads_for_fit", default=None)
"""How many threads a fit may use that runs in this thread, as far as it is known."""


def _of_thread_now() -> int:
    controller, _ = _controllers()
    return _lowest(controller, _NO_LIMIT)


@contextmanager
def _in_worker(n_threads: int) -> Iterator[None]:
    token = _of_thread.set(1)
    try:
        with _at_most(n_threads):
            yield
    finally:
        _of_thread.reset(token)


@contextmanager
def _at_most(n_threads: int) -> Iterator[None]:
    """Limit BLAS for this thread where it can be, and otherwise for the process."""
    key, token = object(), _of_thread.set(_of_thread.get() or _of_thread_now())
    with _limited_thread(n_threads):
        try:  # an interrupt may come at any time
            _of_process.add(key, n_threads)
            yield
        finally:
            _of_process.remove(key)
            _of_thread.reset(token)


def _limited_thread(n_threads: int) -> AbstractContextManager:
    controller, _ = _controllers()
    if not controller.lib_controllers:
        return nullcontext()
    return controller.limit(limits=_lowest(controller, n_threads), user_api="blas")


class _ProcessLimits:
    """The limits that are wanted at the moment, in any thread: the lowest holds for all.

    Were each thread to restore what it found, the one that ends last would leave the process with
    the limit of another that has ended before it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._wanted: dict[object, int] = {}
        self._unlimited: Any = None
        self._before = _NO_LIMIT
        self._lowest: int | None = None

    def add(self, key: object, n_threads: int) -> None:
        """Limit BLAS to that many threads, unless it has fewer."""
        _, controller = _controllers()
        with self._lock:
            if not self._wanted:
                self._before = _lowest(controller, _NO_LIMIT)
                n_threads = min(n_threads, self._before)
                self._unlimited = controller.limit(limits=None, user_api="blas")
            self._wanted[key] = n_threads
            if self._lowest is None or n_threads < self._lowest:
                self._lowest = n_threads
                _set(controller, n_threads)

    def unlimited(self) -> int:
        """Return how many threads BLAS would use without the limits that are wanted."""
        _, controller = _controllers()
        with self._lock:
            return self._before if self._wanted else _lowest(controller, _NO_LIMIT)

    def remove(self, key: object) -> None:
        """Lift a limit, if it is there."""
        _, controller = _controllers()
        with self._lock:
            lifted = self._wanted.pop(key, None)
            if lifted is None:
                return
            self._lowest = min(self._wanted.values(), default=None)
            if self._lowest is None:
                self._unlimited.restore_original_limits()
                _let_others_set(controller)
            elif lifted < self._lowest:
                _set(controller, self._lowest)


def _set(controller: Any, n_threads: int) -> None:
    controller.limit(limits=n_threads, user_api="blas")
    _let_others_set(controller)


def _let_others_set(controller: Any) -> None:
    """Give back the control: only who has set OpenBLAS's limit may, until it leaves a context."""
    with controller.limit(limits=None, user_api="blas"):
        pass


_of_process = _ProcessLimits()


def _lowest(controller: Any, n_threads: int) -> int:
    """Return the number, or what BLAS uses now if that is less."""
    return min([n_threads, *(library["num_threads"] for library in controller.info())])


@functools.cache
def _controllers() -> tuple[Any, Any]:
    """Return controllers of the BLAS libraries whose limit is a thread's, and the process's.

    They are kept, as looking for libraries takes a while.
    """
    from threadpoolctl import ThreadpoolController

    blas = ThreadpoolController().select(user_api="blas")
    is_own = {
        library["filepath"]: library.get("threading_layer") == "openmp" for library in blas.info()
    }
    return (
        blas.select(filepath=[path for path, own in is_own.items() if own]),
        blas.select(filepath=[path for path, own in is_own.items() if not own]),
    )
