"""What an ensemble asks of its members: jobs with weights of their own, and joint predictions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from inspect import getattr_static
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import (
    Placement,
    RawPredictions,
    blas_threads_for,
    is_sparse,
    take_rows,
    to_numpy,
)
from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.estimators._classifier import TrainableClassifier
from skopt_suite.estimators._fused import SeenRows, copied, is_trainable, plan_of
from skopt_suite.estimators._inputs import check_sample_weight, check_X, mean_one
from skopt_suite.estimators._prepare import prepared_on, validation_rows
from skopt_suite.estimators._prepared import CheckedRows, GivenRows, Prepared, TrainingPart
from skopt_suite.estimators._regressor import TrainableRegressor
from skopt_suite.estimators._scoring import scores_by_loss
from skopt_suite.estimators._settled import settled, settled_like
from skopt_suite.estimators._training_part import split_of, training_part
from skopt_suite.models import Network
from skopt_suite.training import Plan

_BYTES_AT_ONCE = 2**28  # of what layers give: more is no faster


def held_out_rows(
    model: TrainableEstimator, seen: SeenRows, X: Any, y: Any, weight: Any
) -> GivenRows | None:
    """Return other rows as all members see them, checked."""
    given = validation_rows(copied(model, seen.learnt), X, y, seen.rows)
    return given and given._replace(weight=check_sample_weight(weight, given.y.shape[0]))


def reason_to_see_all_features(model: TrainableEstimator, X: Any) -> str:
    """Return why models that see different features of X cannot share a pass; empty if they can."""
    if is_sparse(X):
        return "members see different features of sparse rows"
    if not model._is_network:
        return "members see different features and are no networks"
    if isinstance(model.standardize, Mapping):
        return "members see different features, and standardize is given for all of them"
    if not scores_by_loss(model):
        return f"members see different features, and scoring={model.scoring!r} sees all of them"
    return ""


def prepare_members(
    models: Sequence[TrainableEstimator],
    seen: SeenRows,
    weights: Sequence[Any],
    given: GivenRows | None = None,
    columns: Sequence[np.ndarray] | None = None,
) -> list[Prepared]:
    """Return the fits of models that differ in their seeds, each with weights of its own.

    Each sees all features, or those that `columns` names, of which there are equally many.

    Each starts where its own seed says. All see the rows in the order of the first one, and
    standardised alike: as if every row counted once. Those that stop early are scored on rows that
    they have not drawn; where there are none, all hold out the same. Or all are scored on rows
    that are given.
    """
    rows, first = seen.rows, models[0]
    shared = settled(first, plan_of(first), rows, given is not None)
    own = np.stack([_weight(model, one, rows) for model, one in zip(models, weights, strict=True)])
    part, own, held_out = _shared_part(first, shared, rows, own, given)
    prepared = []
    for k, model in enumerate(models):
        plan = settled_like(shared, plan_of(model))
        seen_columns = None if columns is None else columns[k]
        one = prepared_on(model, plan, rows, replace(part, weight=own[k]), columns=seen_columns)
        of_stack = replace(one.job.plan, seed=shared.seed)
        weight = None if held_out is None else mean_one(held_out[k])
        prepared.append(replace(one, job=replace(one.job, plan=of_stack, held_out_weight=weight)))
    return prepared


def _weight(model: TrainableEstimator, weight: Any, rows: CheckedRows) -> np.ndarray:
    """Return what rows count for a model, (n_samples,)."""
    own = check_sample_weight(weight, rows.y.shape[0])
    weighed = model._weigh_classes(replace(rows, weight=own))
    return np.ones(rows.y.shape[0]) if weighed is None else weighed


def _shared_part(
    model: TrainableEstimator,
    plan: Plan,
    rows: CheckedRows,
    weights: np.ndarray,
    given: GivenRows | None,
) -> tuple[TrainingPart, np.ndarray, np.ndarray | None]:
    """Return the rows that models share, their weights there, and those of held-out rows.

    Weights are of shape (n_models, n_samples); held-out ones are None where they do not differ.
    """
    if not plan.early_stopping:
        return training_part(model, plan, rows), weights, None
    if given is not None:
        return training_part(model, plan, rows, given), weights, None
    index = _often_left_out(weights == 0, model.validation_fraction, plan.seed)
    if index is None:
        kept, _ = split_of(model, plan, rows)
        return training_part(model, plan, rows), weights[:, kept], None
    drawn = GivenRows(take_rows(rows.X, rows.placement.asarray(index)), rows.y[index])
    on_all = training_part(model, replace(plan, early_stopping=False), rows, drawn)
    held_out = np.where(weights[:, index] == 0, 1.0, 0.0) * _weight(model, None, rows)[index]
    return on_all, weights, held_out


def _often_left_out(is_left_out: np.ndarray, fraction: float, seed: int) -> np.ndarray | None:
    """Return so many rows that models leave out about that fraction of all among them.

    None if a model leaves out less than half of that.
    """
    n_rows = is_left_out.shape[1]
    n_drawn = math.ceil(n_rows * min(1.0, fraction / max(is_left_out.mean(), 1 / n_rows)))
    index = np.sort(np.random.RandomState(seed).permutation(n_rows)[:n_drawn])
    n_each = is_left_out[:, index].sum(axis=1)
    return index if n_each.min() >= max(1, fraction * n_rows / 2) else None


class Members(NamedTuple):
    """Fitted models that predict together."""

    models: Sequence[Any]
    features: Sequence[np.ndarray]
    """The columns of X that every model was trained on."""

    def can_predict_together(self) -> bool:
        """Whether all are the same network, and predict as estimators of this package do."""
        first = self.models[0]
        return all(predicts_as_ours(model) and _are_alike(model, first) for model in self.models)

    def mean_probability(self, X: Any) -> np.ndarray:
        """Return the mean of the probabilities of the classes, (n_samples, n_classes)."""
        first = self.models[0]
        loss = first.loss_function_.on(first._targets.type)
        mean = self._mean(X, loss.probability)
        return np.hstack([1 - mean, mean]) if first._targets.is_binary else mean

    def mean_decision(self, X: Any) -> np.ndarray:
        """Return the mean of raw predictions, (n_samples,) of two classes."""
        mean = self._mean(X, lambda raw: raw)
        return mean[:, 0] if self.models[0]._targets.is_binary else mean

    def mean_prediction(self, X: Any) -> np.ndarray:
        """Return the mean of predicted targets."""
        first = self.models[0]
        return first._targets.decode(self._mean(X, first.loss_function_.prediction))

    def _mean(self, X: Any, of: Any) -> np.ndarray:
        parts = (to_numpy(of(raw)).sum(axis=0, dtype=np.float64) for raw in self._raw(X))
        total: Any = sum(parts)
        return total / len(self.models)

    def _raw(self, X: Any) -> Iterator[RawPredictions]:
        """Yield raw predictions of some models after the other, (n_models, n_samples, n_outputs).

        The first layer of a model that was trained on some columns has weights of 0 elsewhere.
        """
        x, placement, dtype = _seen(self.models[0], X, self._precision())
        network = _on_columns(self.models[0]._trained_network, x.shape[1])
        size = max(1, _BYTES_AT_ONCE // (8 * x.shape[0] * sum(network.sizes[1:])))
        for start in range(0, len(self.models), size):
            some = range(start, min(start + size, len(self.models)))
            params = placement.asarray(np.stack([self._params(k, network) for k in some]), dtype)
            with blas_threads_for(2.0 * x.shape[0] * network.layout.largest_layer):
                yield network.predict(params, x)

    def _precision(self) -> str:
        """Return that of X, unless inputs are so far from 0 that it would not do."""
        known = [model._standardization for model in self.models]
        is_far = any(one is not None and one.inputs.has_far_means for one in known)
        return "float64" if is_far else "as_X"

    def _params(self, k: int, network: Network) -> np.ndarray:
        """Return the parameters of a model of all columns that predicts as the one of some."""
        coefs, intercepts = self.models[k]._layers()
        parts = [[*map(to_numpy, part)] for part in (coefs, intercepts, self.models[k]._others())]
        first, *others = parts[0]
        whole = np.zeros((network.sizes[0], first.shape[1]), first.dtype)
        np.add.at(whole, self.features[k], first)
        return network.layout.flatten([whole, *others], *parts[1:])


def predicts_as_ours(model: Any) -> bool:
    """Whether a model is an estimator of this package, or predicts as its parent among them."""
    if not is_trainable(model):
        return False
    is_class = isinstance(model, TrainableClassifier)
    base: Any = TrainableClassifier if is_class else TrainableRegressor
    names = ["predict", "_raw_predictions"]
    names += ["predict_proba", "decision_function"] if is_class else []
    # of methods that are there for some losses only, `getattr` gives a new object every time
    return all(getattr_static(type(model), name) is getattr_static(base, name) for name in names)


def _are_alike(model: Any, first: Any) -> bool:
    def key(one: Any) -> tuple[Any, ...]:
        return one._trained_network, one._targets.type, type(one.loss_function_), one.backend

    return key(model) == key(first)


def _seen(model: Any, X: Any, dtype: str) -> tuple[Any, Placement, str]:
    """Return X as a model takes it, of which it may know some columns only."""
    viewer = object.__new__(type(model))
    vars(viewer).update(vars(model) | {"n_features_in_": X.shape[1]})
    return check_X(viewer, X, dtype=dtype, backend=model.backend, reset=False)


def _on_columns(network: Network, n_features: int) -> Network:
    return replace(network, sizes=(n_features, *network.sizes[1:]))
