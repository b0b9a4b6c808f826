"""The tasks of a search on rows that are read chunk by chunk: a thread for every fold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn import config_context, get_config

from skopt_suite.estimators._fused import takes_chunks
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.fold import Task
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.model_selection._engine.sweeps.fold import ChunkFold
from skopt_suite.model_selection._engine.sweeps.given import GivenChunks
from skopt_suite.model_selection._engine.sweeps.reads import OfFold, SharedReads
from skopt_suite.model_selection._engine.tasks import Runner
from skopt_suite.training import Result, tell_rows

_AT_ONCE = 16  # folds: each has a stack of fits, and targets of its own


class ChunkRunner(Runner):
    """Trains and scores candidates on all splits, which read the rows together.

    Parameters
    ----------
    search : estimator object
        Whose ``n_jobs`` says how many folds compute at the same time.
    chunks : GivenChunks
        The data.
    splits : list of tuple
        Masks of rows to train on and of rows to score on.
    settings : Settings
        Of the search.
    """

    def __init__(
        self,
        search: Any,
        chunks: GivenChunks,
        splits: list[tuple[np.ndarray, np.ndarray]],
        settings: Settings,
    ) -> None:
        super().__init__(search, chunks.X, chunks.y, splits, settings)
        self._chunks, self._n_at_once = chunks, effective_n_jobs(search.n_jobs)
        n_stacks = min(len(splits), _AT_ONCE)
        budget = settings.budget._replace(n_workers=n_stacks)
        self._settings = settings._replace(budget=budget)

    def _in_parallel(self, tasks: list[Task], n_candidates: int) -> list[list[Outcome]]:
        by_split: dict[int, list[Task]] = defaultdict(list)
        for task in tasks:
            by_split[task.split].append(task)
            for group in task.groups:
                self._sweep_for(group.candidates)
        splits, found = list(by_split.values()), []
        settings = self._settings._replace(n_workers=self._n_at_once, n_candidates=n_candidates)
        for start in range(0, len(splits), _AT_ONCE):
            found += self._folds(splits[start : start + _AT_ONCE], settings)
        outcomes = {id(task): some for of_fold in found for task, some in of_fold}
        return [outcomes[id(task)] for task in tasks]

    def _sweep_for(self, candidates: list[Candidate]) -> None:
        """Read rows in all precisions that are wanted, before folds begin."""
        for one in candidates:
            if one.is_fusable:
                self._chunks.sweep_for(one.model)

    def _folds(
        self, splits: list[list[Task]], settings: Settings
    ) -> list[list[tuple[Task, list[Outcome]]]]:
        """Return tasks with their outcomes, of folds that read together."""
        reads = SharedReads(self._chunks.X, len(splits), self._n_at_once)
        config = get_config()

        def run(k: int) -> list[tuple[Task, list[Outcome]]]:
            tasks = splits[k]
            with config_context(**config), settings.cancellation.running(), reads.computing(k):
                masks = self._splits[tasks[0].split]
                fold = ChunkFold(self._chunks, OfFold(reads, k), masks, settings)
                return [(task, fold.outcomes(task)) for task in tasks]

        with ThreadPoolExecutor(len(splits)) as threads:
            folds = [threads.submit(run, k) for k in range(len(splits))]
            try:
                found = _results(folds)
            except BaseException:  # threads cannot be interrupted, they have to be told
                reads.stop()
                settings.cancellation.set()
                if reads.error is not None:
                    raise reads.error from None
                raise
        self._chunks.n_sweeps += reads.n_sweeps
        tell_rows(round(reads.n_sweeps * self._chunks.X.shape[0]))
        return found

    def _without_remainder(self, tasks: list[Task]) -> list[Task]:
        """Return the tasks as they are: folds wait for one another."""
        return tasks


class RunnerOfMaps(ChunkRunner):
    """Of maps of files: candidates that need all rows at once take them as arrays."""

    def run(
        self,
        candidates: list[Candidate],
        past: list[dict[int, Result]],
        context: Any = None,
        first_id: int = 0,
    ) -> list[list[Outcome]]:
        """Return the outcomes of every candidate, split by split."""
        is_whole = [one.is_fusable and not takes_chunks(one.model) for one in candidates]
        whole, others = (
            [one for one, is_in in zip(candidates, is_whole, strict=True) if is_in == wanted]
            for wanted in (True, False)
        )
        found: dict[int, list[Outcome]] = {}
        if whole:
            found |= _by_index(whole, self._ordinary().run(whole, past, context, first_id))
        if others:
            n_told = first_id + len(whole) * len(self._splits)
            found |= _by_index(others, super().run(others, past, context, n_told))
        return [found[one.index] for one in candidates]

    def _ordinary(self) -> Runner:
        """Return what takes rows as an array."""
        (X, y, _), masks = self._chunks.given, self._splits
        splits = [(np.flatnonzero(train), np.flatnonzero(test)) for train, test in masks]
        return Runner(self._search, X, y, splits, self._settings)


def runner_for(search: Any, X: Any, y: Any, splits: list, settings: Settings) -> Runner:
    """Return what trains and scores the candidates of a search."""
    chunks = settings.chunks
    if chunks is None:
        return Runner(search, X, y, splits, settings)
    cls = RunnerOfMaps if chunks.is_map else ChunkRunner
    return cls(search, chunks, splits, settings)


def _by_index(
    candidates: list[Candidate], outcomes: list[list[Outcome]]
) -> dict[int, list[Outcome]]:
    return {one.index: some for one, some in zip(candidates, outcomes, strict=True)}


def _results(folds: Sequence[Future]) -> list[Any]:
    """Return the results of threads, or raise what the first one raises that does."""
    done, _ = wait(folds, return_when=FIRST_EXCEPTION)
    for fold in done:
        fold.result()
    return [fold.result() for fold in folds]
