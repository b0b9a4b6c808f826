"""Members of an ensemble are planned first, then all are trained as stacks."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from skopt_suite.estimators._ensemble import held_out_rows, prepare_members
from skopt_suite.estimators._fused import SeenRows, fitted, see, warn_if_not_converged
from skopt_suite.model_selection._engine.memory import Budget, pieces
from skopt_suite.model_selection._engine.shrinking import Shrinking
from skopt_suite.training import Data, Job, Result, check_job, train


class Planned:
    """A member that remembers what it is to be trained with, and waits for the others.

    Parameters
    ----------
    model : estimator object
        The member, with its own ``random_state``.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Remember targets, which all members share, and weights."""
        self.y, self.sample_weight = y, sample_weight


class Work(NamedTuple):
    """What the stacks of an ensemble share."""

    data: Data
    seen: SeenRows
    budget: Budget
    shrinking: Shrinking
    cancelled: threading.Event

    def train(self, part: list[tuple[Any, Job]]) -> list[Any]:
        """Return some members, trained as stacks that fit into memory."""
        cut = list(pieces(part, self.data, self.seen.placement, self.budget))
        trained = self.shrinking.trained(cut, self._stack, "members")
        return [model for some in trained for model in some]

    def _stack(self, piece: list[tuple[Any, Job]]) -> list[Any]:
        jobs, place = [job for _, job in piece], self.seen.placement
        results = train(jobs, self.data, place, cancelled=self.cancelled.is_set)
        pairs = zip(piece, results, strict=True)
        return [self._fitted(model, job, result) for (model, job), result in pairs]

    def _fitted(self, model: Any, job: Job, result: Result) -> Any:
        if result.error is not None:
            raise result.error
        warn_if_not_converged(model, job, result)
        return fitted(model, self.seen, job, result)


def train_members(
    planned: Sequence[Planned],
    X: Any,
    n_jobs: int | None,
    verbose: int = 0,
    held_out: tuple[Any, Any, Any] | None = None,
    columns: Sequence[np.ndarray] | None = None,
) -> list[Any]:
    """Return the members, trained on `X`; `n_jobs` threads share them out.

    All are scored on the rows that are `held_out` if there are any: X, y, and weights or None.
    Each sees all features, or the `columns` of its own.
    """
    models = [one.model for one in planned]
    seen = see(models[0], X, planned[0].y, None)
    given = None if held_out is None else held_out_rows(models[0], seen, *held_out)
    prepared = prepare_members(models, seen, [one.sample_weight for one in planned], given, columns)
    check_job(prepared[0].job, seen.rows.X)
    n_workers = min(effective_n_jobs(n_jobs), len(models))
    budget = Budget(None, n_workers)
    work = Work(prepared[0].data, seen, budget, Shrinking(), threading.Event())
    members = [(model, one.job) for model, one in zip(models, prepared, strict=True)]
    parts = [[members[k] for k in part] for part in np.array_split(range(len(members)), n_workers)]
    parallel = Parallel(n_workers, prefer="threads", verbose=verbose)
    try:
        trained = parallel(delayed(work.train)(part) for part in parts)
    except BaseException:  # threads cannot be interrupted, they have to be told
        work.cancelled.set()
        raise
    return [model for part in trained for model in part]
