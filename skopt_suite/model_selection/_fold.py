"""One fold: preceding steps once, then all candidates in as few passes as can be."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from traceback import format_exception
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from skopt_suite._component import stack
from skopt_suite.model_selection._candidates import Candidate
from skopt_suite.model_selection._passes import (
    Piece,
    Seen,
    Trained,
    Viewer,
    fitted_model,
    raw_predictions,
    seen_input,
    train_group,
)
from skopt_suite.model_selection._pipeline import last_step_name, preceding_steps, whole
from skopt_suite.model_selection._progress import NoBar, PassBar
from skopt_suite.model_selection._scores import StackMetrics, stack_metrics, stack_scores
from skopt_suite.model_selection._settings import Settings
from skopt_suite.model_selection._sklearn import (
    check_method_params,
    fit_and_score,
    safe_split,
    score,
)
from skopt_suite.training import Cancelled, Result

_SCORED_AT_ONCE = 2**25  # numbers of hidden units and outputs in a stack of predictions


class Task(NamedTuple):
    """Candidates that share their preceding steps, on one split."""

    split: int
    candidates: list[Candidate]
    past: dict[int, Result]
    """Results of fits to go on with, by the index of their candidate."""
    bars: Mapping[Hashable, PassBar | NoBar]
    """By what identifies the pass; of candidates that are trained alone, their index."""


@dataclass(frozen=True)
class Outcome:
    """What became of one candidate on one split."""

    index: int
    scored: dict[str, Any]
    """The result as scikit-learn's searches have it."""
    pass_key: Hashable
    """None if it was trained alone."""
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
    if settings.cancellation.is_set():
        raise Cancelled
    outcomes, groups = [], defaultdict(list)
    for candidate in task.candidates:
        if candidate.error is not None:
            outcomes.append(_failure(candidate, candidate.error, 0.0, settings))
        elif candidate.reason:
            bar = task.bars.get(candidate.index, NoBar())
            outcomes.append(_alone(candidate, bar, X, y, train_rows, test_rows, settings))
        else:
            groups[candidate.pass_key].append(candidate)
    if groups:
        outcomes += _fused(list(groups.values()), task, X, y, train_rows, test_rows, settings)
    return outcomes


def _alone(candidate, bar, X, y, train_rows, test_rows, settings: Settings) -> Outcome:
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
    return Outcome(candidate.index, scored, None)


def _fused(
    groups: list[list[Candidate]], task: Task, X, y, train_rows, test_rows, settings: Settings
) -> list[Outcome]:
    """Fit the preceding steps, then train and score group by group."""
    start = time.perf_counter()
    first = groups[0][0].estimator
    scored_rows = [test_rows, train_rows] if settings.return_train_score else [test_rows]
    X_train, y_train = safe_split(first, X, y, train_rows)
    try:
        steps = preceding_steps(clone(first)) if last_step_name(first) else []
        transformed = X_train
        for step in steps:
            transformed = step.fit_transform(transformed, y_train)
    except Exception as error:
        spent = time.perf_counter() - start
        return [
            _failure(candidate, error, spent, settings) for group in groups for candidate in group
        ]
    each = (time.perf_counter() - start) / sum(map(len, groups))
    parts = [
        _part(steps, safe_split(first, X, y, rows, train_rows), X, rows, settings)
        for rows in scored_rows
    ]
    weight = _sample_weight(first, X, train_rows, settings.fit_params)
    viewer = Viewer(transformed, y_train, weight)
    outcomes = []
    for group in groups:
        bar = task.bars.get(group[0].pass_key, NoBar())
        with bar.watch() as observer:
            outcomes += _group(group, viewer, task, observer, each, parts, steps, settings)
    return outcomes


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
                trained.candidate.pass_key,
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
    for some in _chunks(good, x.shape[0]):
        scores += _scores_of(metrics, piece, some, x, y)
    return scores


def _scores_of(metrics: StackMetrics, piece: Piece, some: list[Trained], x, y) -> list[Any]:
    raw = raw_predictions(piece, some, x)
    loss = stack([trained.job.loss for trained in some], piece.seen.rows.placement, ndim=3)
    return stack_scores(metrics, loss, y, raw)


def _chunks(members: list[Trained], n_rows: int) -> Iterator[list[Trained]]:
    """Yield fits in parts whose predictions are not too many at once."""
    per_fit = n_rows * sum(members[0].job.network.sizes[1:])
    size = max(1, _SCORED_AT_ONCE // per_fit)
    for start in range(0, len(members), size):
        yield members[start : start + size]


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
    return Outcome(candidate.index, scored, candidate.pass_key)
