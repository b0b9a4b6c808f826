"""Checks of a partition, on the worker that has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier

from skopt_suite.backends import is_sparse, to_numpy
from skopt_suite.estimators._chunk_errors import named_chunk
from skopt_suite.estimators._first_sweep import checked_chunk
from skopt_suite.estimators._inputs import check_lengths, check_sample_weight
from skopt_suite.estimators._target_summary import TargetSummary
from skopt_suite.estimators._targets import loss_on
from skopt_suite.training import Partition


class Facts(NamedTuple):
    """What the client is told of a partition."""

    n_rows: int
    dtype: Any
    is_sparse: bool
    largest: float
    summary: TargetSummary | None


@dataclass(frozen=True)
class Checked:
    """A partition, unless something is wrong with it; what is known of it."""

    partition: Partition | None
    facts: Facts | None
    error: Exception | None = None


def checked_partition(model: Any, dtype: str, number: int, X: Any, y: Any, weight: Any) -> Checked:
    """Return a partition with its targets, or what is wrong with it.

    Parameters
    ----------
    model : estimator
        It knows number and names of the features.
    dtype : {"as_X", "float32", "float64"}
        Precision of the fit.
    number : int
        Which of all partitions.
    X, y, weight : object
        As they are given; the weight may be None, or a number.
    """
    try:
        with named_chunk(type(model).__name__, number):
            return _checked(model, dtype, number, X, y, weight)
    except (TypeError, ValueError) as error:
        return Checked(None, None, error)


def facts_of(checked: Checked) -> Facts | Exception | None:
    """Return what is known of a partition, or what is wrong with it."""
    return checked.facts if checked.error is None else checked.error


def partition_of(checked: Checked) -> Partition | None:
    """Return the partition."""
    return checked.partition


def _checked(model: Any, dtype: str, number: int, X: Any, y: Any, weight: Any) -> Checked:
    if X.shape[0] == 0:
        return Checked(None, Facts(0, None, False, 0.0, None))
    X, largest = checked_chunk(model, X, dtype)
    y = model._check_targets(to_numpy(y), "float64" if dtype == "as_X" else dtype)
    check_lengths(X, y)
    if not is_classifier(model):
        targets = model._learn_targets(y, None)
        loss_on(model._loss(), targets, targets.encode(y, type(model).__name__))
    weight = _weight(weight, X.shape[0])
    counts = np.ones(len(y)) if weight is None else weight
    summary = TargetSummary.of(y, counts, are_labels=is_classifier(model) and y.ndim == 1)
    facts = Facts(X.shape[0], X.dtype, is_sparse(X), largest, summary)
    return Checked(Partition(number, X, y, weight), facts)


def _weight(weight: Any, n_rows: int) -> np.ndarray | None:
    """Return checked weights, all of which may be 0 in a partition."""
    if weight is not None and np.ndim(weight) and not np.any(to_numpy(weight)):
        check_sample_weight(np.ones(len(weight)), n_rows)
        return np.zeros(n_rows)
    return check_sample_weight(weight, n_rows)
