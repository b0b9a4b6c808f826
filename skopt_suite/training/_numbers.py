"""Hyperparameters of the fits of a stack."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import to_numpy
from skopt_suite.losses import Loss


def columns(values: list[Any], n_fits: int) -> np.ndarray:
    """Return numbers of fits, (n_fits, ..., n) or one for all, as columns, in float64."""
    found = [
        np.reshape(value, (-1, np.shape(value)[-1] if np.ndim(value) else 1)) for value in values
    ]
    found = [np.broadcast_to(column, (n_fits, column.shape[1])) for column in found]
    return np.hstack([np.empty((n_fits, 0)), *found])


def loss_numbers(loss: Loss, n_fits: int) -> np.ndarray:
    """Return the hyperparameters of a stacked loss, (n_fits, n_numbers)."""
    return columns([getattr(loss, name) for name in loss.parameters], n_fits)


def is_varied(loss: Loss) -> bool:
    """Whether fits of a stack have different hyperparameters of the loss."""
    names = [name for name, domain in loss.parameters.items() if domain.fusable]
    values = [np.atleast_1d(to_numpy(getattr(loss, name))) for name in names]
    return any((value != value[:1]).any() for value in values)
