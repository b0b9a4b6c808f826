"""Candidates that are ensembles: the members of all of them are trained as stacks, then scored."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import clone

from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.members import (
    Member,
    Prepared,
    Work,
    fitted_members,
    prepared,
)
from skopt_suite.model_selection._engine.outcome import Outcome, failure_of
from skopt_suite.model_selection._engine.progress import PassObserver
from skopt_suite.model_selection._engine.scoring import Fold, scored_alone
from skopt_suite.training import Cancelled, Keeper, Result


@dataclass
class _Waiting:
    """An ensemble whose members are planned, or one that is fitted already."""

    candidate: Candidate
    ensemble: Any
    ready: Prepared | None
    seconds: float
    results: list[Result] = field(default_factory=list)
    error: Exception | None = None

    @property
    def members(self) -> list[Member]:
        """Those that are to be trained."""
        return [] if self.ready is None else self.ready.members

    def complete(self) -> None:
        """Fit the ensemble by its members, where there are any to wait for."""
        if self.error is not None:
            raise self.error
        if self.ready is not None:
            members, _, seen = self.ready
            self.ensemble.keep_members(fitted_members(members, self.results, seen))
        if self.candidate.model.random_state is None:
            self.ensemble.random_state = None


def outcomes_of_ensembles(
    group: list[Candidate],
    given: tuple[Any, Any, Any],
    observer: PassObserver | None,
    fold: Fold,
) -> list[Outcome]:
    """Train and score ensembles whose members share a pass.

    Parameters
    ----------
    group : list of Candidate
        The ensembles.
    given : tuple
        Rows as ensembles see them: X, y, and weights or None.
    observer : PassObserver or None
        Is told about the epochs.
    fold : Fold
        What the candidates of a task share.
    """
    waiting: list[_Waiting] = []
    failed: list[Outcome] = []
    for candidate in group:
        fold.settings.cancellation.check()
        start = time.perf_counter()
        try:
            waiting.append(_planned(candidate, given, waiting))
        except Exception as error:
            spent = time.perf_counter() - start + fold.shared_time
            failed.append(failure_of(candidate, error, spent, fold.settings))
    _train(waiting, observer, fold)
    return failed + [_outcome(one, fold) for one in waiting]


def _planned(candidate: Candidate, given: tuple[Any, Any, Any], others: list[_Waiting]) -> _Waiting:
    """Return an ensemble that waits; those of a group see rows alike, which are checked once."""
    X, y, weight = given
    start, ensemble = time.perf_counter(), clone(candidate.model)
    if ensemble.random_state is None:
        ensemble.random_state = candidate.plan.seed
    params = {} if weight is None else {"sample_weight": weight}
    planned = ensemble.plan_members(X, y, **params)
    seen = next((one.ready.seen for one in others if one.ready is not None), None)
    ready = None if planned is None else prepared(planned, seen)
    return _Waiting(candidate, ensemble, ready, time.perf_counter() - start)


def _train(waiting: list[_Waiting], observer: PassObserver | None, fold: Fold) -> None:
    """Train the members of all ensembles as stacks."""
    start, members = time.perf_counter(), [member for one in waiting for member in one.members]
    if not members:
        return
    try:
        results = iter(_results(waiting, members, observer, fold))
        for one in waiting:
            one.results = [next(results) for _ in one.members]
    except Cancelled:
        raise
    except Exception as error:
        for one in waiting:
            one.error = error
    each = (time.perf_counter() - start) / len(members)
    for one in waiting:
        one.seconds += each * len(one.members)


def _results(
    waiting: list[_Waiting], members: list[Member], observer: PassObserver | None, fold: Fold
) -> list[Result]:
    """Return the results of members that differ in nothing that a stack shares."""
    settings, cancelled = fold.settings, fold.settings.cancellation.is_set
    _, data, seen = next(one.ready for one in waiting if one.ready is not None)
    at = {id(job): k for k, (_, job) in enumerate(members)}
    kept = fold.kept and fold.kept.on(seen.rows.X)

    def keeper(piece: list[Member]) -> Keeper | None:
        return None if kept is None else kept.keeper([at[id(job)] for _, job in piece])

    work = Work(data, seen, settings.budget, settings.shrinking, cancelled, "nothing", keeper)
    cut = work.cut(members)
    if observer is not None:
        observer.pass_begins(_n_epochs(cut))

    def is_cut(parts: list[list[Member]]) -> None:
        if observer is not None:
            observer.begins_again(_n_epochs(parts))

    return work.results(cut, observer, is_cut, waiting[0].candidate.shared)


def _n_epochs(cut: list[list[Member]]) -> int:
    """Return how many epochs pieces have at most."""
    return sum(max(job.plan.max_iter for _, job in piece) for piece in cut)


def _outcome(one: _Waiting, fold: Fold) -> Outcome:
    """Return what became of an ensemble whose members are trained."""
    start = time.perf_counter()
    try:
        one.complete()
    except Exception as error:
        return failure_of(one.candidate, error, one.seconds + fold.shared_time, fold.settings)
    seconds = one.seconds + time.perf_counter() - start + fold.shared_time
    return scored_alone(one.candidate, fold.whole(one.candidate, [one.ensemble]), seconds, fold)
