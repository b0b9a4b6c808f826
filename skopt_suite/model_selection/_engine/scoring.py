"""From trained candidates to their scores, on the rows of a split."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sklearn import get_config

from skopt_suite._component import stack
from skopt_suite.backends import FeatureMatrix, TargetColumns
from skopt_suite.chunks import is_chunked
from skopt_suite.estimators._fused import rows_to_score
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.device import on_host
from skopt_suite.model_selection._engine.kept import KeptGroup
from skopt_suite.model_selection._engine.levels import (
    Leaf,
    Opened,
    beneath_pipelines,
    without_pipelines,
)
from skopt_suite.model_selection._engine.memory import scored_at_once
from skopt_suite.model_selection._engine.outcome import Outcome, failure_of
from skopt_suite.model_selection._engine.passes import (
    Piece,
    Trained,
    fitted_model,
    raw_predictions,
)
from skopt_suite.model_selection._engine.private_sklearn import check_method_params, score
from skopt_suite.model_selection._engine.scores import StackMetrics, stack_metrics, stack_scores
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.model_selection._engine.sweeps.scores import scores_on_chunks
from skopt_suite.training import Result


class Part(NamedTuple):
    """Rows to score on, as the user has them and as the last step of Pipelines sees them."""

    X: Any
    y: Any
    transformed: Any
    score_params: dict[str, Any]


class Fold(NamedTuple):
    """What the candidates of a task share once all that is around the model is fitted."""

    levels: Opened
    parts: list[Part]
    """The rows held out and, if they are scored, those that were trained on."""
    shared_time: float
    """Share of a candidate of the time that what is around it took to fit."""
    settings: Settings
    kept: KeptGroup | None = None
    """What files have of the candidates of a group."""

    def is_model_scored(self) -> bool:
        """Whether the model itself is scored, beneath nothing but Pipelines."""
        return isinstance(beneath_pipelines(self.levels)[1], Leaf)

    def whole(self, candidate: Candidate, models: list[Any]) -> Any:
        """Return a candidate's estimator with its fitted models."""
        return self.levels.around(candidate.estimator, iter(models))

    def score(self, estimator: Any, part: Part) -> Any:
        """Return the score of a fitted estimator as scikit-learn's scorers have it."""
        X, y, settings = part.X, part.y, self.settings
        if not self._scores_whole(part):  # estimators of ours predict on the host, too, where
            estimator = without_pipelines(estimator)  # all scorers compute
            X, y = on_host(part.transformed), on_host(y)
        return score(estimator, X, y, settings.scorer, part.score_params, settings.error_score)

    def _scores_whole(self, part: Part) -> bool:
        is_routed = bool(part.score_params) and get_config()["enable_metadata_routing"]
        has_failed = isinstance(part.transformed, Exception)
        return is_routed or has_failed or self.settings.scores_pipelines


def part_of(
    steps: list, scored: tuple[Any, Any], X: Any, rows: np.ndarray, settings: Settings
) -> Part:
    """Return rows to score on; `scored` are their input and targets."""
    X_part, y_part = scored
    params = check_method_params(X, params=settings.score_params, indices=rows)
    try:
        transformed = X_part
        for step in steps:
            transformed = step.transform(transformed)
    except Exception as error:  # scoring the Pipeline will meet it again, and report it
        transformed = error
    return Part(X_part, y_part, transformed, params)


def outcomes_of(piece: Piece, fold: Fold) -> list[Outcome]:
    """Return the outcomes of a piece; those of fits that diverged are failures."""
    settings = fold.settings
    for trained in piece.members:
        trained.fit_time += fold.shared_time
    outcomes = [failure_of(one, error, fold.shared_time, settings) for one, error in piece.failures]
    good = [trained for trained in piece.members if trained.result.error is None]
    for trained in piece.members:
        if trained.result.error is not None:
            error, spent = trained.result.error, trained.fit_time
            failure = failure_of(trained.candidate, error, spent, settings)
            outcomes.append(replace(failure, result=_to_keep(trained, settings)))
    return outcomes + (_scored(piece, good, fold) if good else [])


def _scored(piece: Piece, good: list[Trained], fold: Fold) -> list[Outcome]:
    """Return the outcomes of fits that succeeded."""
    start = time.perf_counter()
    test, *train = [_part_scores(piece, good, part, fold) for part in fold.parts]
    each = (time.perf_counter() - start) / len(good)
    outcomes = []
    for k, trained in enumerate(good):
        scores = [test[k], *(scores[k] for scores in train)]
        scored = success_of(scores, trained.fit_time, each, fold)
        if fold.settings.return_estimator:
            models = [fitted_model(trained, piece.seen)]
            scored["estimator"] = fold.whole(trained.candidate, models)
        curve, kept = np.array(trained.result.loss_curve), _to_keep(trained, fold.settings)
        outcomes.append(Outcome(trained.candidate.index, scored, curve, kept))
    return outcomes


def scored_alone(candidate: Candidate, whole: Any, fit_time: float, fold: Fold) -> Outcome:
    """Return the outcome of a fitted estimator, scored by scikit-learn's scorers."""
    start = time.perf_counter()
    scores = [fold.score(whole, part) for part in fold.parts]
    scored = success_of(scores, fit_time, time.perf_counter() - start, fold)
    if fold.settings.return_estimator:
        scored["estimator"] = whole
    return Outcome(candidate.index, scored)


def success_of(scores: list[Any], fit_time: float, score_time: float, fold: Fold) -> dict[str, Any]:
    """Return the result of a fit as scikit-learn's searches have it; `scores` are of the parts."""
    scored = {
        "fit_error": None,
        "test_scores": scores[0],
        "n_test_samples": _n_rows(fold.parts[0].y),
        "fit_time": fit_time,
        "score_time": score_time,
    }
    if fold.settings.return_train_score:
        scored["train_scores"] = scores[1]
    return scored


def _part_scores(piece: Piece, good: list[Trained], part: Part, fold: Fold) -> list[Any]:
    """Return the score of every fit on one part of the rows."""
    if is_chunked(part.X):
        return scores_on_chunks(piece, good, part, fold.settings)
    scored = _stack_scores(piece, good, part, fold.settings) if fold.is_model_scored() else None
    scores = scored or [None] * len(good)
    for k, trained in enumerate(good):
        if scores[k] is None:
            whole = fold.whole(trained.candidate, [fitted_model(trained, piece.seen)])
            scores[k] = fold.score(whole, part)
    return scores


def _stack_scores(
    piece: Piece, good: list[Trained], part: Part, settings: Settings
) -> list[Any] | None:
    """Return scores computed from the predictions of the whole stack; None where they cannot be."""
    metrics = None if part.score_params else stack_metrics(settings.scoring, piece.model)
    if metrics is None or isinstance(part.transformed, Exception) or _n_rows(part.y) < 2:
        return None
    seen = piece.seen
    try:
        x, y = rows_to_score(piece.model, seen, part.transformed, part.y)
    except (TypeError, ValueError):  # scikit-learn's scorers decide what such rows are worth
        return None
    standardization = good[0].job.standardization
    if standardization is not None:
        x = standardization.inputs.on(seen.placement)(x, x.dtype)
    size = scored_at_once(good[0].job, x.shape[0], seen.placement, settings.budget)
    pieces = [good[start : start + size] for start in range(0, len(good), size)]
    score_some = partial(_scores_of, metrics, piece, x, y)
    scored = settings.shrinking.trained(pieces, score_some, ("scores", x.shape[0]))
    return [score for some in scored for score in some]


def _scores_of(
    metrics: StackMetrics, piece: Piece, x: FeatureMatrix, y: TargetColumns, some: list[Trained]
) -> list[Any]:
    raw = raw_predictions(piece, some, x)
    loss = stack([trained.job.loss for trained in some], piece.seen.placement, ndim=3)
    return stack_scores(metrics, loss, y, raw)


def _to_keep(trained: Trained, settings: Settings) -> Result | None:
    return trained.result if settings.keep == "paused" else None


def _n_rows(y: Any) -> int:
    return y.shape[0] if hasattr(y, "shape") else len(y)
