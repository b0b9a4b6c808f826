"""The tasks of a search, and how they are spread over threads or processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from skopt_suite.backends import shared_blas_threads
from skopt_suite.model_selection._candidates import Candidate
from skopt_suite.model_selection._fold import Outcome, Task, run_task
from skopt_suite.model_selection._pipeline import last_step_name
from skopt_suite.model_selection._progress import PassBar
from skopt_suite.model_selection._settings import Settings
from skopt_suite.training import Result


class Runner:
    """Trains and scores candidates on all splits.

    Parameters
    ----------
    search : estimator object
        Whose callbacks are told.
    X, y : object
        The data.
    splits : list of tuple
        Rows to train on and rows to score on.
    settings : Settings
        Of the search.
    n_jobs, pre_dispatch : object
        As joblib has them.
    """

    def __init__(self, search, X, y, splits, settings: Settings, n_jobs, pre_dispatch):
        self._search, self._X, self._y, self._splits = search, X, y, splits
        self._n_jobs, self._pre_dispatch = n_jobs, pre_dispatch
        self._n_workers = effective_n_jobs(n_jobs)
        self._settings = settings._replace(
            budget=settings.budget._replace(n_workers=self._n_workers)
        )

    def run(
        self,
        candidates: list[Candidate],
        past: list[dict[int, Result]],
        context: Any = None,
        first_id: int = 0,
    ) -> list[list[Outcome]]:
        """Return the outcomes of every candidate, split by split.

        Parameters
        ----------
        candidates : list of Candidate
            What to train.
        past : list of dict
            For every split results to go on with, by the index of their candidate.
        context : CallbackContext, optional
            Of the search.
        first_id : int
            First free number of a task in `context`.
        """
        tasks = [task._replace(past=past[task.split]) for task in self._tasks(candidates)]
        if getattr(self._search, "_skl_callbacks", None) and context is not None:
            tasks = _with_bars(tasks, self._search, context, first_id)
        table: list[list[Any]] = [[None] * len(self._splits) for _ in candidates]
        for task, outcomes in zip(tasks, self._in_parallel(tasks), strict=True):
            for outcome in outcomes:
                table[outcome.index][task.split] = outcome
        return table

    def _in_parallel(self, tasks: list[Task]) -> list[list[Outcome]]:
        parallel = Parallel(n_jobs=self._n_jobs, pre_dispatch=self._pre_dispatch, prefer="threads")
        try:
            with shared_blas_threads(min(self._n_workers, len(tasks))):
                return parallel(
                    delayed(run_task)(
                        task, self._X, self._y, *self._splits[task.split], self._settings
                    )
                    for task in tasks
                )
        except BaseException:  # threads cannot be interrupted, they have to be told
            self._settings.cancellation.set()
            raise

    def _tasks(self, candidates: list[Candidate]) -> list[Task]:
        """Return tasks such that preceding steps are fitted once and no worker is long idle."""
        parts: list[list[Candidate]] = []
        for group in _by_preprocessing(candidates):
            has_steps = bool(last_step_name(group[0].estimator))
            parts += [group] if has_steps else _by_pass(group)
        splits = range(len(self._splits))
        return self._without_remainder([Task(k, part, {}, {}) for k in splits for part in parts])

    def _without_remainder(self, tasks: list[Task]) -> list[Task]:
        """Cut the tasks that would be left over when all workers have had as many."""
        n_left = len(tasks) % self._n_workers
        if not n_left:
            return tasks
        whole, left = tasks[:-n_left], tasks[-n_left:]
        n_parts = -(-self._n_workers // n_left)
        return whole + [part for task in left for part in _cut(task, n_parts)]


def _cut(task: Task, n_parts: int) -> list[Task]:
    """Return the task in parts, unless preceding steps would be fitted again."""
    if last_step_name(task.candidates[0].estimator):
        return [task]
    parts = np.array_split(np.arange(len(task.candidates)), min(n_parts, len(task.candidates)))
    return [task._replace(candidates=[task.candidates[k] for k in part]) for part in parts]


def _by_preprocessing(candidates: list[Candidate]) -> list[list[Candidate]]:
    """Return candidates in lists that share their preceding steps."""
    return _grouped(candidates, [candidate.preprocessing for candidate in candidates])


def _by_pass(candidates: list[Candidate]) -> list[list[Candidate]]:
    """Return candidates in lists that share a pass; each that is trained alone is one."""
    keys = [
        (candidate.index,) if candidate.pass_key is None else candidate.pass_key
        for candidate in candidates
    ]
    return _grouped(candidates, keys)


def _grouped(candidates: list[Candidate], keys: list[Hashable]) -> list[list[Candidate]]:
    groups: dict[Hashable, list[Candidate]] = defaultdict(list)
    for candidate, key in zip(candidates, keys, strict=True):
        groups[key].append(candidate)
    return list(groups.values())


def _with_bars(tasks: list[Task], search: Any, context: Any, first_id: int) -> list[Task]:
    """Return the tasks with what tells callbacks about them."""
    watched = []
    for task in tasks:
        bars = {}
        for group in _by_pass(task.candidates):
            is_pass = group[0].pass_key is not None
            key = group[0].pass_key if is_pass else group[0].index
            bars[key] = PassBar(search, context, first_id, len(group), is_pass)
            first_id += len(group)
        watched.append(task._replace(bars=bars))
    return watched
