"""Memory that runs out: what the allocator says, and what would take less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def explained(model: Any, error: MemoryError) -> MemoryError:
    """Return the error of a fit that says what was asked for and what would take less."""
    what = f"{type(model).__name__}: memory ran out in the fit: {str(error).rstrip('.')}."
    return MemoryError(f"{what} Change one of these: {'; '.join(_changes(model))}.")


class explained_in_fits:
    """A context that explains where memory ran out.

    Parameters
    ----------
    model : object
        Whose fit is in it.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, MemoryError):
            raise explained(self.model, error) from error


@contextmanager
def explained_in_predictions(model: Any, X: Any) -> Iterator[None]:
    """Explain where memory ran out while predictions for all rows of X were computed."""
    try:
        yield
    except MemoryError as error:
        n_samples = np.shape(X)[0] if hasattr(X, "shape") else "all"
        raise MemoryError(
            f"{type(model).__name__}: memory ran out in predictions for {n_samples} samples: "
            f"{str(error).rstrip('.')}. Predict for fewer samples at once."
        ) from error


def _changes(model: Any) -> Iterator[str]:
    """Yield what to change."""
    if model._optimizer().is_full_batch:
        yield "optimizer to one that takes minibatches, such as 'adam'"
    else:
        yield f"batch_size to a smaller one than {model.batch_size!r}"
    if model.dtype != "float32":
        yield "dtype to 'float32'"
    if model.backend != "numpy":
        yield "backend to 'numpy', if the host has more memory"
