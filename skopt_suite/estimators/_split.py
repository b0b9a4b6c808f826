"""The validation split of early stopping."""

from __future__ import annotations

import math

import numpy as np
from sklearn.model_selection import train_test_split

_MAX_DRAWS = 100
MANY = 2**20  # rows, of which scikit-learn's split would make a dozen copies of their positions


def split_rows(
    y: np.ndarray, fraction: float, seed: int, owner: str, stratify: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of the rows to train on and of the rows held out, in order.

    Stratified, at least as many rows are held out as there are classes, and the only row of a class
    is not. Otherwise at least two, drawn again if their targets are all the same: any constant
    predicts such.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_columns)
        Targets as losses take them; stratified by the first column.
    """
    if len(y) > MANY:
        return _split_many(y, fraction, seed, stratify)
    kept, drawn = _only_ones(y[:, 0]) if stratify else (np.arange(0), np.arange(len(y)))
    n_held_out = math.ceil(fraction * len(y))
    n_held_out = max(n_held_out, len(np.unique(y[drawn])) if stratify else 2)
    random_state = np.random.RandomState(seed)
    for _ in range(1 if stratify or not _differ(y) else _MAX_DRAWS):
        try:
            train, held_out = train_test_split(
                drawn,
                test_size=n_held_out,
                random_state=random_state,
                stratify=y[drawn, 0] if stratify else None,
            )
        except ValueError as error:
            raise ValueError(
                f"{owner}: early stopping cannot hold out validation_fraction={fraction:g} of "
                f"{len(y)} samples: {error} Give X_val and y_val, more data, or "
                "early_stopping=False."
            ) from error
        if _differ(y[held_out]):
            break
    return np.sort(np.concatenate([kept, train])), np.sort(held_out)


def _split_many(
    y: np.ndarray, fraction: float, seed: int, stratify: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of a split that takes little memory."""
    draws = np.random.default_rng(seed)
    for _ in range(1 if stratify or not _differ(y) else _MAX_DRAWS):
        is_held_out = np.zeros(len(y), bool)
        for value in np.unique(y[:, 0]) if stratify else [None]:
            rows = np.arange(len(y)) if value is None else np.flatnonzero(y[:, 0] == value)
            n_rows = min(math.ceil(fraction * len(rows)), len(rows) - 1)
            is_held_out[draws.choice(rows, n_rows, replace=False, shuffle=False)] = True
        if _differ(y[is_held_out]):
            break
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def _only_ones(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of rows that are the only ones of their class, and of the others."""
    _, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    is_only = counts[place] == 1
    return np.flatnonzero(is_only), np.flatnonzero(~is_only)


def _differ(y: np.ndarray) -> bool:
    return bool((y != y[0]).any())
