"""A client that is closed while it waits for answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def told_if_closed(client: Any) -> Iterator[None]:
    """Say what happened where dask only says that a task or a message was given up."""
    try:
        yield
    except Exception as error:
        if getattr(client, "status", "") not in ("closing", "closed"):
            raise
        raise ConnectionError(
            "The dask client, or its cluster, was closed in the middle of training. Call fit again "
            "with rows on another one: with the same checkpoint=folder, it goes on from the last "
            "epoch that was written there."
        ) from error
