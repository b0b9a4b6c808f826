"""How many threads BLAS uses."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext
from typing import Any

SMALL_PRODUCT = 2e7
"""Floating-point operations of a matrix product below which a second thread costs more than it
brings: threads wait for each other, and half of the result is in the other core's cache."""


def blas_threads_for(n_operations: float) -> AbstractContextManager:
    """Return a context in which BLAS uses one thread if its largest product is small.

    The limit is the process's. Of fits that run in several threads the first has it, and the
    others run with what they find (threadpoolctl 3.8 sees to that).
    """
    if n_operations >= SMALL_PRODUCT:
        return nullcontext()
    return _controller().limit(limits=1, user_api="blas")


@functools.cache
def _controller() -> Any:
    """Return the controller of the libraries that are loaded; looking for them takes a while."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
