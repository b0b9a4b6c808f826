"""What users give as groups: a rule by name, labels of features, or their indices."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from numbers import Integral
from typing import Any

import numpy as np

from skopt_suite.domains import Domain

NAMES = ("units", "incoming")


@dataclass(frozen=True)
class FeatureGroups(Domain):
    """``"units"``, ``"incoming"``, a label for each feature, or lists of indices of features."""

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless it is one of the names, a row of labels, or disjoint lists of indices."""
        wrong = f"{owner}: {name} must be {self}; got {value!r}"
        if isinstance(value, str):
            if value not in NAMES:
                raise ValueError(f"{wrong}.")
        elif not _is_sequence(value):
            raise TypeError(f"{wrong} of type {type(value).__name__}.")
        elif len(value) == 0 or len({_is_sequence(entry) for entry in value}) > 1:
            raise ValueError(f"{wrong}.")
        elif _is_sequence(value[0]):
            _check_indices(owner, name, value)
        else:
            _check_labels(owner, name, value)

    def __str__(self) -> str:
        names = ", ".join(map(repr, NAMES))
        return f"{names}, a label for each feature, or a list of arrays of indices of features"


def indices_of(groups: Sequence[Any]) -> list[list[int]]:
    """Return the features of every group, from labels or as they are."""
    if _is_sequence(groups[0]):
        return [[int(index) for index in group] for group in groups]
    members: dict[Hashable, list[int]] = {}
    for index, label in enumerate(groups):
        members.setdefault(label, []).append(index)
    return list(members.values())


def check_features(owner: str, groups: Any, n_features: int) -> None:
    """Raise `ValueError` if groups are not about that many features."""
    if isinstance(groups, str):
        return
    if not _is_sequence(groups[0]) and len(groups) != n_features:
        raise ValueError(
            f"{owner}: groups must be a label for each of the {n_features} features; got "
            f"{len(groups)} labels."
        )
    largest = max(chain.from_iterable(indices_of(groups)))
    if largest >= n_features:
        raise ValueError(
            f"{owner}: groups must have indices below the number of features, {n_features}; got "
            f"{largest}."
        )


def _is_sequence(value: Any) -> bool:
    is_array = isinstance(value, np.ndarray) and value.ndim > 0
    return is_array or (isinstance(value, Sequence) and not isinstance(value, str))


def _check_labels(owner: str, name: str, labels: Sequence[Any]) -> None:
    for label in labels:
        if not isinstance(label, Hashable) or label != label:
            raise ValueError(
                f"{owner}: {name} must have labels that can be compared, such as numbers or "
                f"strings; got {label!r}."
            )


def _check_indices(owner: str, name: str, groups: Sequence[Any]) -> None:
    seen: set[int] = set()
    for group in groups:
        if len(group) == 0:
            raise ValueError(f"{owner}: {name} must have no empty group; got {groups!r}.")
        for index in group:
            if not isinstance(index, Integral) or isinstance(index, bool) or index < 0:
                raise ValueError(
                    f"{owner}: every group of {name} must hold indices of features, whole numbers "
                    f">= 0; got {index!r}."
                )
            if int(index) in seen:
                raise ValueError(
                    f"{owner}: {name} must have every feature in one group at most; {index} is in "
                    "two."
                )
            seen.add(int(index))
