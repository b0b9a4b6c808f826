"""What is accepted as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data

from skopt_suite.estimators._unread import refuse_unread
from skopt_suite.tabular._columns import is_frame


def checked_table(owner: Any, X: Any, *, reset: bool) -> Any:
    """Return X as a frame, an array or CSR, with the number and names of columns checked.

    Parameters
    ----------
    owner : estimator object
        Who learns them with ``reset=True``, and knows them otherwise.
    X : frame, array-like or sparse container of shape (n_samples, n_features)
        The table.
    reset : bool
        Whether to learn.
    """
    refuse_unread(type(owner).__name__, X=X)
    if is_frame(X):
        _check_shape(type(owner).__name__, X, n_rows=2 if reset else 1)
        return validate_data(owner, X, reset=reset, skip_check_array=True)
    X = np.array(X, dtype=object) if isinstance(X, (list, tuple)) else X
    finite: Any = True if sparse.issparse(X) else "allow-nan"
    return validate_data(
        owner,
        X,
        reset=reset,
        accept_sparse="csr",
        dtype=None,
        ensure_all_finite=finite,
        ensure_min_samples=2 if reset else 1,
    )


def _check_shape(owner: str, frame: Any, n_rows: int) -> None:
    if frame.shape[0] < n_rows or not frame.shape[1]:
        raise ValueError(
            f"{owner} needs a table of a column and {n_rows} rows at least; got "
            f"n_samples={frame.shape[0]} and n_features={frame.shape[1]}."
        )


def accept_tables(tags: Tags) -> None:
    """Say that numbers, texts, missing values and sparse X are accepted."""
    tags.input_tags.sparse = True
    tags.input_tags.string = True
    tags.input_tags.categorical = True
    tags.input_tags.allow_nan = True
