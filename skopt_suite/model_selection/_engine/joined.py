"""Candidates of several fits each, such as one per class: all are trained, then joined."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.outcome import Outcome, failure_of
from skopt_suite.model_selection._engine.passes import Piece, Viewer, fitted_model, train_group
from skopt_suite.model_selection._engine.progress import PassObserver
from skopt_suite.model_selection._engine.scoring import Fold, scored_alone
from skopt_suite.training import Cancelled


@dataclass
class _Joined:
    """What is known of a candidate so far."""

    candidate: Candidate
    seconds: float
    models: list[Any] = field(default_factory=list)
    error: Exception | None = None


def joined_outcomes(
    candidates: list[Candidate],
    viewers: list[Viewer],
    observer: PassObserver | None,
    fold: Fold,
) -> list[Outcome]:
    """Train candidates on the rows of one viewer after the other, and score what they make."""
    if observer is not None:
        observer.n_parts = len(viewers)
    found = {one.index: _Joined(one, fold.shared_time) for one in candidates}
    for part, viewer in enumerate(viewers):
        going = [one.candidate for one in found.values() if one.error is None]
        if going:
            own = fold._replace(kept=fold.kept and fold.kept.of_part(part))
            _train(going, viewer, observer, own, found)
    return [_outcome(one, fold) for one in found.values()]


def _train(
    candidates: list[Candidate],
    viewer: Viewer,
    observer: PassObserver | None,
    fold: Fold,
    found: dict[int, _Joined],
) -> None:
    """Train candidates on the rows of a viewer; one that fails there has an error from then on."""
    done: set[int] = set()
    try:
        for piece in train_group(candidates, viewer, fold.settings, {}, observer, fold.kept):
            done |= _remember(piece, found)
    except Cancelled:
        raise
    except Exception as error:
        for one in candidates:
            if one.index not in done:
                found[one.index].error = error


def _remember(piece: Piece, found: dict[int, _Joined]) -> set[int]:
    for candidate, error in piece.failures:
        found[candidate.index].error = error
    for trained in piece.members:
        joined = found[trained.candidate.index]
        joined.seconds += trained.fit_time
        joined.error = trained.result.error
        if joined.error is None:
            joined.models.append(fitted_model(trained, piece.seen))
    return {one.index for one, _ in piece.failures} | {
        trained.candidate.index for trained in piece.members
    }


def _outcome(joined: _Joined, fold: Fold) -> Outcome:
    candidate = joined.candidate
    start = time.perf_counter()
    try:
        if joined.error is not None:
            raise joined.error
        whole = fold.whole(candidate, joined.models)
    except Exception as error:
        return failure_of(candidate, error, joined.seconds, fold.settings)
    seconds = joined.seconds + time.perf_counter() - start
    return scored_alone(candidate, whole, seconds, fold)
