"""The targets of classifiers: classes that exclude each other, or labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skopt_suite._target_type import TargetType
from skopt_suite.backends import Array, is_sparse, namespace, to_numpy
from skopt_suite.estimators._class_codes import (
    are_integers_on_device,
    as_numbers,
    distinct,
    positions,
)
from skopt_suite.estimators._class_weight import class_sample_weight
from skopt_suite.estimators._targets import check_given


@dataclass(frozen=True)
class ClassTargets:
    """How the targets of a classifier are encoded."""

    classes: np.ndarray
    is_multilabel: bool = False

    @staticmethod
    def check(y: Any, owner: str, takes_labels: bool) -> Array:
        """Return targets as an array of shape (n_samples,), or (n_samples, n_labels).

        A column of integers stays where it is; others are on the host.
        """
        if are_integers_on_device(y):
            return y
        y = check_given(y, owner)
        if _are_integers(y):
            return np.ascontiguousarray(y)
        _check_finite(y)
        kind = _kind_of(y, owner)
        if kind not in ("binary", "multiclass"):
            check_classification_targets(y)
        if kind == "multilabel-indicator":
            return _check_labels(y, owner, takes_labels)
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"{owner}: y has several columns of classes. Several labels are taken as columns "
                "of 0 and 1; for several multiclass targets use "
                "sklearn.multioutput.MultiOutputClassifier."
            )
        return column_or_1d(y, warn=True)

    @classmethod
    def learn(cls, y: Array, owner: str, announced: Any = None) -> Self:
        """Return how to encode checked targets; `announced`: all classes that will ever come."""
        if y.ndim == 2:
            return cls._learn_labels(y.shape[1], owner, announced)
        classes = distinct(y) if announced is None else np.unique(to_numpy(announced))
        if len(classes) < 2:
            raise ValueError(
                f"{owner} needs samples of at least 2 classes; got 1 class: "
                f"{classes.tolist()[0]!r}."
            )
        return cls(classes)

    @classmethod
    def _learn_labels(cls, n_labels: int, owner: str, announced: Any) -> Self:
        targets = cls(np.arange(n_labels), is_multilabel=True)
        if announced is not None and not targets.are_named_by(announced):
            raise ValueError(
                f"{owner}: y has {n_labels} columns of labels, so classes must be their numbers "
                f"{targets.classes.tolist()} or their values [0, 1]; got "
                f"{np.unique(to_numpy(announced)).tolist()}."
            )
        return targets

    @property
    def type(self) -> TargetType:
        """What they are for losses; two classes are one label."""
        if self.is_multilabel or self.is_binary:
            return TargetType("labels", 1 if self.is_binary else len(self.classes))
        return TargetType("classes", len(self.classes))

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes, and so one raw prediction."""
        return len(self.classes) == 2 and not self.is_multilabel

    @property
    def is_stratified(self) -> bool:
        """Whether rows are held out with the same share of every class: not of labels."""
        return not self.is_multilabel

    def are_like(self, other: ClassTargets) -> bool:
        """Whether outputs mean the same as with `other`."""
        same_kind = self.is_multilabel == other.is_multilabel
        return same_kind and np.array_equal(self.classes, other.classes)

    def are_named_by(self, classes: Any) -> bool:
        """Whether `classes`, in any order, are these; of labels, 0 and 1 are a name, too."""
        given = np.unique(to_numpy(classes))
        is_values = self.is_multilabel and np.array_equal(given, [0, 1])
        return is_values or np.array_equal(given, self.classes)

    def encode(self, y: Array, owner: str) -> Array:
        """Return what losses take, where `y` is; raise if there is a label that is not known."""
        if self.is_multilabel:
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"{owner}: y must have shape (n_samples, {len(self.classes)}), one column per "
                    f"label; got {y.shape}."
                )
            return y.astype(np.float64)
        if y.ndim != 1:
            raise ValueError(
                f"{owner}: y must have shape (n_samples,), one of the classes "
                f"{self.classes.tolist()} per sample, as in training; got {y.shape}."
            )
        codes = self._codes(y, owner)[:, None]
        return as_numbers(codes) if self.is_binary else codes

    def _codes(self, y: Array, owner: str) -> Array:
        """Return the index of every class, (n_samples,)."""
        codes, unknown = positions(self.classes, y)
        if bool(namespace(unknown).any(unknown)):
            labels = np.unique(to_numpy(y)[to_numpy(unknown)]).tolist()
            raise ValueError(
                f"{owner}: y has labels {labels} that are not among the classes "
                f"{self.classes.tolist()}."
            )
        return codes

    def decode(self, predicted: Array) -> np.ndarray:
        """Return labels from raw predictions: the largest class, or labels that are positive."""
        xp = namespace(predicted)
        if self.type.kind == "classes":
            return self.classes[to_numpy(xp.argmax(predicted, axis=-1))]
        positive = to_numpy(predicted > 0).astype(np.int64)
        return positive if self.is_multilabel else self.classes[positive[:, 0]]

    def as_given(self, y: np.ndarray) -> np.ndarray:
        """Return labels from encoded targets."""
        return self.classes[y[:, 0]] if self.type.kind == "classes" else self.decode(y)

    def weigh(
        self, class_weight: Any, y: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Return sample weights times the weights of the classes of encoded targets `y`."""
        classes = None if self.is_multilabel else self.classes
        return class_sample_weight(class_weight, classes, y.astype(np.int64), weight)


def _check_labels(y: Any, owner: str, takes_labels: bool) -> np.ndarray:
    """Return indicators of labels as an array of 0 and 1, (n_samples, n_labels)."""
    if not takes_labels:
        raise ValueError(
            f"{owner} takes one label per sample; got indicators of {np.shape(y)[1]} labels. For "
            "several labels use MLPClassifier (hidden_layer_sizes=() is linear), or "
            "sklearn.multiclass.OneVsRestClassifier."
        )
    y = check_array(y, accept_sparse="csr", dtype=None, input_name="y")
    y = y.toarray() if is_sparse(y) else y
    if not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"{owner}: several labels are taken as columns of 0 and 1; got a y with the "
            f"values {np.unique(y).tolist()}."
        )
    return y


def _kind_of(y: Any, owner: str) -> str:
    """Return what scikit-learn takes targets for; raise for labels that have no order."""
    try:
        return str(type_of_target(y, input_name="y"))
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in np.asarray(y, dtype=object).ravel()})
        if len(kinds) < 2:
            raise
        raise TypeError(
            f"{owner}: labels in y must be all numbers or all texts, to be put in order, and none "
            f"may be missing; got {' and '.join(kinds)}."
        ) from error


def _check_finite(y: Any) -> None:
    """Raise if there are numbers that are not finite, before they are compared with integers."""
    try:
        values = np.asarray(y.data if is_sparse(y) else y)
    except ValueError:  # ragged: reported by check_classification_targets
        return
    if values.dtype.kind == "f":
        assert_all_finite(values, input_name="y")


def _are_integers(y: Any) -> bool:
    """Whether they are classes for sure, whichever there are: scikit-learn would look for all."""
    return type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "biu" and len(y) > 0
