"""Parts of rows that the training rows of several splits are made of, and all rows are, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skopt_suite.backends import is_sparse
from skopt_suite.chunks import is_chunked
from skopt_suite.training import Parts, SharedMoments

_MOST_SPLITS = 60  # one bit of a number each
_ROWS_PER_FEATURE, _FEWEST_ROWS = 4, 64  # of a part: moments are small beside its rows


Splits = Sequence[tuple[np.ndarray, np.ndarray]]


class SharedRows:
    """The parts that the rows of a search are made of, found for the splits of its last round.

    Other processes find nothing.
    """

    def __init__(self) -> None:
        self._splits: Splits | None = None
        self._of_splits: Sequence[Parts | None] = ()
        self.whole: Parts | None = None
        """Those of all rows; None where they do not pay."""

    def __reduce__(self) -> tuple[type[SharedRows], tuple[()]]:
        return SharedRows, ()

    def of_splits(self, X: Any, splits: Splits) -> Sequence[Parts | None]:
        """Return the parts of the training rows of every split; None where they do not pay.

        Rows are in one part that are in the training rows of the same splits.
        """
        if splits is not self._splits:
            self._splits = splits
            self.whole, self._of_splits = _parts_of(X, splits)
        return self._of_splits


def _parts_of(X: Any, splits: Splits) -> tuple[Parts | None, Sequence[Parts | None]]:
    nothing = None, [None] * len(splits)
    if is_chunked(X) or is_sparse(X) or not 1 < len(splits) <= _MOST_SPLITS:
        return nothing
    n_samples, *others = getattr(X, "shape", (0,))
    train = [np.asarray(rows) for rows, _ in splits]
    if len(others) != 1 or not all(_are_numbers(rows, n_samples) for rows in train):
        return nothing
    splits_of = np.zeros(n_samples, dtype=np.int64)
    for k, rows in enumerate(train):
        splits_of[rows] |= 1 << k
    kinds = np.unique(splits_of)
    if len(kinds) * max(_FEWEST_ROWS, _ROWS_PER_FEATURE * others[0]) > n_samples:
        return nothing
    numbers, shared = np.searchsorted(kinds, splits_of), SharedMoments()
    of_splits = [  # threads that begin together find different ones first
        Parts.of(numbers[rows], rows, shared).beginning_with(k * len(kinds) // len(splits))
        for k, rows in enumerate(train)
    ]
    return Parts.of(numbers, np.arange(n_samples), shared), of_splits


def _are_numbers(rows: np.ndarray, n_samples: int) -> bool:
    """Whether they are numbers of rows, each of them once."""
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not rows.size or rows.min() < 0:
        return False
    return bool(rows.max() < n_samples and np.bincount(rows).max() == 1)
