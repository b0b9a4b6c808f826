"""One fold: preceding steps once, then all candidates in as few passes as can be."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from sklearn.base import clone

from skopt_suite.backends import shared_blas_threads
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.outcome import Outcome, failure_of
from skopt_suite.model_selection._engine.passes import Viewer, train_group
from skopt_suite.model_selection._engine.pipeline import last_step_name, preceding_steps
from skopt_suite.model_selection._engine.private_sklearn import (
    check_method_params,
    fit_and_score,
    safe_split,
)
from skopt_suite.model_selection._engine.progress import NoBar, PassBar
from skopt_suite.model_selection._engine.scoring import outcomes_of, part_of
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
            return failure_of(candidate, candidate.error, 0.0, settings)
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
        part_of(steps, safe_split(first, X, y, rows, train_rows), X, rows, settings)
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
                failure_of(candidate, error, spent, settings) for candidate in group.candidates
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
                failure_of(candidate, error, shared_time, settings)
                for candidate in group
                if candidate.index not in done
            ]
        if piece is None:
            return outcomes
        outcomes += outcomes_of(piece, shared_time, parts, steps, settings)
        del piece  # it holds parameters, and the next one needs the memory


def _sample_weight(estimator: Any, X, rows, fit_params: dict[str, Any]) -> Any:
    name = last_step_name(estimator)
    params = check_method_params(X, params=fit_params, indices=rows)
    return params.get(f"{name}__sample_weight" if name else "sample_weight")
