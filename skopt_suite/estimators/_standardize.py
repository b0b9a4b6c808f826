"""The parameter ``standardize``: fits see columns of mean 0 and deviation 1."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from skopt_suite.backends import to_numpy
from skopt_suite.chunks import is_chunked
from skopt_suite.estimators._column_moments import ColumnMoments, column_moments_of
from skopt_suite.estimators._prepared import CheckedRows
from skopt_suite.models import Network
from skopt_suite.training import Scaling, Standardization, is_on_cluster

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator

_ACCEPTED = (
    "standardize must be 'auto', True, False, or a dict with a pair (mean, scale) for 'X', for "
    "'y' or for both"
)


def check_standardize(owner: str, value: Any) -> None:
    """Raise `ValueError` or `TypeError` unless `value` says what to standardise, and how."""
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, str) and value == "auto"):
        return
    if not isinstance(value, Mapping):
        kind = ValueError if isinstance(value, str) else TypeError
        raise kind(f"{owner}: {_ACCEPTED}; got {value!r}.")
    if not value or not value.keys() <= {"X", "y"}:
        raise ValueError(f"{owner}: {_ACCEPTED}; got one for {list(value)}.")
    for name, pair in value.items():
        _check_pair(f"{owner}: standardize[{name!r}]", pair)


def standardizes(model: TrainableEstimator) -> bool:
    """Whether fits see standardised inputs."""
    value = model.standardize
    return model._is_network if isinstance(value, str) else bool(value)


def standardizes_targets(model: TrainableEstimator) -> bool:
    """Whether fits see standardised targets: where the loss is the same problem then."""
    return standardizes(model) and model._loss().is_of_residuals


def key_of(model: TrainableEstimator) -> Hashable:
    """Return what models share that standardise the same rows alike."""
    value = model.standardize
    return joblib.hash(value) if isinstance(value, Mapping) else standardizes(model)


def learnt_standardization(
    model: TrainableEstimator,
    network: Network,
    rows: CheckedRows,
    index: np.ndarray | None = None,
) -> Standardization | None:
    """Return how a model standardises, from all rows or those that `index` names.

    The weights of classes are not counted, only those of samples.
    """
    if not standardizes(model):
        return None
    if index is not None and is_chunked(rows.X):
        rows, index = rows.taken(index), None
    given = model.standardize if isinstance(model.standardize, Mapping) else {}
    weight = rows.weight if index is None else _only(index, rows)
    owner = type(model).__name__
    inputs = _inputs(owner, given.get("X"), network, rows, weight)
    if not standardizes_targets(model):
        _refuse_targets(model, given)
        return Standardization(inputs, None)
    return Standardization(inputs, _targets(owner, given.get("y"), network, rows, weight))


def _inputs(
    owner: str, pair: Any, network: Network, rows: CheckedRows, weight: np.ndarray | None
) -> Scaling:
    reason = _reason_not_to_centre(network, rows)
    if pair is not None:
        return _given(owner, "X", pair, rows.X.shape[1], reason)
    moments = rows.moments if weight is rows.weight else column_moments_of(rows.X, weight)
    return _scaling(moments, is_centred=not reason)


def _targets(
    owner: str, pair: Any, network: Network, rows: CheckedRows, weight: np.ndarray | None
) -> Scaling:
    reason = "" if network.output_bias else "fit_intercept=False"
    if pair is not None:
        return _given(owner, "y", pair, rows.y.shape[1], reason)
    y = rows.X.targets if is_on_cluster(rows.X) else rows.y
    return _scaling(column_moments_of(y, weight), is_centred=not reason)


def _scaling(moments: ColumnMoments, is_centred: bool) -> Scaling:
    return Scaling(moments.mean if is_centred else None, 1 / moments.deviation)


def _only(index: np.ndarray, rows: CheckedRows) -> np.ndarray:
    """Return weights of 0 for all rows but those that `index` names."""
    weight = np.zeros(rows.X.shape[0])
    weight[index] = 1.0 if rows.weight is None else rows.weight[index]
    return weight


def _reason_not_to_centre(network: Network, rows: CheckedRows) -> str:
    """Return why means cannot be taken off; empty if they can."""
    if rows.is_sparse:
        return "sparse X"
    if not network.layout.layers[0].has_bias:
        return "fit_intercept=False"
    return "normalization='layer'" if network.normalization == "layer" else ""


def _given(owner: str, name: str, pair: Any, n_columns: int, reason: str) -> Scaling:
    """Return what the user gives, checked."""
    mean, scale = (None if part is None else _numbers(part) for part in pair)
    for what, part in (("mean", mean), ("scale", scale)):
        if part is not None and part.shape not in ((), (n_columns,)):
            raise ValueError(
                f"{owner}: standardize[{name!r}] must be numbers for {n_columns} columns; got a "
                f"{what} of shape {part.shape}."
            )
    if reason and mean is not None and mean.any():
        raise ValueError(
            f"{owner}: the mean in standardize[{name!r}] must be None with {reason}, as it cannot "
            f"be taken off; got {mean!r}."
        )
    factor = 1 / np.broadcast_to(1.0 if scale is None else scale, (n_columns,))
    return Scaling(None if mean is None or reason else np.full(n_columns, mean), factor)


def _refuse_targets(model: TrainableEstimator, given: Mapping[str, Any]) -> None:
    if "y" in given:
        raise ValueError(
            f"{type(model).__name__}: standardize['y'] needs a loss of residuals; got loss "
            f"{model._loss().name!r}, which takes targets as they are."
        )


def _check_pair(what: str, pair: Any) -> None:
    """Raise unless there are a mean, which may be None, and a positive scale, which may, too."""
    wanted = f"{what} must be a pair (mean, scale) of finite numbers, the scale positive"
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(f"{wanted}; got {pair!r}.")
    mean, scale = (None if part is None else _numbers(part) for part in pair)
    for part in (mean, scale):
        if part is not None and not np.isfinite(part).all():
            raise ValueError(f"{wanted}; got {pair!r}.")
    if scale is not None and not (scale >= np.finfo(np.float64).tiny).all():
        raise ValueError(f"{wanted}; got {pair!r}.")


def _numbers(value: Any) -> np.ndarray:
    """Return an array in float64; of NaN if it is none of real numbers."""
    try:
        return np.asarray(to_numpy(value)).astype(np.float64)
    except (TypeError, ValueError):
        return np.array(np.nan)
