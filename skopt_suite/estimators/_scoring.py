"""The parameters ``early_stopping`` and ``scoring``: when rows are held out, and their score."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names

from skopt_suite.backends import to_numpy
from skopt_suite.estimators._prepared import CheckedRows
from skopt_suite.training import Job, Plan, Scorer

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator

ENOUGH_ROWS = 1000
"""From how many rows on holding some out is better than training on all of them."""
ENOUGH_OF_A_CLASS = 10
"""And from how many for every class."""


def check_scoring(owner: str, value: Any) -> None:
    """Raise `ValueError` or `TypeError` unless `value` is "loss", a scorer or the name of one."""
    if callable(value) or (isinstance(value, str) and value in ("loss", *get_scorer_names())):
        return
    kind = ValueError if isinstance(value, str) else TypeError
    raise kind(
        f"{owner}: scoring must be 'loss', a name of sklearn.metrics.get_scorer_names() such as "
        f"'roc_auc' or 'neg_mean_absolute_error', or a callable (estimator, X, y) -> score; got "
        f"{value!r}."
    )


def scores_by_loss(model: TrainableEstimator) -> bool:
    """Whether held-out rows are scored by the share of the loss that is explained."""
    return isinstance(model.scoring, str) and model.scoring == "loss"


def settled(
    model: TrainableEstimator, plan: Plan, rows: CheckedRows, are_given: bool = False
) -> Plan:
    """Return a plan that says whether to stop early.

    Parameters
    ----------
    model : estimator
        Whose plan it is.
    plan : Plan
        It may say "auto".
    rows : CheckedRows
        What it is fitted to.
    are_given : bool
        Whether the user holds out others.
    """
    if not isinstance(plan.early_stopping, str):
        return plan
    can_stop = plan.n_iter_no_change < plan.max_iter and not plan.optimizer.is_full_batch
    stops = model._stops_early_if_auto and can_stop and (are_given or _are_enough(rows))
    return replace(plan, early_stopping=bool(stops))


def _are_enough(rows: CheckedRows) -> bool:
    """Whether some of the rows can be spared, of every class."""
    n_rows = rows.y.shape[0] if rows.weight is None else np.count_nonzero(rows.weight)
    n_classes = rows.targets.type.n_outputs if rows.targets.is_stratified else 1
    return bool(n_rows >= max(ENOUGH_ROWS, ENOUGH_OF_A_CLASS * n_classes))


def scorer_on(
    model: TrainableEstimator,
    rows: CheckedRows,
    X: Any,
    y: np.ndarray,
    weight: np.ndarray | None = None,
) -> Scorer:
    """Return what scores fits of `model` on held-out rows as scikit-learn does.

    Parameters
    ----------
    model : estimator
        It has seen `rows`.
    rows : CheckedRows
        What it is fitted to.
    X : array of shape (n_samples, n_features)
        Held-out inputs as the user has them.
    y : ndarray of shape (n_samples, n_columns)
        Their encoded targets.
    weight : ndarray of shape (n_samples,) or None
        Their weights.
    """
    score = get_scorer(model.scoring)
    known = {name: value for name, value in vars(model).items() if name != "feature_names_in_"}
    host, y_given = to_numpy(X), rows.targets.as_given(y)

    def score_one(job: Job, params: np.ndarray) -> float:
        fitted: Any = object.__new__(type(model))
        vars(fitted).update(known | model._fitted_attributes(job, rows.targets, params))
        own = weight if job.held_out_weight is None else job.held_out_weight
        if own is None:
            return float(score(fitted, host, y_given))
        counts = own > 0
        return float(score(fitted, host[counts], y_given[counts], sample_weight=own[counts]))

    return score_one
