"""The validation split of early stopping."""

from __future__ import annotations

import math

import numpy as np
from sklearn.model_selection import train_test_split


def split_rows(
    y: np.ndarray, fraction: float, seed: int, owner: str, stratify: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of the rows to train on and of the rows held out, in order.

    Stratified, at least as many rows are held out as there are classes; otherwise at least two,
    as R² is not defined on one.
    """
    stratify = stratify and y.ndim == 1
    n_held_out = math.ceil(fraction * len(y))
    n_held_out = max(n_held_out, len(np.unique(y)) if stratify else 2)
    try:
        train, held_out = train_test_split(
            np.arange(len(y)),
            test_size=n_held_out,
            random_state=np.random.RandomState(seed),
            stratify=y if stratify else None,
        )
    except ValueError as error:
        raise ValueError(
            f"{owner}: early_stopping=True cannot hold out validation_fraction={fraction:g} of "
            f"{len(y)} samples: {error} Give X_val and y_val, more data, or early_stopping=False."
        ) from error
    return np.sort(train), np.sort(held_out)
