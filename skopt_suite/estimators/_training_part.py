"""The rows to train on, and those that decide when to stop: given, or taken from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from skopt_suite.backends import in_precision, is_sparse, namespace, rows_in_precision, take_rows
from skopt_suite.chunks import is_chunked, some_rows
from skopt_suite.estimators._cluster_rows import holding_out
from skopt_suite.estimators._inputs import mean_one
from skopt_suite.estimators._prepared import CheckedRows, GivenRows, TrainingPart
from skopt_suite.estimators._scoring import scorer_on, scores_by_loss
from skopt_suite.estimators._split import split_rows
from skopt_suite.estimators._standardize import learnt_standardization, standardizes
from skopt_suite.estimators._targets import are_numbers, placed_targets
from skopt_suite.models import Network
from skopt_suite.training import Plan, Rows, Scorer, Standardization, is_on_cluster

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator


def training_part(
    model: TrainableEstimator,
    plan: Plan,
    rows: CheckedRows,
    given: GivenRows | None = None,
    goes_on: bool = False,
) -> TrainingPart:
    """Return the rows to train on; those that decide when to stop may be taken from them.

    Fits that go on see rows as before. The plan is settled.
    """
    weight = model._weigh_classes(rows)
    if given is None and plan.early_stopping:
        split = _split_on_cluster if is_on_cluster(rows.X) else _split_part
        return split(model, plan, rows, weight)
    standardization = (
        model._standardization if goes_on else _learnt_standardization(model, plan, rows)
    )
    return TrainingPart(
        rows.X,
        _targets_seen(rows.encoded, rows, standardization),
        weight,
        None if given is None else _given_part(given, rows, standardization),
        standardization,
        None if standardization is None else standardization.inputs.on(rows.placement),
        None if given is None or scores_by_loss(model) else scorer_on(model, rows, *given),
    )


def _split_part(
    model: TrainableEstimator, plan: Plan, rows: CheckedRows, weight: np.ndarray | None
) -> TrainingPart:
    """Return copies of the rows to train on and of those that decide when to stop."""
    kept, held_out = split_of(model, plan, rows)
    _check_weights_of_parts(weight, (kept, held_out), type(model).__name__)
    standardization = _learnt_standardization(model, plan, rows, kept)
    scaling = None if standardization is None else standardization.inputs.on(rows.placement)
    return TrainingPart(
        _take(rows, kept, standardization),
        _targets_seen(rows.y[kept], rows, standardization),
        None if weight is None else weight[kept],
        _held_out(rows, weight, held_out, standardization),
        standardization,
        scaling if is_chunked(rows.X) else None,
        scorer=_scorer(model, rows, weight, held_out),
    )


def _split_on_cluster(
    model: TrainableEstimator, plan: Plan, rows: CheckedRows, weight: np.ndarray | None
) -> TrainingPart:
    """Return the rows to train on, of which workers hold some out that decide when to stop."""
    rows = holding_out(model, rows, plan.seed)
    standardization = _learnt_standardization(model, plan, rows)
    return TrainingPart(
        rows.X,
        _targets_seen(rows.y, rows, standardization),
        None if weight is None else weight * (1 - model.validation_fraction),
        None,
        standardization,
        None if standardization is None else standardization.inputs,
    )


def _learnt_standardization(
    model: TrainableEstimator, plan: Plan, rows: CheckedRows, index: np.ndarray | None = None
) -> Standardization | None:
    """Return how a model standardises, from all rows or those that `index` names."""
    if not standardizes(model):
        return None
    return learnt_standardization(model, network_of(model, plan, rows), rows, index)


def split_of(
    model: TrainableEstimator, plan: Plan, rows: CheckedRows
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of the rows to train on and of those that decide when to stop."""
    fraction, owner = model.validation_fraction, type(model).__name__
    return split_rows(rows.y, fraction, plan.seed, owner, rows.targets.is_stratified)


def _scorer(
    model: TrainableEstimator, rows: CheckedRows, weight: np.ndarray | None, index: np.ndarray
) -> Scorer | None:
    """Return what scores fits on some of the rows; None: their loss does."""
    if scores_by_loss(model):
        return None
    X = some_rows(rows.X, rows.placement.asarray(index))
    return scorer_on(model, rows, X, rows.y[index], None if weight is None else weight[index])


def _check_weights_of_parts(
    weight: np.ndarray | None, parts: tuple[np.ndarray, np.ndarray], owner: str
) -> None:
    """Raise if a part has nothing that counts."""
    if weight is not None and not all((weight[part] > 0).any() for part in parts):
        raise ValueError(
            f"{owner}: early stopping split the samples so that one part has no positive "
            "sample_weight. Give X_val and y_val, or another random_state."
        )


def _held_out(
    rows: CheckedRows,
    weight: np.ndarray | None,
    index: np.ndarray,
    standardization: Standardization | None,
) -> Rows:
    """Return the rows that decide when to stop, where the fit is."""
    y = _targets_seen(rows.y[index], rows, standardization)
    return Rows(
        _take(rows, index, standardization),
        placed_targets(y, rows.placement, rows.dtype),
        _shared_weight(None if weight is None else weight[index], rows),
    )


def _given_part(
    given: GivenRows, rows: CheckedRows, standardization: Standardization | None
) -> Rows:
    """Return the rows that the user holds out, the inputs of which are yet to be scaled."""
    y = _targets_seen(given.y, rows, standardization)
    return Rows(
        given.X,
        placed_targets(y, rows.placement, rows.dtype),
        _shared_weight(given.weight, rows),
    )


def _shared_weight(weight: np.ndarray | None, rows: CheckedRows) -> Any:
    """Return weights that all fits have for held-out rows, (1, n_samples); None if all are 1."""
    relative = mean_one(weight)
    return None if relative is None else rows.placement.asarray(relative[None], dtype=rows.dtype)


def _take(rows: CheckedRows, index: np.ndarray, standardization: Standardization | None) -> Any:
    """Return a copy of some inputs, in the precision of the fit where that saves memory."""
    X, placement = rows.X, rows.placement
    if is_chunked(X):  # scaled as it is read
        return X.taken(index)
    if standardization is not None:
        scaling = standardization.inputs.on(placement)
        return scaling(X, rows.precision, placement.asarray(index))
    if placement.is_numpy and not is_sparse(X):
        return rows_in_precision(X, index, rows.dtype)
    return take_rows(X, placement.asarray(index))


def _targets_seen(y: Any, rows: CheckedRows, standardization: Standardization | None) -> Any:
    """Return encoded targets as the fit sees them, numbers in its precision."""
    if standardization is not None and standardization.targets is not None:
        return standardization.targets(y, rows.dtype)
    return in_precision(y, getattr(namespace(y), rows.dtype)) if are_numbers(y) else y


def network_of(
    model: TrainableEstimator, plan: Plan, rows: CheckedRows, columns: np.ndarray | None = None
) -> Network:
    """Return the model for the features and targets of `rows`, or for some of the features."""
    n_outputs = rows.targets.type.n_outputs * plan.loss.n_raw
    return model._network(rows.X.shape[1] if columns is None else len(columns), n_outputs)
