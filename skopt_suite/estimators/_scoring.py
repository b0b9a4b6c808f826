"""The parameter ``scoring``: what held-out rows are scored by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names

from skopt_suite.backends import to_numpy
from skopt_suite.chunks import some_rows
from skopt_suite.estimators._prepared import CheckedRows
from skopt_suite.training import Job, Scorer

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator


def check_scoring(owner: str, value: Any) -> None:
    """Raise `ValueError` or `TypeError` unless `value` is "loss", a scorer or the name of one."""
    is_name = isinstance(value, str)
    if callable(value) or (is_name and (value == "loss" or value in get_scorer_names())):
        return
    kind = ValueError if is_name else TypeError
    raise kind(
        f"{owner}: scoring must be 'loss', a name of sklearn.metrics.get_scorer_names() such as "
        f"'roc_auc' or 'neg_mean_absolute_error', or a callable (estimator, X, y) -> score; got "
        f"{value!r}."
    )


def scores_by_loss(model: TrainableEstimator) -> bool:
    """Whether held-out rows are scored by the share of the loss that is explained."""
    return isinstance(model.scoring, str) and model.scoring == "loss"


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
            with _named_scoring(model):
                return float(score(fitted, host, y_given))
        counts = np.flatnonzero(own > 0)
        some = some_rows(host, counts)
        with _named_scoring(model):
            return float(score(fitted, some, y_given[counts], sample_weight=own[counts]))

    return score_one


@contextmanager
def _named_scoring(model: TrainableEstimator) -> Iterator[None]:
    """Let errors of scorers say which parameter they come from."""
    try:
        yield
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{type(model).__name__}: scoring={model.scoring!r} cannot score the rows that decide "
            f"when to stop: {str(error).rstrip('.')}. Set scoring to 'loss', or to a scorer for "
            "these targets and this loss."
        ) from error
