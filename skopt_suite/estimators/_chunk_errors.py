"""Errors of rows that are read chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def named_chunk(owner: str, i: int) -> Iterator[None]:
    """Let errors say which chunk they are about."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"{owner}: chunk {i}: {error}") from error


def no_chunks(owner: str) -> ValueError:
    """Return the error of nothing to read."""
    return ValueError(f"{owner}: X has no chunks, and at least one row is needed.")
