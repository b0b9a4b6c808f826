"""The tasks of a search, and how they are spread over threads or processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.utils.parallel import Parallel, delayed  # joblib's, with scikit-learn's configuration

from skopt_suite.estimators._callbacks import has_callbacks
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.countdown import Countdown
from skopt_suite.model_selection._engine.fold import Group, Task, run_task
from skopt_suite.model_selection._engine.levels import innermost_name
from skopt_suite.model_selection._engine.meter import metered
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.model_selection._engine.progress import PassBar
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.training import Result


class Runner:
    """Trains and scores candidates on all splits.

    Parameters
    ----------
    search : estimator object
        Whose ``n_jobs`` and ``pre_dispatch`` hold, and whose callbacks are told.
    X, y : object
        The data.
    splits : list of tuple
        Rows to train on and rows to score on.
    settings : Settings
        Of the search.
    """

    def __init__(
        self,
        search: BaseEstimator,
        X: Any,
        y: Any,
        splits: list[tuple[np.ndarray, np.ndarray]],
        settings: Settings,
    ) -> None:
        self._search, self._X, self._y, self._splits = search, X, y, splits
        self._n_workers = effective_n_jobs(search.n_jobs)
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
        groups = self._groups(candidates)
        parts = self._settings.shared.of_splits(self._X, self._splits)
        tasks = [
            Task(k, of_task, past[k], of_split)
            for k, of_split in enumerate(parts)
            for of_task in groups
        ]
        done = {} if self._settings.kept is None else self._settings.kept.outcomes()
        tasks = _without(done, self._without_remainder(tasks))
        if context is not None and has_callbacks(self._search):
            tasks = _with_bars(tasks, self._search, context, first_id)
        table: dict[int, list[Any]] = {one.index: [None] * len(self._splits) for one in candidates}
        for (split, index), outcome in done.items():
            if index in table:
                table[index][split] = outcome
        for task, outcomes in zip(tasks, self._in_parallel(tasks, len(candidates)), strict=True):
            for outcome in outcomes:
                table[outcome.index][task.split] = outcome
        return list(table.values())

    def _in_parallel(self, tasks: list[Task], n_candidates: int) -> list[list[Outcome]]:
        search = self._search
        n_fits = sum(len(group.candidates) for task in tasks for group in task.groups)
        settings = self._settings._replace(
            n_workers=min(self._n_workers, len(tasks)),
            n_candidates=n_candidates,
            countdown=Countdown(n_fits),
        )
        parallel = Parallel(
            search.n_jobs,
            pre_dispatch=search.pre_dispatch,
            prefer="threads",
            verbose=0 if settings.is_search else settings.verbose,
        )
        try:
            found = parallel(
                delayed(metered)(
                    run_task, task, self._X, self._y, *self._splits[task.split], settings
                )
                for task in tasks
            )
        except BaseException:  # threads cannot be interrupted, they have to be told
            settings.cancellation.set()
            raise
        for _, share in found:
            settings.meter.add(share)
        return [outcomes for outcomes, _ in found]

    def _groups(self, candidates: list[Candidate]) -> list[list[Group]]:
        """Return groups of candidates in lists, one per task of a split.

        Passes that share all that is around the model are one task, which fits that once.
        """
        passes: dict[Hashable, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            if candidate.is_fusable:
                passes[candidate.shared].append(candidate)
        by_steps: dict[Hashable, list[Group]] = defaultdict(list)
        for shared, some in passes.items():
            first = some[0]
            key = first.preprocessing if innermost_name(first.estimator) else shared
            by_steps[key].append(Group(some))
        alone = [[Group([one])] for one in candidates if not one.is_fusable]
        return alone + list(by_steps.values())  # what can be cut comes last

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
    (candidates, _), *others = task.groups
    if others or innermost_name(candidates[0].estimator):
        return [task]
    parts = np.array_split(np.arange(len(candidates)), min(n_parts, len(candidates)))
    return [task._replace(groups=[Group([candidates[k] for k in part])]) for part in parts]


def _without(done: Collection[tuple[int, int]], tasks: list[Task]) -> list[Task]:
    """Return the tasks without the candidates that are done on their splits."""
    left = []
    for task in tasks:
        going = [
            group._replace(
                candidates=[c for c in group.candidates if (task.split, c.index) not in done]
            )
            for group in task.groups
        ]
        left.append(task._replace(groups=[group for group in going if group.candidates]))
    return [task for task in left if task.groups]


def _with_bars(tasks: list[Task], search: Any, context: Any, first_id: int) -> list[Task]:
    """Return the tasks with what tells callbacks about them."""
    watched = []
    for task in tasks:
        groups = []
        for group in task.groups:
            bar = PassBar(search, context, first_id, len(group.candidates), group.is_fusable)
            groups.append(group._replace(bar=bar))
            first_id += len(group.candidates)
        watched.append(task._replace(groups=groups))
    return watched
