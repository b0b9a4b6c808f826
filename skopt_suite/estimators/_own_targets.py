"""Targets and weights that chunks bring along."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import to_numpy
from skopt_suite.chunks import as_tuple, reader_of
from skopt_suite.estimators._chunk_errors import check_table, named_chunk
from skopt_suite.estimators._targets import check_given

_NAMES = ("y", "sample_weight")


class OwnTargets:
    """Those of the chunks so far, which are copied: they may be views of what is written over."""

    def __init__(self) -> None:
        self.parts: list[tuple[np.ndarray, ...]] = []

    def take(self, n_rows: int, others: list[Any]) -> None:
        """Keep those of a chunk; raise if they are not like those of the first."""
        if len(others) > len(_NAMES):
            raise ValueError(
                f"it must be X, (X, y) or (X, y, sample_weight); got {len(others) + 1}."
            )
        if self.parts and len(self.parts[0]) != len(others):
            raise ValueError(
                f"it has {len(others) + 1} parts (X, y, sample_weight); the first has "
                f"{len(self.parts[0]) + 1}."
            )
        part = tuple(np.array(to_numpy(values)) for values in others)
        for k, values in enumerate(part):
            _check_length(_NAMES[k], values, n_rows)
            _check_like(_NAMES[k], values, self.parts[0][k] if self.parts else values)
        self.parts.append(part)

    def found(self, owner: str, y: Any, weight: Any) -> tuple[Any, Any]:
        """Return targets and weights of all: those of chunks, or those that are given."""
        found: list[Any] = [y, weight]
        for k, parts in enumerate(zip(*self.parts, strict=True)):
            if found[k] is not None:
                raise ValueError(
                    f"{owner}: {_NAMES[k]} must be left out where chunks have their own; got "
                    f"{type(found[k]).__name__}."
                )
            found[k] = np.concatenate(parts)
        return computed(found[0]), computed(found[1])


def given_to_score(owner: str, X: Any, y: Any, weight: Any) -> tuple[Any, Any]:
    """Return targets and weights of rows to score, on the host; raise if there are no targets."""
    reader = reader_of(X)
    own = OwnTargets()
    if reader is not None and not reader.is_array:
        for i, chunk in enumerate(reader.sweep()):
            rows, *others = as_tuple(chunk)
            if not own.parts and not others and y is not None:
                break
            with named_chunk(owner, i):
                check_table(rows)
                own.take(rows.shape[0], others)
    y, weight = own.found(owner, y, weight)
    return check_given(y, owner), to_numpy(weight)


def computed(values: Any) -> Any:
    """Return targets or weights, which are held in memory."""
    return values.compute() if hasattr(values, "compute") else values


def _check_length(name: str, values: np.ndarray, n_rows: int) -> None:
    if values.ndim == 0:
        raise ValueError(
            f"{name} must be an array with an entry for each of its {n_rows} rows; got {values!s}. "
            "Leave it out where there is none."
        )
    if len(values) != n_rows:
        raise ValueError(f"{name} has {len(values)} entries, and X has {n_rows} rows.")


def _check_like(name: str, values: np.ndarray, first: np.ndarray) -> None:
    """Raise where NumPy would not put the two together, or would make texts of numbers."""
    if values.shape[1:] != first.shape[1:]:
        shapes = [str(("n", *one.shape[1:])).replace("'", "") for one in (first, values)]
        raise ValueError(f"{name} must be as in the first, of shape {shapes[0]}; got {shapes[1]}.")
    if _are_texts(values) != _are_texts(first) and "O" not in (values.dtype.kind, first.dtype.kind):
        raise ValueError(f"{name} must be as in the first, of {first.dtype}; got {values.dtype}.")


def _are_texts(values: np.ndarray) -> bool:
    return values.dtype.kind in "US"
