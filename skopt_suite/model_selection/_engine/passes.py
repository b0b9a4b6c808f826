"""Candidates that share a pass: their rows are checked once, and they are trained as stacks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import (
    FeatureMatrix,
    RawPredictions,
    blas_threads_for,
    paused_collection,
)
from skopt_suite.estimators._fused import (
    SeenRows,
    explained,
    fitted,
    job_of,
    prepare,
    see,
    view_key,
    warn_if_not_converged,
)
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.kept import KeptGroup
from skopt_suite.model_selection._engine.levels import innermost_name
from skopt_suite.model_selection._engine.memory import pieces
from skopt_suite.model_selection._engine.progress import PassObserver
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.training import (
    Data,
    Job,
    Parts,
    Paused,
    Result,
    check_job,
    share_moments,
    train,
)


@dataclass
class Trained:
    """A candidate that has been trained."""

    candidate: Candidate
    job: Job
    result: Result
    fit_time: float


class Piece(NamedTuple):
    """Candidates that were trained as one stack."""

    model: Any
    """One of the models."""
    seen: SeenRows
    members: list[Trained]
    failures: list[tuple[Candidate, Exception]]
    """Candidates that could not be trained, and why."""


class Viewer:
    """Checks rows for models, once for all that see them alike.

    Parameters
    ----------
    X, y, sample_weight : object
        The rows.
    parts : Parts, optional
        What other folds know of them.
    """

    def __init__(self, X: Any, y: Any, sample_weight: Any, parts: Parts | None = None) -> None:
        self.given, self._parts = (X, y, sample_weight), parts
        self._seen: dict[Any, SeenRows | Exception] = {}

    def see(self, model: Any) -> SeenRows:
        """Return the rows as `model` sees them; raise what is wrong with them."""
        key = view_key(model)
        if key not in self._seen:
            self._seen[key] = self._look(model)
        seen = self._seen[key]
        if isinstance(seen, Exception):
            raise seen
        return seen

    def share(self, model: Any, data: Data) -> None:
        """Let the data of `model` know what other folds know of its rows."""
        if self._parts is not None:
            share_moments(data, self._parts.seen_as(view_key(model)))

    def _look(self, model: Any) -> SeenRows | Exception:
        try:
            return see(model, *self.given)
        except Exception as error:
            return error


def train_group(
    candidates: list[Candidate],
    viewer: Viewer,
    settings: Settings,
    past: dict[int, Result],
    observer: PassObserver | None = None,
    kept: KeptGroup | None = None,
) -> Iterator[Piece]:
    """Train candidates with the same ``pass_key``, in pieces that fit into memory.

    Parameters
    ----------
    candidates : list of Candidate
        What to train.
    viewer : Viewer
        The rows.
    settings : Settings
        Of the search.
    past : dict
        Results of fits to go on with, by the index of their candidate.
    observer : PassObserver, optional
        Is told about the epochs.
    kept : KeptGroup, optional
        What files have of them.
    """
    model = candidates[0].model
    seen = viewer.see(model)
    prepared = _prepared(candidates, seen)
    failures = [(one, error) for one in candidates if (error := _error(one, prepared))]
    if failures:
        yield Piece(model, seen, [], failures)
    members = _jobs(candidates, prepared, past)
    if not members:
        return
    data = prepared[members[0][0].weighting].data
    viewer.share(model, data)
    check_job(members[0][1], data.train.X)
    cut = list(pieces(members, data, seen.placement, settings.budget))
    if kept is not None:
        kept = kept.on(seen.rows.X) if innermost_name(candidates[0].estimator) else kept
        cut = kept.cut(cut)
    if observer is not None:
        observer.pass_begins(sum(_n_epochs(piece, past) for piece in cut))

    def train_piece(piece: list[tuple[Candidate, Job]]) -> list[Trained]:
        return _trained(piece, data, seen, past, settings, observer, kept)

    def is_cut(parts: list[list[tuple[Candidate, Job]]]) -> None:
        if observer is not None:
            observer.begins_again(sum(_n_epochs(part, past) for part in parts))

    key = candidates[0].shared
    try:
        for trained in settings.shrinking.trained(cut, train_piece, key, is_cut):
            yield Piece(model, seen, trained, [])
    except MemoryError as error:
        raise explained(model, error) from error


def fitted_model(trained: Trained, seen: SeenRows) -> Any:
    """Return the estimator of a candidate, fitted."""
    return fitted(trained.candidate.model, seen, trained.job, trained.result)


def raw_predictions(piece: Piece, members: list[Trained], x: FeatureMatrix) -> RawPredictions:
    """Return raw predictions of trained fits for rows as they see them, in the units of targets.

    They are (n_fits, n_samples, n_outputs).
    """
    placement, network = piece.seen.placement, members[0].job.network
    xp = placement.xp
    params = xp.stack([one.result.params for one in members])
    params = xp.astype(params, x.dtype, copy=False)
    with blas_threads_for(2.0 * x.shape[0] * network.layout.largest_layer):
        raw = network.predict(params, x)
    standardization = members[0].job.standardization
    return raw if standardization is None else standardization.restored(raw)


def _prepared(candidates: list[Candidate], seen: SeenRows) -> dict[str, Any]:
    """Return a job and its data by `Candidate.weighting`, or the error that there is instead.

    Candidates that weigh classes alike share the arrays.
    """
    prepared: dict[str, Any] = {}
    for one in candidates:
        if one.weighting not in prepared:
            try:
                prepared[one.weighting] = prepare(one.model, seen, one.plan)
            except Exception as error:
                prepared[one.weighting] = error
    return prepared


def _error(candidate: Candidate, prepared: dict[str, Any]) -> Exception | None:
    found = prepared[candidate.weighting]
    return found if isinstance(found, Exception) else None


@paused_collection()
def _jobs(
    candidates: list[Candidate], prepared: dict[str, Any], past: dict[int, Result]
) -> list[tuple[Candidate, Job]]:
    """Return the candidates that can be trained, with their jobs."""
    members = []
    for candidate in candidates:
        if _error(candidate, prepared) is None:
            job = job_of(prepared[candidate.weighting], candidate.plan)
            paused = _paused_for(job, past.get(candidate.index))
            if paused is not job.paused:
                job = replace(job, paused=paused)
            members.append((candidate, job))
    return members


def _paused_for(job: Job, past: Result | None) -> Paused | None:
    """Return where a fit goes on; None: it begins, or other rows were held out before."""
    paused = None if past is None else past.paused
    if paused and bool(paused.validation_scores) != job.plan.early_stopping:
        return None
    return paused


def _trained(
    piece: list[tuple[Candidate, Job]],
    data: Data,
    seen: SeenRows,
    past: dict[int, Result],
    settings: Settings,
    observer: PassObserver | None,
    kept: KeptGroup | None,
) -> list[Trained]:
    start = time.perf_counter()
    results = _train(piece, data, seen, past, settings, observer, kept)
    each = (time.perf_counter() - start) / len(piece)
    _warn(piece, results, data)
    return [
        Trained(candidate, job, result, each)
        for (candidate, job), result in zip(piece, results, strict=True)
    ]


def _train(
    piece: list[tuple[Candidate, Job]],
    data: Data,
    seen: SeenRows,
    past: dict[int, Result],
    settings: Settings,
    observer: PassObserver | None,
    kept: KeptGroup | None,
) -> list[Result]:
    """Return the results of a piece; fits that were done before are not trained."""
    results = [_placed(past.get(candidate.index), seen) for candidate, _ in piece]
    going = [k for k, (_, job) in enumerate(piece) if not _is_done(results[k], job)]
    if going:
        # One that diverges is told from its loss; a warning might be an error, of all of them.
        with np.errstate(over="ignore", invalid="ignore"):
            new = train(
                [piece[k][1] for k in going],
                data,
                seen.placement,
                observer,
                keep=settings.keep,
                cancelled=settings.cancellation.is_set,
                keeper=None if kept is None else kept.keeper([piece[k][0].index for k in going]),
            )
        for k, result in zip(going, new, strict=True):
            results[k] = result
    return [result for result in results if result is not None]


def _placed(result: Result | None, seen: SeenRows) -> Result | None:
    """Return a result that may come from a file, where the fit is."""
    return result and replace(result, params=seen.placement.asarray(result.params))


def _n_epochs(piece: list[tuple[Candidate, Job]], past: dict[int, Result]) -> int:
    """Return how many epochs a piece has at most; fits go on from where they are."""
    going = [job for candidate, job in piece if not _is_done(past.get(candidate.index), job)]
    return max(
        (job.plan.max_iter - (job.paused.epoch if job.paused else 0) for job in going),
        default=0,
    )


def _is_done(result: Result | None, job: Job) -> bool:
    if result is None:
        return False
    if result.paused is None:  # it has come to an end, or trains anew
        return result.stop_reason != "max_iter"
    return result.paused.epoch >= job.plan.max_iter


def _warn(piece: list[tuple[Candidate, Job]], results: list[Result], data: Data) -> None:
    """Warn of every fit that is not done."""
    for (candidate, job), result in zip(piece, results, strict=True):
        if result.error is None:
            try:
                warn_if_not_converged(candidate.model, job, result)
            except Warning as warning:  # where warnings are errors, of this fit only
                result.error = warning
