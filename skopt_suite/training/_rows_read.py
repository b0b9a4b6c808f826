"""How many rows training has read, for whoever counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class RowsRead:
    """A count that goes up as rows are read."""

    n_rows = 0

    def add(self, n_rows: int) -> None:
        """Count some more."""
        self.n_rows += n_rows


_counter: ContextVar[Callable[[int], None] | None] = ContextVar("rows_read", default=None)


@contextmanager
def counted_rows() -> Iterator[RowsRead]:
    """Count the rows of every epoch that this thread trains, of a stack of fits once.

    Of chunks they are those of every sweep.
    """
    counts = RowsRead()
    token = _counter.set(counts.add)
    try:
        yield counts
    finally:
        _counter.reset(token)


@contextmanager
def watched_rows(watch: Callable[[int], None]) -> Iterator[None]:
    """Tell `watch` of the same rows, and also what counts them around this block."""
    around = _counter.get()

    def both(n_rows: int) -> None:
        watch(n_rows)
        if around is not None:
            around(n_rows)

    token = _counter.set(both)
    try:
        yield
    finally:
        _counter.reset(token)


def tell_rows(n_rows: int) -> None:
    """Add rows that were read to what counts them, if anything does."""
    counter = _counter.get()
    if counter is not None:
        counter(n_rows)
