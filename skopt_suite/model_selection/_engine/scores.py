"""Scores of a whole stack of fits at once, where scikit-learn's would score them one by one.

For many small fits, what scorers check takes longer than what they compute. Scores that have a
metric are computed from the stack's raw predictions; all others are left to scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import RawPredictions, TargetColumns, namespace, to_numpy
from skopt_suite.estimators._fused import metrics_of
from skopt_suite.losses import Loss
from skopt_suite.metrics import Metric


class StackMetrics(NamedTuple):
    """What a search scores by."""

    by_name: dict[str, Metric]
    is_single: bool
    """Whether a score is a number; else a dict."""


def stack_metrics(scoring: Any, model: Any) -> StackMetrics | None:
    """Return the metrics that `scoring` asks for by name; None if there is none for a name."""
    own, by_name = metrics_of(model)
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


def stack_scores(
    metrics: StackMetrics, loss: Loss, y: TargetColumns, raw: RawPredictions
) -> list[Any]:
    """Return the score of every fit; None where predictions are not finite.

    Parameters
    ----------
    metrics : StackMetrics
        What to score by.
    loss : Loss
        What knows the predictions from raw ones.
    y : array of shape (n_samples, n_columns)
        Targets as losses take them.
    raw : array of shape (n_fits, n_samples, n_outputs)
        Raw predictions.
    """
    xp = namespace(raw)
    raw = xp.astype(raw, xp.float64, copy=False)
    finite = np.asarray(to_numpy(xp.all(xp.isfinite(raw), axis=(1, 2))))
    scored = loss.prediction(raw)
    columns = [to_numpy(metric(y, scored, None)).tolist() for metric in metrics.by_name.values()]
    scores = [
        row[0] if metrics.is_single else dict(zip(metrics.by_name, row, strict=True))
        for row in zip(*columns, strict=True)
    ]
    return [score if ok else None for score, ok in zip(scores, finite, strict=True)]
