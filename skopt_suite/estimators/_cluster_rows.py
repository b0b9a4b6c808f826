"""Rows on the workers of a cluster: checked where they are, and known by what is said of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.utils.validation import validate_data

from skopt_suite.backends import Placement
from skopt_suite.cluster import Crew, known_lengths, mapped_partitions, same
from skopt_suite.estimators._chunk_errors import named_chunk, no_chunks
from skopt_suite.estimators._first_sweep import precisions
from skopt_suite.estimators._inputs import limit_of_size, refuse_large
from skopt_suite.estimators._partition_checks import (
    Facts,
    checked_partition,
    facts_of,
    partition_of,
)
from skopt_suite.estimators._prepared import CheckedRows, TrainingPart
from skopt_suite.estimators._scoring import scores_by_loss
from skopt_suite.estimators._target_summary import TargetSummary
from skopt_suite.estimators._targets import Targets, check_given
from skopt_suite.training import ClusterRows, Recipe

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator


@dataclass(frozen=True)
class Lazy:
    """What a user gives: collections of dask, of which targets and weights may be in memory."""

    X: Any
    y: Any
    weight: Any


def rows_on_cluster(
    model: TrainableEstimator, client: Any, lazy: Lazy, known: Targets | None, classes: Any
) -> CheckedRows:
    """Return rows that stay on workers; targets and weights are a summary of theirs."""
    owner, wanted = type(model).__name__, model._precision()
    if model.backend == "cupy":
        raise ValueError(f"{owner}: backend='cupy' takes no X on the workers of a cluster.")
    if lazy.y is None:
        check_given(lazy.y, owner)
    validate_data(model, _like(lazy.X), reset=known is None, skip_check_array=True)
    futures, facts = _checked(model, client, lazy, wanted)
    own, dtype = precisions({one.dtype for one in facts}, wanted)
    n_rows, largest = [one.n_rows for one in facts], max(one.largest for one in facts)
    n_features = model.n_features_in_
    refuse_large(owner, dtype, largest, limit_of_size(dtype, sum(n_rows) * n_features))
    summary = _summary(model, facts)
    targets = known or model._learn_targets(summary.y, classes)
    recipe = Recipe(owner, targets, n_features, np.dtype(own), facts[0].is_sparse)
    X = ClusterRows(Crew(client, futures, n_rows), recipe)
    encoded = targets.encode(summary.y, owner)
    return CheckedRows(X, encoded, summary.weight, targets, Placement(np), dtype)


def _like(X: Any) -> Any:
    """Return what has the columns of X: a frame without rows, or an array of dask."""
    return X._meta if hasattr(X, "divisions") else X


def _checked(
    model: TrainableEstimator, client: Any, lazy: Lazy, wanted: str
) -> tuple[list[Any], list[Facts]]:
    """Return partitions with rows, on workers, and what is known of each."""
    owner, given = type(model).__name__, computed(client, lazy, type(model).__name__)
    numbers = range(len(given[0]))
    bare = client.submit(same, _bare(model), pure=False)
    repeated = [[one] * len(numbers) for one in (bare, wanted)]
    found = client.map(checked_partition, *repeated, numbers, *given, pure=False)
    facts: list[Any] = client.gather(client.map(facts_of, found, pure=False))
    for one in facts:
        if isinstance(one, Exception):
            raise one
    full = [i for i in numbers if facts[i].n_rows]
    if not full:
        raise no_chunks(owner)
    _check_alike(owner, {i: facts[i] for i in full})
    partitions = client.map(partition_of, [found[i] for i in full], pure=False)
    return partitions, [facts[i] for i in full]


def computed(client: Any, lazy: Lazy, owner: str) -> list[list[Any]]:
    """Return inputs, targets and weights of every partition, as workers compute them."""
    others = {"y": lazy.y, "sample_weight": lazy.weight}
    try:
        return mapped_partitions(client, lazy.X, others, known_lengths(lazy.X))
    except ValueError as error:
        raise ValueError(f"{owner}: {error}") from error


def _bare(model: TrainableEstimator) -> Any:
    """Return a model that knows its features and nothing else."""
    bare: Any = clone(model)
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(model, name):
            setattr(bare, name, getattr(model, name))
    return bare


def _check_alike(owner: str, facts: dict[int, Facts]) -> None:
    """Raise if a partition has rows or targets of another kind than the first."""
    first: Any = next(iter(facts.values()))
    for number, one in facts.items():
        with named_chunk(owner, number):
            if one.is_sparse != first.is_sparse:
                raise ValueError("all must be dense, or all sparse; it is not like the first.")
            _check_like(one.summary, first.summary)


def _check_like(summary: Any, first: Any) -> None:
    kinds = [one.y.dtype.kind.replace("u", "i") for one in (summary, first)]
    if kinds[0] != kinds[1] or summary.y.shape[1:] != first.y.shape[1:]:
        raise ValueError(
            f"y must be as in the first, {first.y.dtype} of shape (n, *{first.y.shape[1:]}); got "
            f"{summary.y.dtype} of shape (n, *{summary.y.shape[1:]})."
        )


def _summary(model: TrainableEstimator, facts: list[Facts]) -> TargetSummary:
    """Return that of all targets."""
    parts = [one.summary for one in facts if one.summary is not None]
    y, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not weight.any():
        raise ValueError("sample_weight must have a positive entry; all are zero.")
    are_labels = is_classifier(model) and y.ndim == 1
    found = TargetSummary.of(y, weight, are_labels)
    if is_classifier(model) and not are_labels:  # groups in which there are 0 and 1
        found = found._replace(y=np.rint(found.y).astype(np.int64))
    return found


def holding_out(model: TrainableEstimator, rows: CheckedRows, seed: int) -> CheckedRows:
    """Return rows of which workers hold some out."""
    if not scores_by_loss(model):
        raise ValueError(
            f"{type(model).__name__}: rows that workers of a cluster hold out are scored by the "
            f"loss; got scoring={model.scoring!r}. Change scoring to 'loss', or give X_val and "
            "y_val as arrays."
        )
    return replace(rows, X=rows.X.made(fraction=model.validation_fraction, seed=seed))


def weighed(model: TrainableEstimator, part: TrainingPart, rows: CheckedRows) -> TrainingPart:
    """Return a part whose workers weigh classes and standardise targets."""
    by_class = None
    if getattr(model, "class_weight", None) is not None:
        if part.weight is None or rows.weight is None or not rows.targets.is_stratified:
            raise ValueError(
                f"{type(model).__name__}: class_weight must be None for several labels on the "
                f"workers of a cluster; got {model.class_weight!r}."
            )
        by_class = np.ones(rows.targets.type.n_outputs + 1)
        by_class[rows.y[:, 0].astype(np.int64)] = part.weight / rows.weight
    outputs = None if part.standardization is None else part.standardization.targets
    return replace(part, X=part.X.made(by_class=by_class, outputs=outputs))
