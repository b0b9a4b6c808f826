"""Scores of fits on rows that are read chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from skopt_suite._component import stack
from skopt_suite.chunks import ChunkedRows
from skopt_suite.estimators._fused import targets_to_score, with_predictions
from skopt_suite.metrics import OF_MEANS
from skopt_suite.model_selection._engine.memory import scored_at_once
from skopt_suite.model_selection._engine.passes import (
    Piece,
    Trained,
    fitted_model,
    raw_predictions,
)
from skopt_suite.model_selection._engine.private_sklearn import score
from skopt_suite.model_selection._engine.scores import StackMetrics, stack_metrics
from skopt_suite.model_selection._engine.settings import Settings

if TYPE_CHECKING:
    from skopt_suite.model_selection._engine.scoring import Part

_AT_ONCE = 2**25  # bytes of predictions


def scores_on_chunks(
    piece: Piece, good: list[Trained], part: Part, settings: Settings
) -> list[Any]:
    """Return the score of every fit: in one sweep where means over rows are enough."""
    part.X.reader.begin_stage()
    scores = _by_means(piece, good, part, settings) or [None] * len(good)
    left = [k for k, one in enumerate(scores) if one is None]
    if left:
        found = _by_predictions(piece, [good[k] for k in left], part, settings)
        for k, one in zip(left, found, strict=True):
            scores[k] = one
    return scores


def _by_means(
    piece: Piece, good: list[Trained], part: Part, settings: Settings
) -> list[Any] | None:
    """Return scores, None of predictions that are not finite; None where means are not enough."""
    metrics = None if part.score_params else stack_metrics(settings.scoring, piece.model)
    if metrics is None or not all(metric in OF_MEANS for metric in metrics.by_name.values()):
        return None
    try:
        y = targets_to_score(piece.model, piece.seen, part.y)
    except (TypeError, ValueError):  # scikit-learn's scorers decide what such rows are worth
        return None
    return None if len(y) < 2 else _scores(metrics, piece, good, part.X, y)


def _scores(
    metrics: StackMetrics, piece: Piece, good: list[Trained], X: ChunkedRows, y: np.ndarray
) -> list[Any]:
    loss = stack([trained.job.loss for trained in good], piece.seen.placement, ndim=3)
    kinds = {name: OF_MEANS[metric] for name, metric in metrics.by_name.items()}
    sums: dict[str, Any] = dict.fromkeys(kinds, 0.0)
    is_finite = np.full(len(good), True)
    for rows, raw in _predictions(piece, good, X):
        is_finite &= np.isfinite(raw).all(axis=(1, 2))
        scored = loss.prediction(raw.astype(np.float64))
        for name, kind in kinds.items():
            sums[name] = sums[name] + kind.values(y[rows], scored).sum(axis=1)
    columns = {name: kind.score(sums[name] / len(y), y).tolist() for name, kind in kinds.items()}
    named = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    scores = [one["score"] for one in named] if metrics.is_single else named
    return [one if ok else None for one, ok in zip(scores, is_finite, strict=True)]


def _predictions(
    piece: Piece, good: list[Trained], X: ChunkedRows
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield raw predictions of some rows each, (n_fits, n_rows, n_outputs)."""
    sizes, scaling = good[0].job.network.sizes, good[0].job.standardization
    numbers = 3 * sum(sizes[1:-1]) + 4 * sizes[-1]
    step = max(1, _AT_ONCE // (8 * numbers * len(good)))
    for block, x in X.blocks():
        for start in range(0, x.shape[0], step):
            some = x[start : start + step]
            if scaling is not None:
                some = scaling.inputs(some, some.dtype)
            first = block.start + start
            yield slice(first, first + some.shape[0]), raw_predictions(piece, good, some)


def _by_predictions(piece: Piece, good: list[Trained], part: Part, settings: Settings) -> list[Any]:
    """Return what scorers say, with predictions of as many fits at once as there is memory for."""
    job, shape = good[0].job, (len(part.X), good[0].job.network.sizes[-1])
    size = scored_at_once(job, shape[0], piece.seen.placement, settings.budget)
    found = []
    for start in range(0, len(good), size):
        some = good[start : start + size]
        raw = np.empty((len(some), *shape), part.X.dtype)
        for rows, values in _predictions(piece, some, part.X):
            raw[:, rows] = values
        for k, trained in enumerate(some):
            model = with_predictions(fitted_model(trained, piece.seen), part.X, raw[k : k + 1])
            given = part.y, settings.scorer, part.score_params, settings.error_score
            found.append(score(model, part.X, *given))
    return found
