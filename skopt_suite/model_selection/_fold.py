"""One fold: preceding steps once, then all candidates in as few passes as can be."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from traceback import format_exception
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skopt_suite.estimators._base import Prepared
from skopt_suite.model_selection._candidates import Candidate, last_step_name, preceding_steps
from skopt_suite.model_selection._memory import pieces
from skopt_suite.model_selection._sklearn import (
    check_method_params,
    fit_and_score,
    score,
    take_rows,
)
from skopt_suite.training import train


class Settings(NamedTuple):
    """What is the same for all folds and candidates of a search."""

    scorer: Any
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    return_train_score: bool
    error_score: Any
    scores_pipelines: bool
    """Whether scorers may look into the estimator, so that they must see the whole Pipeline."""
    max_memory: int


class Part(NamedTuple):
    """Rows of a fold, as the user has them and as the last step sees them."""

    X: Any
    y: Any
    transformed: Any
    score_params: dict[str, Any]


@dataclass
class Fitted:
    """A candidate that has been trained."""

    candidate: Candidate
    estimator: Any
    fit_time: float
    group: Any
    error: Exception | None = None


def run_fold(
    candidates: list[Candidate],
    X: Any,
    y: Any,
    train_rows: np.ndarray,
    test_rows: np.ndarray,
    settings: Settings,
) -> list[tuple[int, dict[str, Any], Any]]:
    """Train and score candidates that share their preceding steps, on one split.

    Returns
    -------
    results : list of tuple
        Index of the candidate, the result as `cross_validate` of scikit-learn has it, and what
        identifies the pass that it was trained in (None: alone).
    """
    results = []
    fused = [candidate for candidate in candidates if not candidate.reason]
    for candidate in candidates:
        if candidate.reason:
            result = _alone(candidate, X, y, train_rows, test_rows, settings)
            results.append((candidate.index, result, None))
    for fitted, parts in _fit_fused(fused, X, y, train_rows, test_rows, settings):
        result = _scored(fitted, parts, settings)
        results.append((fitted.candidate.index, result, fitted.group))
    return results


def _alone(candidate, X, y, train_rows, test_rows, settings: Settings) -> dict[str, Any]:
    return fit_and_score(
        clone(candidate.estimator),
        X,
        y,
        scorer=settings.scorer,
        train=train_rows,
        test=test_rows,
        verbose=0,
        parameters=None,
        fit_params=settings.fit_params,
        score_params=settings.score_params,
        return_train_score=settings.return_train_score,
        return_n_test_samples=True,
        return_times=True,
        error_score=settings.error_score,
    )


def _fit_fused(
    candidates, X, y, train_rows, test_rows, settings: Settings
) -> Iterator[tuple[Fitted, list[Part]]]:
    """Yield every candidate fitted, with the rows to score it on."""
    if not candidates:
        return
    start = time.perf_counter()
    first = candidates[0]
    scored_rows = [test_rows, train_rows] if settings.return_train_score else [test_rows]
    X_train, y_train = take_rows(X, train_rows), take_rows(y, train_rows)
    try:
        steps = preceding_steps(clone(first.estimator))
        transformed = X_train
        for step in steps:
            transformed = step.fit_transform(transformed, y_train)
        parts = [_part(X, y, rows, steps, settings) for rows in scored_rows]
    except Exception as error:
        if settings.error_score == "raise":
            raise
        for candidate in candidates:
            yield Fitted(candidate, None, 0.0, None, error), []
        return
    shared = (time.perf_counter() - start) / len(candidates)
    weight = _sample_weight(first, X, train_rows, settings.fit_params)
    for fitted in _train(candidates, transformed, y_train, weight, settings):
        fitted.fit_time += shared
        if fitted.error is None and settings.scores_pipelines:
            fitted.estimator = _whole(fitted.candidate.estimator, steps, fitted.estimator)
        yield fitted, parts


def _train(candidates, X, y, weight, settings: Settings) -> Iterator[Fitted]:
    """Yield the last steps of all candidates fitted, group by group."""
    groups: dict[Any, list[tuple[Candidate, Any, Prepared]]] = defaultdict(list)
    for candidate in candidates:
        model = clone(candidate.last_step)
        try:
            prepared = model._prepare(X, y, weight)
        except Exception as error:
            if settings.error_score == "raise":
                raise
            yield Fitted(candidate, None, 0.0, None, error)
        else:
            groups[_pass_key(model, prepared)].append((candidate, model, prepared))
    for key, members in groups.items():
        for piece in pieces(members, settings.max_memory):
            yield from _run_pass(key, piece, settings)


def _pass_key(model: Any, prepared: Prepared) -> tuple:
    held_out = None
    if model.early_stopping:  # a pass has one set of held-out rows, which carry class weights
        class_weight = getattr(model, "class_weight", None)
        held_out = model.validation_fraction, joblib.hash(class_weight)
    return type(model), model.backend, held_out, prepared.job.key


def _run_pass(key: Any, members: list, settings: Settings) -> Iterator[Fitted]:
    start = time.perf_counter()
    jobs = [prepared.job for _, _, prepared in members]
    first = members[0][2]
    results = train(jobs, first.data, first.placement)
    each = (time.perf_counter() - start) / len(members)
    for (candidate, model, prepared), result in zip(members, results, strict=True):
        try:
            model._adopt(prepared, result)
        except Exception as error:
            if settings.error_score == "raise":
                raise
            yield Fitted(candidate, None, each, key, error)
        else:
            yield Fitted(candidate, model, each, key)


def _part(X, y, rows, steps: list[Pipeline], settings: Settings) -> Part:
    X_part = take_rows(X, rows)
    transformed = X_part
    for step in steps:
        transformed = step.transform(transformed)
    params = check_method_params(X, params=settings.score_params, indices=rows)
    return Part(X_part, take_rows(y, rows), transformed, params)


def _sample_weight(candidate: Candidate, X, rows, fit_params: dict[str, Any]) -> Any:
    name = last_step_name(candidate.estimator)
    params = check_method_params(X, params=fit_params, indices=rows)
    return params.get(f"{name}__sample_weight" if name else "sample_weight")


def _whole(estimator: Any, steps: list[Pipeline], model: Any) -> Any:
    """Return the candidate's Pipeline with all of its steps fitted."""
    if not isinstance(estimator, Pipeline):
        return model
    before = steps[0].steps if len(estimator.steps) > 1 else []
    rest = steps[1:] if len(estimator.steps) > 1 else steps
    name, inner = estimator.steps[-1]
    return Pipeline([*before, (name, _whole(inner, rest, model))])


def _scored(fitted: Fitted, parts: list[Part], settings: Settings) -> dict[str, Any]:
    """Return the result of a candidate as scikit-learn's `_fit_and_score` has it."""
    if fitted.error is not None:
        return _failed(fitted, settings)
    start = time.perf_counter()
    scores = []
    for part in parts:
        X = part.X if settings.scores_pipelines else part.transformed
        scores.append(
            score(
                fitted.estimator,
                X,
                part.y,
                settings.scorer,
                part.score_params,
                settings.error_score,
            )
        )
    result = {
        "fit_error": None,
        "test_scores": scores[0],
        "n_test_samples": len(parts[0].y),
        "fit_time": fitted.fit_time,
        "score_time": time.perf_counter() - start,
    }
    if settings.return_train_score:
        result["train_scores"] = scores[1]
    return result


def _failed(fitted: Fitted, settings: Settings) -> dict[str, Any]:
    names = getattr(settings.scorer, "_scorers", None)
    value = settings.error_score
    scores = value if names is None else dict.fromkeys(names, value)
    result = {
        "fit_error": "".join(format_exception(fitted.error)),
        "test_scores": scores,
        "n_test_samples": 0,
        "fit_time": fitted.fit_time,
        "score_time": 0.0,
    }
    if settings.return_train_score:
        result["train_scores"] = scores
    return result
