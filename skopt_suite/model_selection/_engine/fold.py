"""One fold: what is around the model once, then all candidates in as few passes as can be."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from skopt_suite.backends import shared_blas_threads
from skopt_suite.model_selection._engine import lines
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.device import DeviceRows, sklearn_takes, split
from skopt_suite.model_selection._engine.ensembles import outcomes_of_ensembles
from skopt_suite.model_selection._engine.joined import joined_outcomes
from skopt_suite.model_selection._engine.levels import Leaf, beneath_pipelines, opened
from skopt_suite.model_selection._engine.outcome import Outcome, failure_of
from skopt_suite.model_selection._engine.passes import Viewer, train_group
from skopt_suite.model_selection._engine.private_sklearn import (
    check_method_params,
    fit_and_score,
)
from skopt_suite.model_selection._engine.progress import NoBar, PassBar, PassObserver, metadata_of
from skopt_suite.model_selection._engine.scoring import Fold, outcomes_of, part_of
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.model_selection._engine.wrappers import Rows
from skopt_suite.training import Cancelled, Parts, Result, RowsRead, watched_rows


class Group(NamedTuple):
    """Candidates that are trained in one pass, or a single one that is trained the ordinary way."""

    candidates: list[Candidate]
    bar: PassBar | NoBar = NoBar()

    @property
    def is_fusable(self) -> bool:
        """Whether it is a pass."""
        return self.candidates[0].is_fusable

    @property
    def number(self) -> int | None:
        """Of the pass; None: of a single candidate."""
        return self.candidates[0].pass_number


class Task(NamedTuple):
    """Groups that share all that is around the model, on one split."""

    split: int
    groups: list[Group]
    past: dict[int, Result]
    """Results of fits to go on with, by the index of their candidate."""
    parts: Parts | None = None
    """The parts that the rows of several splits are made of."""


def run_task(
    task: Task, X: Any, y: Any, train_rows: np.ndarray, test_rows: np.ndarray, settings: Settings
) -> list[Outcome]:
    """Train and score the candidates of a task."""
    with settings.cancellation.running(), shared_blas_threads(settings.n_workers):
        if task.groups[0].is_fusable:
            return _fused(task, X, y, train_rows, test_rows, settings)
        error = task.groups[0].candidates[0].error
        if error is not None:
            return refused(task, error, _given(task, X, y, train_rows, settings), settings)
        outcomes = [_alone(task, X, y, train_rows, test_rows, settings)]
        if settings.kept is not None:
            settings.kept.keep(task.split, outcomes)
        return outcomes


def _alone(
    task: Task, X: Any, y: Any, train_rows: np.ndarray, test_rows: np.ndarray, settings: Settings
) -> Outcome:
    """Train and score a candidate as scikit-learn does."""
    ((candidate,), bar) = task.groups[0]
    counts = settings.is_search
    outcome = _ordinary(
        candidate,
        X,
        y,
        train_rows,
        test_rows,
        settings,
        verbose=settings.verbose,
        split_progress=(task.split, settings.n_splits) if counts else None,
        candidate_progress=(candidate.index, settings.n_candidates) if counts else None,
        **bar.for_estimator(),
    )
    settings.countdown.after(1)
    return outcome


def _ordinary(
    candidate: Candidate,
    X: Any,
    y: Any,
    train_rows: np.ndarray,
    test_rows: np.ndarray,
    settings: Settings,
    **reported: Any,
) -> Outcome:
    """Return what scikit-learn makes of a candidate."""
    scored = fit_and_score(
        clone(candidate.estimator),
        X if sklearn_takes(X) else DeviceRows(X),
        y,
        scorer=settings.scorer,
        train=train_rows,
        test=test_rows,
        parameters=candidate.params,
        fit_params=settings.fit_params,
        score_params=settings.score_params,
        return_train_score=settings.return_train_score,
        return_estimator=settings.return_estimator,
        return_n_test_samples=True,
        return_times=True,
        error_score=settings.error_score,
        **reported,
    )
    return Outcome(candidate.index, scored)


def refused(task: Task, error: Exception, given: Rows, settings: Settings) -> list[Outcome]:
    """Return the outcome of a candidate whose parameters are not accepted."""
    ((candidate,), bar) = task.groups[0]
    begin(task, settings)
    with bar.watch(*_told(given)):
        outcome = failure_of(candidate, error, 0.0, settings)
    _end(task.groups[0], [outcome], task.split, lines.Spent(), settings)
    return [outcome]


def _fused(
    task: Task, X: Any, y: Any, train_rows: np.ndarray, test_rows: np.ndarray, settings: Settings
) -> list[Outcome]:
    """Fit what is around the model, then train and score group by group."""
    begin(task, settings)
    start = time.perf_counter()
    first = task.groups[0].candidates[0].estimator
    given = _given(task, X, y, train_rows, settings)
    try:
        levels = opened(first, given, settings.cancellation.check)
    except Cancelled:
        raise
    except Exception as error:
        spent = time.perf_counter() - start
        return _failures(task, error, spent, given, settings)
    if not levels.leaves():
        return _without_models(task, X, y, train_rows, test_rows, given, settings)
    each = (time.perf_counter() - start) / sum(len(group.candidates) for group in task.groups)
    scored_rows = [test_rows, train_rows] if settings.return_train_score else [test_rows]
    steps, _ = beneath_pipelines(levels)
    parts = [
        part_of(steps, split(first, X, y, rows, train_rows), X, rows, settings)
        for rows in scored_rows
    ]
    parts_of_rows = task.parts if isinstance(levels, Leaf) else None
    viewers = [
        Viewer(*rows[:2], rows.fit_params.get("sample_weight"), parts_of_rows)
        for rows in levels.leaves()
    ]
    fold = Fold(levels, parts, each, settings)
    outcomes = []
    for group in task.groups:
        settings.cancellation.check()
        outcomes += watched(group, viewers, task, given, fold)
    return outcomes


def _given(task: Task, X: Any, y: Any, train_rows: np.ndarray, settings: Settings) -> Rows:
    X_train, y_train = split(task.groups[0].candidates[0].estimator, X, y, train_rows)
    params = check_method_params(X, params=settings.fit_params, indices=train_rows)
    return Rows(X_train, y_train, params)


def _told(given: Rows) -> tuple[Any, Any, dict[str, Any] | None]:
    """Return what callbacks are told of what is trained on."""
    return given.X, given.y, metadata_of(given.fit_params)


def _without_models(
    task: Task,
    X: Any,
    y: Any,
    train_rows: np.ndarray,
    test_rows: np.ndarray,
    given: Rows,
    settings: Settings,
) -> list[Outcome]:
    """Return the outcomes where no model has anything to learn: one class, and no rest.

    What is around it may predict all the same.
    """
    outcomes = []
    for group in task.groups:
        with group.bar.watch(*_told(given)):
            rows = X, y, train_rows, test_rows
            done = [_ordinary(one, *rows, settings, verbose=0) for one in group.candidates]
        _end(group, done, task.split, lines.Spent(), settings)
        outcomes += done
    return outcomes


def _failures(
    task: Task, error: Exception, spent: float, given: Rows, settings: Settings
) -> list[Outcome]:
    """Return the outcomes of all candidates of a task around which nothing can be fitted."""
    outcomes = []
    for group in task.groups:
        with group.bar.watch(*_told(given)):
            failures = [failure_of(one, error, spent, settings) for one in group.candidates]
        _end(group, failures, task.split, lines.Spent(), settings)
        outcomes += failures
    return outcomes


def watched(
    group: Group, viewers: list[Viewer], task: Task, given: Rows, fold: Fold
) -> list[Outcome]:
    """Train and score the candidates of one group, and tell of it."""
    start, counts, kept = time.perf_counter(), RowsRead(), fold.settings.kept
    if kept is not None:
        fold = fold._replace(kept=kept.group(task.split, group.candidates))
    with group.bar.watch(*_told(given)) as observer, watched_rows(counts.add):
        if len(viewers) == 1:
            outcomes = _trained(group.candidates, viewers[0], task.past, observer, fold)
        else:
            outcomes = joined_outcomes(group.candidates, viewers, observer, fold)
    if fold.kept is not None:
        fold.kept.done(outcomes)
    spent = lines.Spent(time.perf_counter() - start, counts.n_rows)
    _end(group, outcomes, task.split, spent, fold.settings)
    return outcomes


def _trained(
    group: list[Candidate],
    viewer: Viewer,
    past: dict[int, Result],
    observer: PassObserver | None,
    fold: Fold,
) -> list[Outcome]:
    """Train the candidates of one group and score them."""
    if group[0].is_ensemble:
        return outcomes_of_ensembles(group, viewer.given, observer, fold)
    outcomes: list[Outcome] = []
    pieces = train_group(group, viewer, fold.settings, past, observer, fold.kept)
    while True:  # what scorers raise is not an error of the fits
        try:
            piece = next(pieces, None)
        except Cancelled:
            raise
        except Exception as error:
            done = {outcome.index for outcome in outcomes}
            return outcomes + [
                failure_of(candidate, error, fold.shared_time, fold.settings)
                for candidate in group
                if candidate.index not in done
            ]
        if piece is None:
            return outcomes
        outcomes += outcomes_of(piece, fold)
        del piece  # it holds parameters, and the next one needs the memory


def begin(task: Task, settings: Settings) -> None:
    """Print lines for all fits of a task, whose preceding steps begin now."""
    for group in task.groups:
        for candidate in group.candidates:
            lines.fit_begins(candidate, task.split, settings)


def _end(
    group: Group, outcomes: list[Outcome], split: int, spent: lines.Spent, settings: Settings
) -> None:
    """Print the lines of a pass and of its fits; of a single fit there is only that line."""
    left = settings.countdown.after(len(group.candidates))
    if group.number is not None:
        lines.pass_ends(group.candidates, split, spent, left, settings)
    scored = {outcome.index: outcome.scored for outcome in outcomes}
    for candidate in group.candidates:
        since = 1 if group.number is None else 2
        lines.fit_ends(candidate, scored[candidate.index], split, settings, since)
