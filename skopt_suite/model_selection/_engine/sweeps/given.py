"""Rows of a search that are read chunk by chunk, as the user gives them and as models see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skopt_suite.backends import to_numpy
from skopt_suite.chunks import ChunkedRows, as_tuple, is_chunked, reader_of
from skopt_suite.estimators._fused import (
    SweptRows,
    is_trainable,
    reason_to_train_alone,
    sweep,
    takes_chunks,
)


@dataclass
class GivenChunks:
    """Rows that were read once; their targets and weights are in memory."""

    X: ChunkedRows
    y: np.ndarray
    weight: np.ndarray | None
    """Of chunks that have their own."""
    given: tuple[Any, Any, Any]
    """X, y and weights of the user."""
    is_map: bool
    seen: dict[str, SweptRows | Exception]
    """By the parameter ``dtype`` of models; or what is wrong with the rows in a precision."""
    n_sweeps: float = 1.0
    """How often all rows have been read."""

    def sweep_for(self, model: Any) -> None:
        """Read the rows in the precision of a model."""
        if model.dtype in self.seen:
            return
        self.n_sweeps += 1
        try:
            rows = sweep(model, *self.given)
            assert rows is not None
            self.seen[model.dtype] = rows
        except Exception as error:
            self.seen[model.dtype] = error

    def seen_by(self, model: Any) -> SweptRows:
        """Return the rows in the precision of a model that they were read for."""
        rows = self.seen[model.dtype]
        if isinstance(rows, Exception):
            raise rows
        return rows


def given_in_chunks(
    owner: str, estimator: Any, X: Any, y: Any, weight: Any
) -> GivenChunks | tuple[Any, Any] | None:
    """Return rows that were read once; X and y that turn out to be few; None of others.

    Rows are arrays for estimators that need them as such, if there is an array.
    """
    if hasattr(X, "__next__") and is_trainable(estimator):
        sweep(estimator, X, y, weight)  # says that it can be read only once
    reader = reader_of(X)
    if reader is None or (reader.is_array and not _reads(estimator)):
        return None
    if not is_trainable(estimator) or reason_to_train_alone(estimator):
        _refuse(owner, estimator, X, y)
        return None
    swept = sweep(estimator, X, y, weight)
    assert swept is not None
    if not is_chunked(swept.X):
        return X.compute(), swept.y
    if swept.y is None:
        raise ValueError(f"{owner}: y must be given where chunks have none; got None.")
    found = np.asarray(to_numpy(swept.y))
    if len(found) != len(swept.X):
        raise ValueError(
            f"{owner}: y must have {len(swept.X)} entries, one for every row of X; got "
            f"{len(found)}."
        )
    own = swept.weight if weight is None else None
    seen: dict[str, SweptRows | Exception] = {estimator.dtype: swept}
    given = X, y, weight
    return GivenChunks(swept.X, found, own, given, reader.is_map, seen)


def with_weights(chunks: GivenChunks | None, params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters of a search with the weights of chunks that have their own."""
    if chunks is None or chunks.weight is None:
        return params
    return {**params, "sample_weight": chunks.weight}


def without_weights(chunks: GivenChunks | None, params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters of ``fit`` for chunks, without the weights that they have themselves."""
    if chunks is None or chunks.weight is None:
        return params
    return {name: value for name, value in params.items() if name != "sample_weight"}


def masks_of(
    splits: Iterable[tuple[np.ndarray, np.ndarray]], n_rows: int, owner: str
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return which rows are trained on and scored, (n_rows,) each, of every split."""
    return [(_mask(train, n_rows, owner), _mask(test, n_rows, owner)) for train, test in splits]


def _mask(index: np.ndarray, n_rows: int, owner: str) -> np.ndarray:
    index = np.asarray(index)
    mask = np.zeros(n_rows, bool)
    mask[index] = True
    if index.dtype != bool and mask.sum() != len(index):
        raise ValueError(
            f"{owner}: cv must not give a row twice in one split where X is read in chunks; got "
            f"{len(index)} rows, {mask.sum()} of them distinct."
        )
    return mask


def _reads(estimator: Any) -> bool:
    """Whether an estimator reads what is an array, too, chunk by chunk."""
    is_able = is_trainable(estimator) and not reason_to_train_alone(estimator)
    return is_able and estimator.backend != "cupy" and takes_chunks(estimator)


def _refuse(owner: str, estimator: Any, X: Any, y: Any) -> None:
    """Raise for chunks that are nothing else, such as the samples of a list."""
    if not callable(X) and y is not None and len(as_tuple(X[0])) == 1:
        return
    name = type(estimator).__name__
    why = reason_to_train_alone(estimator) if is_trainable(estimator) else f"got {name}"
    raise TypeError(
        f"{owner}: X that is read in chunks takes a LinearClassifier, LinearRegressor, "
        f"MLPClassifier or MLPRegressor itself as the estimator; {why}. Give such an estimator, "
        "with standardize=True in place of a scaler, or X as an array."
    )
