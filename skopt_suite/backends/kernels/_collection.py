"""Pausing Python's collection of garbage where many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Collect no garbage meanwhile, if it is collected at all; also a decorator.

    Searches make many objects that stay for their candidates, and numba does when it is imported,
    compiles or loads what it has compiled: so many that the collector, which looks through all
    there are again and again, would take a third to a half of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
