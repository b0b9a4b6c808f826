"""Fits that end before they are done, or that cannot tell, say so."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from skopt_suite.training import Job, Result


def warn_if_not_converged(estimator: Any, job: Job, result: Result) -> None:
    """Warn if a solver, or an optimizer that the user did not choose, stopped short."""
    plan = job.plan
    stopped_short = result.stop_reason in ("max_iter", "stalled")
    is_chosen = not (isinstance(estimator.optimizer, str) and estimator.optimizer == "auto")
    if plan.optimizer.is_full_batch and stopped_short:
        why = (
            f"max_iter={plan.max_iter} iterations were not enough"
            if result.stop_reason == "max_iter"
            else "no lower point could be found"
        )
        what = (
            f"stopped while the objective could still fall by more than tol={plan.tol:g} of what "
            f"it had fallen: {why}. Scale the data, or raise max_iter or tol."
        )
    elif stopped_short and not is_chosen:
        what = (
            f"(the choice of 'auto') was not done after max_iter={plan.max_iter} epochs. Scale "
            "the data, raise max_iter or tol, or name an optimizer to set its learning rate."
        )
    else:
        return
    warnings.warn(
        f"{type(estimator).__name__}: optimizer {plan.optimizer.name!r} {what}",
        ConvergenceWarning,
        stacklevel=5,
    )
