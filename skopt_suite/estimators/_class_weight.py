"""From the parameter ``class_weight`` to one weight per sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from skopt_suite.domains import Real

_WEIGHT = Real(0)


def check_class_weight(owner: str, value: Any) -> None:
    """Raise `ValueError` or `TypeError` unless `value` says how to weigh classes."""
    if value is None or (isinstance(value, str) and value == "balanced"):
        return
    if isinstance(value, str):
        raise ValueError(f"{owner}: class_weight must be {_ACCEPTED}; got {value!r}.")
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, Mapping):
            raise TypeError(
                f"{owner}: class_weight must be {_ACCEPTED}; got {value!r} of type "
                f"{type(value).__name__}."
            )
        for label, weight in one.items():
            _WEIGHT.check(owner, f"class_weight of class {label!r}", weight)


def class_sample_weight(
    class_weight: Any, classes: np.ndarray | None, y: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """Return sample weights times class weights, (n_samples,).

    Parameters
    ----------
    class_weight : dict, list of dicts or "balanced"
        As users give it.
    classes : ndarray of shape (n_classes,) or None
        Names of the classes; None: there are labels.
    y : ndarray of shape (n_samples, n_columns)
        Indices of classes in one column, or 0 and 1 of every label.
    weight : ndarray of shape (n_samples,) or None
        Sample weights.
    """
    if classes is None:
        by_class = compute_sample_weight(class_weight, y)
    else:
        by_class = _per_class(class_weight, classes, y[:, 0], weight)[y[:, 0]]
    weight = by_class if weight is None else _product(weight, by_class)
    if not (weight > 0).any():
        raise ValueError(f"class_weight={class_weight!r} leaves no sample a positive weight.")
    return weight


def _product(weight: np.ndarray, by_class: np.ndarray) -> np.ndarray:
    """Return the product with the right ratios, its scale kept from overflow and underflow."""
    most, largest = float(weight.max()), float(by_class.max()) or 1.0
    return weight / most * (by_class / largest) * min(max(most * largest, 1e-100), 1e300)


def _per_class(
    class_weight: Any, classes: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
) -> np.ndarray:
    """Return the weight of every class; 0 where "balanced" finds no sample of it."""
    if isinstance(class_weight, list):
        raise ValueError(
            "class_weight must be a dict from class to weight, 'balanced' or None for one label "
            f"per sample; got {class_weight!r}, and lists of dicts are for several labels."
        )
    if not isinstance(class_weight, str):
        return compute_class_weight(dict(class_weight), classes=classes, y=classes)
    counted = np.full(len(codes), True) if weight is None else weight > 0
    present = np.unique(codes[counted])
    per_class = np.zeros(len(classes))
    per_class[present] = compute_class_weight(
        "balanced",
        classes=present,
        y=codes[counted],
        sample_weight=None if weight is None else weight[counted],
    )
    return per_class


_ACCEPTED = "a dict from class to weight, 'balanced' or None (a list of dicts for labels)"
