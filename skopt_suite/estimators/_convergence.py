"""Fits that end before they are done, or that cannot tell, say so."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skopt_suite.training import Job, Result

_LAST = 0.1  # of the epochs: their part of the descent says whether it had come to an end
_MATERIAL = 0.01  # of the whole descent
_WORSE = 1.1  # times the loss of the best constant: more than the noise of steps around it


def warn_if_not_converged(estimator: Any, job: Job, result: Result) -> None:
    """Warn if a fit ended before it was done, or without having learnt anything."""
    what = why_not_converged(estimator, job, result)
    if what:
        warnings.warn(
            f"{type(estimator).__name__}: optimizer {job.plan.optimizer.name!r} {what}",
            ConvergenceWarning,
            stacklevel=6,  # the line that calls `fit`
        )


def why_not_converged(estimator: Any, job: Job, result: Result) -> str:
    """Return what is wrong with a fit that ended too soon; empty if nothing is."""
    of_it = _of_solver if job.plan.optimizer.is_full_batch else _of_rule
    return of_it(estimator, job, result)


def _of_solver(estimator: Any, job: Job, result: Result) -> str:
    """Return what is wrong with a fit whose steps all saw all rows; empty if nothing is."""
    reasons = {
        "max_iter": f"max_iter={job.plan.max_iter} iterations were not enough",
        "stalled": "no lower point could be found",
    }
    if estimator.tol is None or result.stop_reason not in reasons:
        return ""
    return (
        f"stopped while the objective could still fall by more than tol={job.plan.tol:g} of what "
        f"it had fallen: {reasons[result.stop_reason]}. Scale the data, or raise max_iter or tol."
    )


def _of_rule(estimator: Any, job: Job, result: Result) -> str:
    """Return what is wrong with a fit on minibatches; empty if nothing is."""
    if result.stop_reason not in ("max_iter", "no_improvement"):
        return ""
    lowest, null = min(result.loss_curve), result.null_loss
    has_end = job.plan.n_iter_no_change < math.inf  # else all epochs are what was asked for
    if has_end and _was_improving(job, result):
        return (
            f"was still improving when it ended after {result.n_iter} epochs "
            f"({result.stop_reason}). Raise max_iter or the learning rate, or scale X and y."
        )
    if (loss := result.loss - result.penalty) > _WORSE * null > 0:
        return (
            f"has a loss of {loss:.3g} after {result.n_iter} epochs, and the best constant "
            f"prediction one of {null:.3g}. Scale X and y (for example with StandardScaler and "
            "TransformedTargetRegressor), or set another learning rate."
        )
    # Where the loss was higher before, it is the penalty that leaves nothing but the constant.
    if null - lowest < job.plan.tol * null > max(result.loss_curve) - lowest:
        return (
            f"has learnt nothing in {result.n_iter} epochs: its loss of {lowest:.3g} is that of "
            "the best constant prediction. Scale X and y, or raise the learning rate."
        )
    is_auto = isinstance(estimator.optimizer, str) and estimator.optimizer == "auto"
    is_chosen = estimator._is_network or not is_auto
    if is_chosen or not has_end or result.stop_reason == "no_improvement":
        return ""
    return (
        f"(the choice of 'auto') was not done after max_iter={job.plan.max_iter} epochs. Scale "
        "the data, raise max_iter or tol, or name an optimizer to set its learning rate."
    )


def _was_improving(job: Job, result: Result) -> bool:
    """Whether the last tenth of the epochs made a material part of the descent.

    Where a fit ended for want of improvement, only if it has hardly learnt anything, too: its steps
    are too short for the scale of the data.
    """
    scores = result.validation_scores if job.plan.early_stopping else None
    curve = -np.asarray(scores) if scores else np.asarray(result.loss_curve)
    n_last = max(1, round(_LAST * len(curve)))
    if n_last == len(curve):
        return True
    lowest = curve.min()
    if curve[:-n_last].min() - lowest <= _MATERIAL * (curve.max() - lowest):
        return False
    has_learnt = min(result.loss_curve) < (1 - _MATERIAL) * result.null_loss
    return result.stop_reason == "max_iter" or not has_learnt
