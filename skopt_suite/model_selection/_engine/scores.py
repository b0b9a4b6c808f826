"""Scores of a whole stack of fits at once, where scikit-learn's would score them one by one.

For many small fits, what scorers check takes longer than what they compute. The scores here are
those that searches mostly use, computed from the stack's raw predictions; all others are left to
scikit-learn. Tests hold each to its scorer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, namespace, to_numpy
from skopt_suite.estimators._classifier import TrainableClassifier
from skopt_suite.estimators._regressor import TrainableRegressor
from skopt_suite.losses import ClassificationLoss, Loss, RegressionLoss

Metric = Callable[[Any, Array, Array], Array]
"""Loss, targets as losses take them, raw predictions (n_fits, n_samples, n_outputs) → (n_fits,)."""


class StackMetrics(NamedTuple):
    """What a search scores by."""

    by_name: dict[str, Metric]
    is_single: bool
    """Whether a score is a number; else a dict."""


def stack_metrics(scoring: Any, model: Any) -> StackMetrics | None:
    """Return the metrics that `scoring` asks for by name; None if one is not among those here."""
    own, by_name = _metrics_of(model)
    if scoring is None:
        return None if own is None else StackMetrics({"score": own}, True)
    if isinstance(scoring, str):
        return StackMetrics({"score": by_name[scoring]}, True) if scoring in by_name else None
    if callable(scoring):
        return None
    is_named = isinstance(scoring, Mapping)
    pairs = list(scoring.items()) if is_named else [(name, name) for name in scoring]
    if not all(isinstance(value, str) and value in by_name for _, value in pairs):
        return None
    return StackMetrics({name: by_name[value] for name, value in pairs}, False)


def stack_scores(metrics: StackMetrics, loss: Loss, y: Array, raw: Array) -> list[Any]:
    """Return the score of every fit; None where predictions are not finite.

    Parameters
    ----------
    metrics : StackMetrics
        What to score by.
    loss : Loss
        What knows the predictions from raw ones.
    y : array of shape (n_samples,) or (n_samples, n_outputs)
        Targets as losses take them.
    raw : array of shape (n_fits, n_samples, n_outputs)
        Raw predictions.
    """
    xp = namespace(raw)
    raw = xp.astype(raw, xp.float64, copy=False)
    finite = np.asarray(to_numpy(xp.all(xp.isfinite(raw), axis=(1, 2))))
    columns = [to_numpy(metric(loss, y, raw)).tolist() for metric in metrics.by_name.values()]
    scores = [
        row[0] if metrics.is_single else dict(zip(metrics.by_name, row, strict=True))
        for row in zip(*columns, strict=True)
    ]
    return [score if ok else None for score, ok in zip(scores, finite, strict=True)]


def _metrics_of(model: Any) -> tuple[Metric | None, dict[str, Metric]]:
    """Return the metric of the model's own `score`, and those that have a name.

    There are none where a user's subclass predicts in its own way.
    """
    cls = type(model)
    is_classifier = isinstance(model, TrainableClassifier)
    base: Any = TrainableClassifier if is_classifier else TrainableRegressor
    if cls.predict is not base.predict or cls._raw_predictions is not base._raw_predictions:
        return None, {}
    by_name = _CLASSIFICATION if is_classifier else _REGRESSION
    return (_own if cls.score is base.score else None), by_name


def _own(loss: Any, y: Array, raw: Array) -> Array:
    """Accuracy, or R²."""
    base = ClassificationLoss if isinstance(loss, ClassificationLoss) else RegressionLoss
    return base.score(loss, y, raw, None)


def _mean_squared(loss: Any, y: Array, raw: Array) -> Array:
    xp = namespace(raw)
    return xp.mean((loss.prediction(raw) - y) ** 2, axis=1)  # (n_fits, n_outputs)


def _neg_mean_squared_error(loss: Any, y: Array, raw: Array) -> Array:
    return -namespace(raw).mean(_mean_squared(loss, y, raw), axis=-1)


def _neg_root_mean_squared_error(loss: Any, y: Array, raw: Array) -> Array:
    xp = namespace(raw)
    return -xp.mean(xp.sqrt(_mean_squared(loss, y, raw)), axis=-1)


def _neg_mean_absolute_error(loss: Any, y: Array, raw: Array) -> Array:
    xp = namespace(raw)
    return -xp.mean(xp.abs(loss.prediction(raw) - y), axis=(1, 2))


_CLASSIFICATION: dict[str, Metric] = {"accuracy": _own}
_REGRESSION: dict[str, Metric] = {
    "r2": _own,
    "neg_mean_squared_error": _neg_mean_squared_error,
    "neg_root_mean_squared_error": _neg_root_mean_squared_error,
    "neg_mean_absolute_error": _neg_mean_absolute_error,
}
