"""What a fused search asks of an estimator: all of it is here.

In the order in which a search asks: with which others a model can be trained in one pass, for the
rows of a fold as models see them, for the job of a model on them, for the model with its result,
and for what that is scored with.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
from sklearn.base import clone

from skopt_suite.backends import Array, Placement, placement_for
from skopt_suite.domains import Range
from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.estimators._callbacks import has_callbacks
from skopt_suite.estimators._classifier import TrainableClassifier
from skopt_suite.estimators._convergence import warn_if_not_converged
from skopt_suite.estimators._first_sweep import reader_for, swept
from skopt_suite.estimators._out_of_memory import explained
from skopt_suite.estimators._predict import seen_X
from skopt_suite.estimators._prepare import (
    checked_rows,
    encoded_rows,
    fresh_start,
    plan_of,
    prepared_on,
)
from skopt_suite.estimators._prepared import CheckedRows, Prepared
from skopt_suite.estimators._regressor import TrainableRegressor
from skopt_suite.estimators._settled import settled, settled_like
from skopt_suite.estimators._standardize import key_of, standardizes_targets
from skopt_suite.estimators._targets import loss_on, placed_targets
from skopt_suite.estimators._training_part import training_part
from skopt_suite.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS, Metric
from skopt_suite.training import Job, Parts, Plan, Result, kind_of_steps

__all__ = [
    "SeenRows",
    "copied",
    "explained",
    "fitted",
    "is_trainable",
    "metrics_of",
    "other_sizes",
    "pass_key_of",
    "plan_of",
    "prepare",
    "reason_to_train_alone",
    "rows_to_score",
    "search_ranges",
    "see",
    "see_swept",
    "steps_of",
    "sweep",
    "takes_chunks",
    "targets_to_score",
    "told_parts",
    "view_key",
    "warn_if_not_converged",
    "with_predictions",
]


@dataclass(frozen=True)
class SeenRows:
    """Rows of a fold that were checked once for all models that see them alike."""

    rows: CheckedRows
    learnt: dict[str, Any]
    """The attributes that a model has from checking the rows."""

    @property
    def placement(self) -> Placement:
        """Where they are."""
        return self.rows.placement


@dataclass(frozen=True)
class SweptRows:
    """Rows that were read once, chunk by chunk, and checked but for their targets."""

    X: Any
    """`ChunkedRows`, or an array where they are few."""
    y: Any
    weight: Any
    dtype: str
    """Precision of fits."""
    learnt: dict[str, Any]
    """The attributes that a model has from checking the rows."""


def search_ranges(model: TrainableEstimator) -> dict[str, Range]:
    """Return the ranges worth searching by parameter; raise if a parameter is not accepted."""
    model._check_parameters()
    return model._search_ranges()


def other_sizes(model: TrainableEstimator) -> list[tuple[int, ...]]:
    """Return units of hidden layers that are worth searching beside those of the model."""
    return model._other_sizes()


def is_trainable(model: Any) -> TypeGuard[TrainableEstimator]:
    """Whether a model is an estimator of this package."""
    return isinstance(model, TrainableEstimator)


def reason_to_train_alone(model: Any) -> str:
    """Return why a model cannot be trained together with others; empty if it can."""
    name = type(model).__name__
    if not is_trainable(model):
        return f"{name} is not an estimator of skopt_suite"
    if not getattr(type(model).fit, "__module__", "").startswith(f"{__package__}."):
        return f"{name} has a fit method of its own"
    if model.verbose:
        of_fits = f"verbose={model.verbose!r} prints a line per epoch of every fit"
        return f"{of_fits}; set verbose of what is around it instead"
    if has_callbacks(model):
        return "the estimator has callbacks of its own; set them on what is around it instead"
    return ""


def pass_key_of(model: TrainableEstimator, plan: Plan) -> Hashable:
    """Return what models must share to be trained in one pass, if they hold out the same rows."""
    held_out = model.validation_fraction if plan.early_stopping else None
    kind = type(model), model.backend, model.dtype, key_of(model)
    return *kind, held_out, model._architecture(), plan.key


def steps_of(model: TrainableEstimator, plan: Plan) -> str:
    """Return what makes the steps of a model: see `skopt_suite.training.kind_of_steps`."""
    placement = placement_for(model.backend, np.empty(0))
    return kind_of_steps(plan, model._network(1, 2), placement.xp.empty(0))


def view_key(model: TrainableEstimator) -> Hashable:
    """Return what models share that see rows alike."""
    return type(model), model.backend, model._precision(), standardizes_targets(model)


def see(model: TrainableEstimator, X: Any, y: Any, sample_weight: Any) -> SeenRows:
    """Return rows as `model` sees them, which stays as it is; raise what is wrong with them."""
    viewer = copied(model, {})
    before = set(vars(viewer))
    rows = checked_rows(viewer, X, y, sample_weight)
    return SeenRows(rows, {k: v for k, v in vars(viewer).items() if k not in before})


def sweep(model: TrainableEstimator, X: Any, y: Any, sample_weight: Any) -> SweptRows | None:
    """Return rows that are read chunk by chunk as `model` sees them; None of others."""
    viewer = copied(model, {})
    before, reader = set(vars(viewer)), reader_for(viewer, X)
    if reader is None:
        return None
    found = swept(viewer, reader, y, sample_weight, viewer._precision(), reset=True)
    return SweptRows(*found, {k: v for k, v in vars(viewer).items() if k not in before})


def see_swept(model: TrainableEstimator, rows: SweptRows) -> SeenRows:
    """Return rows that were swept as `model` sees them; raise what is wrong with targets."""
    viewer = copied(model, rows.learnt)
    given = rows.X, rows.y, rows.weight, Placement(np), rows.dtype
    checked = encoded_rows(viewer, *given)
    if checked.targets.type.kind == "labels":  # 0 and 1 are as exact
        checked = replace(checked, encoded=checked.y.astype(np.float32))
    return SeenRows(checked, rows.learnt)


def takes_chunks(model: TrainableEstimator) -> bool:
    """Whether the optimizer takes rows that are read chunk by chunk."""
    return model._optimizer(is_chunked=True).takes_chunks


def prepare(model: TrainableEstimator, seen: SeenRows, plan: Plan) -> Prepared:
    """Return the job of a model on rows, and its data.

    Models with the same `pass_key_of` and the same class weights differ in nothing but the plan.
    """
    viewer, plan = copied(model, seen.learnt), settled(model, plan, seen.rows)
    return prepared_on(viewer, plan, seen.rows, training_part(viewer, plan, seen.rows))


def job_of(prepared: Prepared, plan: Plan) -> Job:
    """Return the job of another plan on the same rows; networks may start somewhere else."""
    job, source = prepared.job, prepared.data.train
    plan = settled_like(job.plan, plan)
    if (plan.loss_content, plan.init) == (job.plan.loss_content, job.plan.init):
        return replace(job, plan=plan)
    y = source.some_targets(source.n_samples)
    loss = loss_on(plan.loss, prepared.targets, y)
    start = fresh_start(job.network, plan, loss, y, job.sample_weight)
    return replace(job, plan=plan, start=start)


@contextmanager
def told_parts(model: Any, parts: Parts | None) -> Iterator[None]:
    """Let fits of a model in this context know the parts that all of their rows are made of."""
    if parts is not None and not reason_to_train_alone(model):
        model._parts = parts.seen_as(view_key(model))
    try:
        yield
    finally:
        vars(model).pop("_parts", None)


def fitted(model: TrainableEstimator, seen: SeenRows, job: Job, result: Result) -> Any:
    """Return a copy of a model that is fitted to rows with that result."""
    new = clone(model)
    vars(new).update(seen.learnt)
    if job.columns is not None:
        new.n_features_in_ = len(job.columns)
    new._show(job, seen.rows.targets, result)
    return new


def rows_to_score(model: TrainableEstimator, seen: SeenRows, X: Any, y: Any) -> tuple[Array, Array]:
    """Return other rows as a model that was fitted to `seen` sees them.

    Returns
    -------
    X : array of shape (n_samples, n_features)
        In its own precision, for predictions as precise as it allows.
    y : array of shape (n_samples, n_columns)
        Targets as losses take them, in float64.
    """
    X, _, _ = seen_X(copied(model, seen.learnt), X, "as_X")
    return X, targets_to_score(model, seen, y)


def targets_to_score(model: TrainableEstimator, seen: SeenRows, y: Any) -> Array:
    """Return targets of other rows as losses take them, (n_samples, n_columns), in float64."""
    y = seen.rows.targets.encode(model._check_targets(y, "float64"), type(model).__name__)
    return placed_targets(y, seen.placement, "float64")


def with_predictions(model: TrainableEstimator, X: Any, raw: Array) -> Any:
    """Return a copy of a fitted model that knows its raw predictions for X without reading it."""
    new = copied(model, {})

    def known(given: Any) -> tuple[Array, Placement]:
        return (raw, Placement(np)) if given is X else model._raw_predictions(given)

    new._raw_predictions = known
    return new


def metrics_of(model: TrainableEstimator) -> tuple[Metric | None, Mapping[str, Metric]]:
    """Return the metric that the model's own ``score`` is, and those that have a name.

    There are none where a user's subclass predicts in its own way, or a target has several
    predictions.
    """
    base: type[TrainableClassifier | TrainableRegressor]
    if isinstance(model, TrainableClassifier):
        base, own, by_name = TrainableClassifier, "accuracy", CLASSIFICATION_METRICS
    else:
        base, own, by_name = TrainableRegressor, "r2", REGRESSION_METRICS
    cls: Any = type(model)
    if cls.predict is not base.predict or cls._raw_predictions is not base._raw_predictions:
        return None, {}
    if model._loss().n_predictions > 1:
        return None, {}
    return (by_name[own] if cls.score is base.score else None), by_name


def copied(model: Any, learnt: dict[str, Any]) -> Any:
    """Return a copy with the very same parameters, and what was learnt of the rows."""
    new = object.__new__(type(model))
    vars(new).update(vars(model) | learnt)
    return new
