"""Positions of labels among classes, found where the labels are."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import Array, Placement, is_device_array, namespace, to_numpy


def are_integers_on_device(y: Any) -> bool:
    """Whether they are classes for sure, in one column, and on a device."""
    if not is_device_array(y) or y.ndim != 1 or y.shape[0] == 0:
        return False
    return bool(namespace(y).isdtype(y.dtype, "integral"))


def classes_near(y: Array, placement: Placement) -> Array:
    """Return checked targets; a column of integers is moved to the device of a fit.

    It takes less time to find classes there than to compare all rows with them on the host.
    """
    if placement.is_numpy or not isinstance(y, np.ndarray) or y.ndim != 1:
        return y
    return placement.asarray(y) if y.dtype.kind in "iu" and y.dtype.isnative else y


def distinct(y: Array) -> np.ndarray:
    """Return the labels that there are, in order, on the host."""
    if isinstance(y, np.ndarray):
        return np.unique(y)
    return np.sort(to_numpy(namespace(y).unique_values(y)))


def positions(classes: np.ndarray, y: Array) -> tuple[Array, Array]:
    """Return the position of every label among `classes`, and whether it is none of them.

    Both are where labels are, unless these are of another type than the classes.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        In order.
    y : array of shape (n_samples,)
        Labels.
    """
    known, y = _comparable(classes, y)
    xp = namespace(y)
    codes = xp.clip(xp.searchsorted(known, y), None, len(classes) - 1)
    return codes, xp.take(known, codes, axis=0) != y


def as_numbers(codes: Array) -> Array:
    """Return 0 and 1 as numbers: double on the host, single, which is as exact, on a device."""
    xp = namespace(codes)
    return xp.astype(codes, xp.float64 if xp is np else xp.float32)


def _comparable(classes: np.ndarray, y: Array) -> tuple[Array, Array]:
    """Return classes and labels in one place."""
    if isinstance(y, np.ndarray):
        return classes, y
    if classes.dtype.kind in "iu":
        known = namespace(y).asarray(classes, device=y.device)
        if known.dtype == y.dtype:
            return known, y
    return classes, to_numpy(y)
