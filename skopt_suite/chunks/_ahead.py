"""The next of what an iterator gives is found while the last one is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_END = object()


def ahead(items: Iterator[Any]) -> Iterator[Any]:
    """Yield the same, one of them found ahead by a thread.

    Parameters
    ----------
    items : iterator
        What it raises is raised here, in its turn.
    """
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(next, items, _END)
        while (item := found.result()) is not _END:
            found = thread.submit(next, items, _END)
            yield item
