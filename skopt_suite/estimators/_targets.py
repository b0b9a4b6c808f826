"""From targets as users have them to what losses take, and back.

Losses take class indices ``(n_samples,)`` for more than two classes, and numbers
``(n_samples, n_outputs)`` otherwise, where two classes and labels are 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skopt_suite.backends import is_sparse, to_numpy


@dataclass(frozen=True)
class ClassTargets:
    """How the targets of a classifier are encoded."""

    classes: np.ndarray
    is_multilabel: bool = False

    @property
    def n_outputs(self) -> int:
        """Number of raw predictions per sample."""
        return 1 if len(self.classes) == 2 and not self.is_multilabel else len(self.classes)

    def are_like(self, other: ClassTargets) -> bool:
        """Whether outputs mean the same as with `other`."""
        same_kind = self.is_multilabel == other.is_multilabel
        return same_kind and np.array_equal(self.classes, other.classes)

    def are_named_by(self, classes: Any) -> bool:
        """Whether `classes`, in any order, are these; of labels, 0 and 1 are a name, too."""
        given = np.unique(to_numpy(classes))
        is_values = self.is_multilabel and np.array_equal(given, [0, 1])
        return is_values or np.array_equal(given, self.classes)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return what losses take; raise if there is a label that is not known."""
        if self.is_multilabel:
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"y must have shape (n_samples, {len(self.classes)}), one column per label; "
                    f"got {y.shape}."
                )
            return y.astype(np.float64)
        if y.ndim != 1:
            raise ValueError(
                f"y must have shape (n_samples,), one of the classes {self.classes.tolist()} per "
                f"sample, as in training; got {y.shape}."
            )
        index = np.searchsorted(self.classes, y)
        index = np.minimum(index, len(self.classes) - 1)
        unknown = self.classes[index] != y
        if unknown.any():
            labels = np.unique(y[unknown]).tolist()
            raise ValueError(
                f"y has labels {labels} that are not among the classes {self.classes.tolist()}."
            )
        return index[:, None].astype(np.float64) if len(self.classes) == 2 else index

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Return labels from class indices, or from indicators of labels."""
        return outputs.astype(np.int64) if self.is_multilabel else self.classes[outputs]


def check_class_targets(y: Any, owner: str, takes_labels: bool) -> np.ndarray:
    """Return the targets of a classifier as an array of shape (n_samples,) or, for labels, 2-D."""
    y = check_given(y, owner)
    _check_finite(y)
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator" and not takes_labels:
        raise ValueError(
            f"{owner} takes one label per sample; got indicators of {np.shape(y)[1]} labels. For "
            "several labels use MLPClassifier (hidden_layer_sizes=() is linear), or "
            "sklearn.multiclass.OneVsRestClassifier."
        )
    if kind == "multilabel-indicator":
        y = check_array(y, accept_sparse="csr", dtype=None, input_name="y")
        y = y.toarray() if is_sparse(y) else y
        if not np.isin(y, (0, 1)).all():
            raise ValueError(
                f"{owner}: several labels are taken as columns of 0 and 1; got a y with the "
                f"values {np.unique(y).tolist()}."
            )
        return y
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"{owner}: y has several columns of classes. Several labels are taken as columns of 0 "
            "and 1; for several multiclass targets use sklearn.multioutput.MultiOutputClassifier."
        )
    return column_or_1d(y, warn=True)


def class_targets(y: np.ndarray, owner: str, announced: Any = None) -> ClassTargets:
    """Return how to encode checked targets `y`; `announced`: all classes that will ever come."""
    if y.ndim == 2:
        targets = ClassTargets(np.arange(y.shape[1]), is_multilabel=True)
        if announced is not None and not targets.are_named_by(announced):
            raise ValueError(
                f"{owner}: y has {y.shape[1]} columns of labels, so classes must be their numbers "
                f"{targets.classes.tolist()} or their values [0, 1]; got "
                f"{np.unique(to_numpy(announced)).tolist()}."
            )
        return targets
    classes = np.unique(y if announced is None else to_numpy(announced))
    if len(classes) < 2:
        raise ValueError(
            f"{owner} needs samples of at least 2 classes; got 1 class: {classes.tolist()[0]!r}."
        )
    return ClassTargets(classes)


def check_regression_targets(y: Any, owner: str, dtype: str) -> np.ndarray:
    """Return the targets of a regressor as finite numbers, one- or two-dimensional."""
    y = check_given(y, owner)
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    if y.ndim == 0 or y.ndim > 2:
        raise ValueError(f"{owner}: y must be 1- or 2-dimensional; got shape {y.shape}.")
    largest, limit = np.abs(y).max(), np.sqrt(np.finfo(dtype).max / y.size) / 4
    if largest > limit:
        more = ", or take dtype='float64'" if dtype == "float32" else ""
        raise ValueError(
            f"{owner}: y must not exceed {limit:.1g}, or its squares cannot be added up in "
            f"{dtype}; got {largest:g}. Scale y{more}."
        )
    return y.astype(dtype, copy=False)


def _check_finite(y: Any) -> None:
    """Raise if there are numbers that are not finite, before they are compared with integers."""
    try:
        values = np.asarray(y.data if is_sparse(y) else y)
    except ValueError:  # ragged: reported by check_classification_targets
        return
    if values.dtype.kind == "f":
        assert_all_finite(values, input_name="y")


def check_given(y: Any, owner: str) -> Any:
    """Return `y` on the host; raise if it is None."""
    if y is None:
        raise ValueError(f"{owner} requires y to be passed, but the target y is None.")
    return to_numpy(y)
