"""Candidates that share a pass: their rows are checked once, and they are trained as stacks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from skopt_suite.backends import Array, blas_threads_for
from skopt_suite.estimators._convergence import warn_if_not_converged
from skopt_suite.estimators._inputs import check_X
from skopt_suite.estimators._prepared import CheckedRows, TrainingPart
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.memory import pieces
from skopt_suite.model_selection._engine.progress import PassObserver
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.training import Data, Job, Result, check_job, train


class Seen(NamedTuple):
    """Rows that were checked once for all models that see them alike, and what they showed."""

    rows: CheckedRows
    learnt: dict[str, Any]
    """The attributes that a model has from checking the rows."""


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
    """One of the models, which has seen the rows."""
    seen: Seen
    members: list[Trained]
    failures: list[tuple[Candidate, Exception]]
    """Candidates that could not be trained, and why."""


class Viewer:
    """Checks rows for models, once for all that see them alike."""

    def __init__(self, X: Any, y: Any, sample_weight: Any):
        self._given = X, y, sample_weight
        self._seen: dict[Any, Seen | Exception] = {}

    def see(self, model: Any) -> Seen:
        """Return the rows as `model` sees them; raise what is wrong with them."""
        key = type(model), model.backend, model._precision()
        if key not in self._seen:
            self._seen[key] = self._look(model)
        seen = self._seen[key]
        if isinstance(seen, Exception):
            raise seen
        return seen

    def _look(self, model: Any) -> Seen | Exception:
        viewer = unfitted(model)
        before = set(vars(viewer))
        try:
            rows = viewer._check_rows(*self._given)
        except Exception as error:
            return error
        return Seen(rows, {k: v for k, v in vars(viewer).items() if k not in before})


def unfitted(model: Any, learnt: dict[str, Any] | None = None) -> Any:
    """Return a copy of a model with the same parameters, and what it has learnt of the rows."""
    new = object.__new__(type(model))
    vars(new).update(vars(model))
    vars(new).update(learnt or {})
    return new


def train_group(
    candidates: list[Candidate],
    viewer: Viewer,
    settings: Settings,
    past: dict[int, Result],
    observer: PassObserver | None = None,
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
    """
    seen = viewer.see(candidates[0].model)
    model = unfitted(candidates[0].model, seen.learnt)
    weights = _weights(candidates, seen)
    failures = [(one, weights[one.weighting]) for one in candidates if _fails(one, weights)]
    if failures:
        yield Piece(model, seen, [], failures)
    candidates = [one for one in candidates if not _fails(one, weights)]
    if not candidates:
        return
    members, data = _jobs(model, candidates, seen, weights, past)
    cut = list(pieces(members, data, seen.rows.placement, settings.budget))
    if observer is not None:
        observer.pass_begins(sum(_n_epochs(piece, past) for piece in cut))
    for piece in cut:
        yield Piece(model, seen, _trained(piece, data, seen, past, settings, observer), [])


def fitted_model(trained: Trained, seen: Seen) -> Any:
    """Return the estimator of a candidate, fitted."""
    model = clone(trained.candidate.model)
    vars(model).update(seen.learnt)
    model._show(trained.job, trained.result)
    return model


def raw_predictions(piece: Piece, members: list[Trained], x: Array) -> Array:
    """Return raw predictions of trained fits, (n_fits, n_samples, n_outputs)."""
    placement, network = piece.seen.rows.placement, members[0].job.network
    xp = placement.xp
    params = xp.stack([xp.astype(one.result.params, x.dtype, copy=False) for one in members])
    with blas_threads_for(2.0 * x.shape[0] * network.layout.largest_layer):
        return network.forward(params, x)[0]


def seen_input(model: Any, X: Any) -> Array:
    """Return rows to predict for as `model` sees them, in their own precision."""
    x, _, _ = check_X(
        model,
        X,
        dtype="as_X",
        accept_sparse=model._model_takes_sparse,
        backend=model.backend,
        reset=False,
    )
    return x


def _weights(candidates: list[Candidate], seen: Seen) -> dict[str, Any]:
    """Return sample weights times class weights by `Candidate.weighting`, or why there are none."""
    weights: dict[str, Any] = {}
    for candidate in candidates:
        if candidate.weighting not in weights:
            model = unfitted(candidate.model, seen.learnt)
            try:
                weight = model._weigh_classes(seen.rows.y, seen.rows.weight)
            except Exception as error:
                weight = error
            weights[candidate.weighting] = weight
    return weights


def _fails(candidate: Candidate, weights: dict[str, Any]) -> bool:
    return isinstance(weights[candidate.weighting], Exception)


def _jobs(
    model: Any,
    candidates: list[Candidate],
    seen: Seen,
    weights: dict[str, Any],
    past: dict[int, Result],
) -> tuple[list[tuple[Candidate, Job]], Data]:
    """Return every candidate's job, and the data that all of them share."""
    rows, network = seen.rows, model._network(seen.rows.X.shape[1])
    initial = network.initialise(np.random.RandomState(candidates[0].plan.seed))
    shared: dict[str, tuple[TrainingPart, np.ndarray]] = {}
    members = []
    for candidate in candidates:
        if candidate.weighting not in shared:
            own = unfitted(candidate.model, seen.learnt)
            part = own._training_part(rows, weights[candidate.weighting], candidate.plan, None)
            start = own._fresh_start(network, part.y, part.relative_weight, initial)
            shared[candidate.weighting] = part, start
        part, start = shared[candidate.weighting]
        checkpoint = past[candidate.index].checkpoint if candidate.index in past else None
        job = Job(
            candidate.plan,
            network,
            rows.dtype,
            start,
            checkpoint=checkpoint,
            sample_weight=part.relative_weight,
        )
        members.append((candidate, job))
    part, _ = shared[candidates[0].weighting]
    check_job(members[0][1], part.X)
    return members, model._data(part, rows)


def _trained(piece, data: Data, seen: Seen, past, settings: Settings, observer) -> list[Trained]:
    start = time.perf_counter()
    results = _train(piece, data, seen, past, settings, observer)
    each = (time.perf_counter() - start) / len(piece)
    _warn(piece, results, data)
    return [
        Trained(candidate, job, result, each)
        for (candidate, job), result in zip(piece, results, strict=True)
    ]


def _train(piece, data: Data, seen: Seen, past, settings: Settings, observer) -> list[Result]:
    """Return the results of a piece; fits that were done before are not trained."""
    results = [past.get(candidate.index) for candidate, _ in piece]
    going = [k for k, (_, job) in enumerate(piece) if not _is_done(results[k], job)]
    if going:
        # One that diverges is told from its loss; a warning might be an error, of all of them.
        with np.errstate(over="ignore", invalid="ignore"):
            new = train(
                [piece[k][1] for k in going],
                data,
                seen.rows.placement,
                observer,
                keep=settings.keep,
                cancelled=settings.cancellation.is_set,
            )
        for k, result in zip(going, new, strict=True):
            results[k] = result
    return results


def _n_epochs(piece: list[tuple[Candidate, Job]], past: dict[int, Result]) -> int:
    """Return how many epochs a piece has at most; fits go on from where they are."""
    going = [job for candidate, job in piece if not _is_done(past.get(candidate.index), job)]
    return max(
        (job.plan.max_iter - (job.checkpoint.epoch if job.checkpoint else 0) for job in going),
        default=0,
    )


def _is_done(result: Result | None, job: Job) -> bool:
    if result is None:
        return False
    return result.checkpoint is None or result.checkpoint.epoch >= job.plan.max_iter


def _warn(piece: list[tuple[Candidate, Job]], results: list[Result], data: Data) -> None:
    """Warn of every fit that is not done."""
    for (candidate, job), result in zip(piece, results, strict=True):
        if result.error is None:
            try:
                warn_if_not_converged(candidate.model, job, result)
            except Warning as warning:  # where warnings are errors, of this fit only
                result.error = warning
