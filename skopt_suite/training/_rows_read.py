"""How many rows training has read, for whoever counts them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class RowsRead:
    """A count that goes up with every epoch."""

    n_rows = 0


_counts: ContextVar[RowsRead | None] = ContextVar("rows_read", default=None)


@contextmanager
def counted_rows() -> Iterator[RowsRead]:
    """Count the rows of every epoch that this thread trains, of a stack of fits once."""
    counts = RowsRead()
    token = _counts.set(counts)
    try:
        yield counts
    finally:
        _counts.reset(token)


def tell_rows(n_rows: int) -> None:
    """Add rows that were read to what counts them, if anything does."""
    counts = _counts.get()
    if counts is not None:
        counts.n_rows += n_rows
