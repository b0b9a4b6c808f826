"""Pausing Python's collection of garbage where many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Collect no garbage meanwhile, if it is collected at all.

    numba makes so many objects when it is imported, compiles or loads what it has compiled, that
    the collector, which looks through all there are again and again, would take half of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
