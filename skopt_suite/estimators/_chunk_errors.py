"""Errors of rows that are read chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def named_chunk(owner: str, i: int) -> Iterator[None]:
    """Let errors say which chunk they are about."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"{owner}: chunk {i}: {error}") from error


def check_table(X: Any) -> None:
    """Raise unless a chunk has rows and columns."""
    if len(getattr(X, "shape", ())) != 2:
        kind = f"of shape {X.shape}" if hasattr(X, "shape") else "that has no shape"
        raise ValueError(
            f"X must be an array, CSR or a frame with rows and columns; got {type(X).__name__} "
            f"{kind}."
        )


def no_chunks(owner: str) -> ValueError:
    """Return the error of nothing to read."""
    return ValueError(f"{owner}: X has no chunks, and at least one row is needed.")
