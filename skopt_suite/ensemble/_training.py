"""Members of an ensemble are planned first, then all are trained as stacks."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from skopt_suite.estimators._members import PlannedMembers
from skopt_suite.model_selection._engine.members import Member, Work, fitted_members, prepared
from skopt_suite.model_selection._engine.memory import Budget
from skopt_suite.model_selection._engine.shrinking import Shrinking


def train_members(
    planned: PlannedMembers,
    n_jobs: int | None,
    verbose: int = 0,
    held_out: tuple[Any, Any, Any] | None = None,
) -> list[Any]:
    """Return the members, trained; `n_jobs` threads share them out.

    All are scored on the rows that are `held_out` if there are any: X, y, and weights or None.
    """
    members, data, seen = prepared(planned, held_out=held_out)
    n_workers, cancelled = min(effective_n_jobs(n_jobs), len(members)), threading.Event()
    work = Work(data, seen, Budget(None, n_workers), Shrinking(), cancelled.is_set)
    parts = [[members[k] for k in part] for part in np.array_split(range(len(members)), n_workers)]
    parallel = Parallel(n_workers, prefer="threads", verbose=verbose)
    try:
        trained = parallel(delayed(_trained)(work, part) for part in parts)
    except BaseException:  # threads cannot be interrupted, they have to be told
        cancelled.set()
        raise
    return [model for part in trained for model in part]


def _trained(work: Work, members: list[Member]) -> list[Any]:
    return fitted_members(members, work.results(work.cut(members)), work.seen)
