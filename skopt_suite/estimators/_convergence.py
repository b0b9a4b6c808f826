"""Fits that end before they are done, or that cannot tell, say so."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skopt_suite.backends import is_sparse, namespace, to_numpy
from skopt_suite.training import Job, Result
from skopt_suite.training._rows import Source

_N_ROWS = 1000  # rows from which the size of gradients is estimated
_MARGIN = 10  # how many times `tol` gradients should be before training


def warn_if_not_converged(
    estimator: Any, job: Job, result: Result, gradient_size: Callable[[], float]
) -> None:
    """Warn if a solver, or an optimizer that the user did not choose, stopped short.

    Also if ``tol`` is so large for these data, whose `gradient_size` is asked for then, that a
    solver could not miss it.
    """
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
            f"stopped before its gradient fell below tol={plan.tol:g}: {why}. Scale the data, or "
            "raise max_iter or tol."
        )
    elif plan.optimizer.only_quadratic:
        return  # it is as close to the optimum as can be, whatever `tol`
    elif plan.optimizer.is_full_batch and result.stop_reason == "converged":
        size = gradient_size()
        if size == 0 or size >= _MARGIN * plan.tol:
            return
        what = (
            f"may be far from the optimum: gradients of data this small are about {size:.1g} "
            f"before training, so that tol={plan.tol:g} says little. Scale the data, or lower tol."
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


def gradient_size(job: Job, rows: Source) -> float:
    """Return how large the gradient of a linear model's weights could be before training.

    That is the spread of the largest feature times that of the loss's gradient at 0.
    """
    X, y, _ = rows.sample(_N_ROWS)
    xp = namespace(y)
    shape, dtype = (1, y.shape[0], job.network.sizes[-1]), getattr(xp, job.dtype)
    zeros = xp.zeros(shape, dtype=dtype, device=y.device)
    _, gradient = job.plan.loss.value_and_gradient(y, zeros)
    return _spread(X) * _spread(gradient[0, ...])


def _spread(columns: Any) -> float:
    """Return the largest standard deviation of a column."""
    if is_sparse(columns):
        mean, mean_square = (np.asarray(columns.power(k).mean(axis=0)) for k in (1, 2))
        return max(0.0, float(np.max(mean_square - mean**2))) ** 0.5
    return float(to_numpy(namespace(columns).max(namespace(columns).std(columns, axis=0))))
