"""Calls of a function side by side, in threads that are there already."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import lru_cache
from typing import Any

import joblib

from skopt_suite.backends.resources._threads import one_blas_thread


def in_threads(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Return what a function returns of every item, each found in a thread with one of BLAS.

    Parameters
    ----------
    function : callable
        Mostly lets go of the interpreter's lock, and calls nothing that waits for such threads.
    items : sequence
        As many as there may be threads.
    """
    first, *others = items
    if not others:
        return [function(first)]
    with one_blas_thread():
        pool = _pool(os.getpid())
        found = [pool.submit(copy_context().run, function, item) for item in others]
        try:
            here = function(first)
        finally:
            wait(found)
        return [here, *(one.result() for one in found)]


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """Return the threads of a process; those of its parent are gone."""
    return ThreadPoolExecutor(joblib.cpu_count(), thread_name_prefix="skopt_suite")
