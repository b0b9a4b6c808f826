"""One fold: preceding steps once, then all candidates in as few passes as can be."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from traceback import format_exception
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from skopt_suite._component import stack
from skopt_suite.backends import shared_blas_threads
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.memory import scored_at_once
from skopt_suite.model_selection._engine.passes import (
    Piece,
    Seen,
    Trained,
    Viewer,
    fitted_model,
    raw_predictions,
    seen_input,
    train_group,
)
from skopt_suite.model_selection._engine.pipeline import last_step_name, preceding_steps, whole
from skopt_suite.model_selection._engine.private_sklearn import (
    check_method_params,
    fit_and_score,
    safe_split,
    score,
)
from skopt_suite.model_selection._engine.progress import NoBar, PassBar
from skopt_suite.model_selection._engine.scores import StackMetrics, stack_metrics, stack_scores
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.training import Cancelled, Result


class Group(NamedTuple):
    """Candidates that are trained in one pass, or a single one that is trained alone."""

    candidates: list[Candidate]
    number: int | None
    """Of the pass; None: alone."""
    bar: PassBar | NoBar = NoBar()


class Task(NamedTuple):
    """Groups that share their preceding steps, on one split."""

    split: int
    groups: list[Group]
    past: dict[int, Result]
    """Results of fits to go on with, by the index of their candidate."""


@dataclass(frozen=True)
class Outcome:
    """What became of one candidate on one split."""

    index: int
    scored: dict[str, Any]
    """The result as scikit-learn's searches have it."""
    loss_curve: np.ndarray | None = None
    result: Result | None = None
    """To go on with."""


class Part(NamedTuple):
    """Rows to score on, as the user has them and as the last step sees them."""

    X: Any
    y: Any
    transformed: Any
    score_params: dict[str, Any]


def run_task(
    task: Task, X: Any, y: Any, train_rows: Any, test_rows: Any, settings: Settings
) -> list[Outcome]:
    """Train and score the candidates of a task."""
    with settings.cancellation.running(), shared_blas_threads(settings.n_workers):
        if task.groups[0].number is None:
            return [_alone(task, X, y, train_rows, test_rows, settings)]
        return _fused(task, X, y, train_rows, test_rows, settings)


def _alone(task: Task, X, y, train_rows, test_rows, settings: Settings) -> Outcome:
    """Train and score a candidate as scikit-learn does."""
    ((candidate,), _, bar) = task.groups[0]
    if candidate.error is not None:
        with bar.watch(*safe_split(candidate.estimator, X, y, train_rows)):
            return _failure(candidate, candidate.error, 0.0, settings)
    start = time.perf_counter()
    scored = fit_and_score(
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
        return_estimator=settings.return_estimator,
        return_n_test_samples=True,
        return_times=True,
        error_score=settings.error_score,
        **bar.for_estimator(),
    )
    _announce(f"candidate {candidate.index} alone", start, task, settings)
    return Outcome(candidate.index, scored)


def _fused(task: Task, X, y, train_rows, test_rows, settings: Settings) -> list[Outcome]:
    """Fit the preceding steps, then train and score group by group."""
    start = time.perf_counter()
    first = task.groups[0].candidates[0].estimator
    scored_rows = [test_rows, train_rows] if settings.return_train_score else [test_rows]
    X_train, y_train = safe_split(first, X, y, train_rows)
    try:
        steps = preceding_steps(clone(first)) if last_step_name(first) else []
        transformed = X_train
        for step in steps:
            settings.cancellation.check()
            transformed = step.fit_transform(transformed, y_train)
    except Cancelled:
        raise
    except Exception as error:
        spent = time.perf_counter() - start
        return _failures(task, error, spent, X_train, y_train, settings)
    each = (time.perf_counter() - start) / sum(len(group.candidates) for group in task.groups)
    parts = [
        _part(steps, safe_split(first, X, y, rows, train_rows), X, rows, settings)
        for rows in scored_rows
    ]
    weight = _sample_weight(first, X, train_rows, settings.fit_params)
    viewer = Viewer(transformed, y_train, weight)
    outcomes = []
    for candidates, number, bar in task.groups:
        settings.cancellation.check()
        start = time.perf_counter()
        with bar.watch(X_train, y_train) as observer:
            outcomes += _group(candidates, viewer, task, observer, each, parts, steps, settings)
        _announce(f"pass {number}: {len(candidates)} candidates", start, task, settings)
    return outcomes


def _failures(task: Task, error: Exception, spent, X_train, y_train, settings) -> list[Outcome]:
    """Return the outcomes of all candidates of a task whose preceding steps cannot be fitted."""
    outcomes = []
    for group in task.groups:
        with group.bar.watch(X_train, y_train):
            outcomes += [
                _failure(candidate, error, spent, settings) for candidate in group.candidates
            ]
    return outcomes


def _announce(what: str, start: float, task: Task, settings: Settings) -> None:
    """Print what has been done, in one piece as other threads print too."""
    if settings.verbose > 1:
        spent = time.perf_counter() - start
        line = f"[CV {task.split + 1}/{settings.n_splits}] {what}, {spent:.1f} s\n"
        print(line, end="", flush=True)


def _group(group, viewer, task, observer, shared_time, parts, steps, settings) -> list[Outcome]:
    """Train the candidates of one group and score them."""
    outcomes: list[Outcome] = []
    pieces = train_group(group, viewer, settings, task.past, observer)
    while True:  # what scorers raise is not an error of the fits
        try:
            piece = next(pieces, None)
        except Cancelled:
            raise
        except Exception as error:
            done = {outcome.index for outcome in outcomes}
            return outcomes + [
                _failure(candidate, error, shared_time, settings)
                for candidate in group
                if candidate.index not in done
            ]
        if piece is None:
            return outcomes
        outcomes += _scored(piece, shared_time, parts, steps, settings)
        del piece  # it holds parameters, and the next one needs the memory


def _part(steps: list, scored: tuple[Any, Any], X, rows, settings: Settings) -> Part:
    X_part, y_part = scored
    params = check_method_params(X, params=settings.score_params, indices=rows)
    try:
        transformed = X_part
        for step in steps:
            transformed = step.transform(transformed)
    except Exception as error:  # scoring the Pipeline will meet it again, and report it
        transformed = error
    return Part(X_part, y_part, transformed, params)


def _sample_weight(estimator: Any, X, rows, fit_params: dict[str, Any]) -> Any:
    name = last_step_name(estimator)
    params = check_method_params(X, params=fit_params, indices=rows)
    return params.get(f"{name}__sample_weight" if name else "sample_weight")


def _scored(
    piece: Piece, shared_time: float, parts: list[Part], steps: list, settings: Settings
) -> list[Outcome]:
    """Return the outcomes of a piece; those of fits that diverged are failures."""
    for trained in piece.members:
        trained.fit_time += shared_time
    outcomes = [_failure(one, error, 0.0, settings) for one, error in piece.failures]
    good = [trained for trained in piece.members if trained.result.error is None]
    for trained in piece.members:
        if trained.result.error is not None:
            error, spent = trained.result.error, trained.fit_time
            failure = _failure(trained.candidate, error, spent, settings)
            outcomes.append(replace(failure, result=_to_keep(trained, settings)))
    if not good:
        return outcomes
    start = time.perf_counter()
    columns = [_part_scores(piece, good, part, steps, settings) for part in parts]
    each = (time.perf_counter() - start) / len(good)
    for k, trained in enumerate(good):
        scored = {
            "fit_error": None,
            "test_scores": columns[0][k],
            "n_test_samples": _n_rows(parts[0].y),
            "fit_time": trained.fit_time,
            "score_time": each,
        }
        if settings.return_train_score:
            scored["train_scores"] = columns[1][k]
        if settings.return_estimator:
            scored["estimator"] = _estimator(trained, piece.seen, steps)
        outcomes.append(
            Outcome(
                trained.candidate.index,
                scored,
                np.array(trained.result.loss_curve),
                _to_keep(trained, settings),
            )
        )
    return outcomes


def _part_scores(piece: Piece, good: list[Trained], part: Part, steps, settings) -> list[Any]:
    """Return the score of every fit on one part of the rows."""
    scores = _stack_scores(piece, good, part, settings) or [None] * len(good)
    for k, trained in enumerate(good):
        if scores[k] is None:
            scores[k] = _sklearn_score(trained, piece.seen, part, steps, settings)
    return scores


def _stack_scores(piece: Piece, good: list[Trained], part: Part, settings) -> list[Any] | None:
    """Return scores computed from the predictions of the whole stack; None where they cannot be."""
    metrics = None if part.score_params else stack_metrics(settings.scoring, piece.model)
    if metrics is None or isinstance(part.transformed, Exception) or _n_rows(part.y) < 2:
        return None
    model, seen = piece.model, piece.seen
    try:
        x = seen_input(model, part.transformed)
        y = model._encoded(model._check_targets(part.y, "float64"), seen.rows.placement, "float64")
    except (TypeError, ValueError):  # scikit-learn's scorers decide what such rows are worth
        return None
    scores: list[Any] = []
    size = scored_at_once(good[0].job, x.shape[0], seen.rows.placement, settings.budget)
    for start in range(0, len(good), size):
        scores += _scores_of(metrics, piece, good[start : start + size], x, y)
    return scores


def _scores_of(metrics: StackMetrics, piece: Piece, some: list[Trained], x, y) -> list[Any]:
    raw = raw_predictions(piece, some, x)
    loss = stack([trained.job.plan.loss for trained in some], piece.seen.rows.placement, ndim=3)
    return stack_scores(metrics, loss, y, raw)


def _sklearn_score(trained: Trained, seen: Seen, part: Part, steps, settings: Settings) -> Any:
    if settings.scores_pipelines or isinstance(part.transformed, Exception):
        estimator, X = _estimator(trained, seen, steps), part.X
    else:
        estimator, X = fitted_model(trained, seen), part.transformed
    scorer, params = settings.scorer, part.score_params
    return score(estimator, X, part.y, scorer, params, settings.error_score)


def _estimator(trained: Trained, seen: Seen, steps: list) -> Any:
    return whole(trained.candidate.estimator, steps, fitted_model(trained, seen))


def _to_keep(trained: Trained, settings: Settings) -> Result | None:
    return trained.result if settings.keep == "checkpoints" else None


def _n_rows(y: Any) -> int:
    return y.shape[0] if hasattr(y, "shape") else len(y)


def _failure(candidate: Candidate, error: Exception, spent: float, settings) -> Outcome:
    """Return the outcome of a fit that failed as scikit-learn's `_fit_and_score` has it."""
    if settings.error_score == "raise":
        raise error
    names = getattr(settings.scorer, "_scorers", None)
    value = settings.error_score
    scores = value if names is None else dict.fromkeys(names, value)
    scored = {
        "fit_error": "".join(format_exception(error)),
        "test_scores": scores,
        "n_test_samples": 0,
        "fit_time": spent,
        "score_time": 0.0,
    }
    if settings.return_train_score:
        scored["train_scores"] = scores
    if settings.return_estimator:
        scored["estimator"] = None
    return Outcome(candidate.index, scored)
