"""Cross-validation of one estimator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.model_selection import cross_val_score, cross_validate
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import MetadataRouter

from skopt_suite.chunks import is_chunked
from skopt_suite.model_selection._engine.device import on_host
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.model_selection._engine.private_sklearn import (
    aggregate_score_dicts,
    check_groups_routing_disabled,
    normalize_score_results,
    validate_params,
)
from skopt_suite.model_selection._engine.rounds import Rounds
from skopt_suite.model_selection._search import FusedSearch


def _accepted(by: Callable) -> dict[str, list]:
    """Return what a function of scikit-learn accepts, and iterators of chunks that X may begin."""
    return {**getattr(by, "_skl_parameter_constraints"), "X": _ROWS}  # noqa: B009 (as mypy wants)


_ROWS = ["array-like", "sparse matrix", callable]


@validate_params(
    _accepted(cross_validate),
    prefer_skip_nested_validation=False,
)
def fused_cross_validate(
    estimator: BaseEstimator,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: dict[str, Any] | None = None,
    pre_dispatch: int | str = "2*n_jobs",
    return_train_score: bool = False,
    return_estimator: bool = False,
    return_indices: bool = False,
    error_score: float | str = np.nan,
    max_memory: int | str | None = None,
) -> dict[str, Any]:
    """Return scores and times of all folds, as `sklearn.model_selection.cross_validate` does.

    Folds are tasks on threads, so data is not copied; rows that are read in chunks are read by all
    folds together. See `FusedGridSearchCV` for what is trained how, and for the few differences to
    scikit-learn.

    Parameters
    ----------
    estimator : estimator object
        One of this package, one in a Pipeline or another wrapper, or any other.
    X : array-like of shape (n_samples, n_features)
        Input.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets.
    groups, scoring, cv, n_jobs, verbose, params, pre_dispatch : object
        As in `sklearn.model_selection.cross_validate`.
    return_train_score, return_estimator, return_indices, error_score : object
        As in `sklearn.model_selection.cross_validate`.
    max_memory : int, str or None, default=None
        As in `FusedGridSearchCV`.

    Returns
    -------
    scores : dict of str to array of shape (n_splits,)
        ``test_score`` or ``test_<metric>``, ``fit_time``, ``score_time``, and as asked
        ``train_…``, ``estimator`` and ``indices``.

    See Also
    --------
    fused_cross_val_score : The test scores alone.
    FusedGridSearchCV : Many candidates at once.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.model_selection import fused_cross_validate
    >>> X, y = load_iris(return_X_y=True)
    >>> fused_cross_validate(LinearClassifier(), X, y)["test_score"].mean().round(2)
    np.float64(0.97)
    """
    check_groups_routing_disabled(groups)
    folds = FusedCrossValidate(
        estimator,
        scoring=scoring,
        n_jobs=n_jobs,
        refit=False,
        cv=cv,
        verbose=verbose,
        pre_dispatch=pre_dispatch,
        error_score=error_score,
        return_train_score=return_train_score,
        max_memory=max_memory,
        return_estimator=return_estimator,
    )
    folds.groups = groups
    folds.fit(X, y, **(params or {}))
    return _formatted(folds, return_train_score, return_estimator, return_indices)


@validate_params(
    _accepted(cross_val_score),
    prefer_skip_nested_validation=False,
)
def fused_cross_val_score(
    estimator: BaseEstimator,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    params: dict[str, Any] | None = None,
    pre_dispatch: int | str = "2*n_jobs",
    error_score: float | str = np.nan,
    max_memory: int | str | None = None,
) -> np.ndarray:
    """Return the score of all folds, as `sklearn.model_selection.cross_val_score` does.

    Parameters
    ----------
    estimator : estimator object
        One of this package, one in a Pipeline or another wrapper, or any other.
    X : array-like of shape (n_samples, n_features)
        Input.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets.
    groups : object
        As in `sklearn.model_selection.cross_val_score`.
    scoring : str, callable or None, default=None
        One score; None: the estimator's own.
    cv, n_jobs, verbose, params, pre_dispatch, error_score : object
        As in `sklearn.model_selection.cross_val_score`.
    max_memory : int, str or None, default=None
        As in `FusedGridSearchCV`.

    Returns
    -------
    scores : ndarray of shape (n_splits,)
        Scores on the rows held out.

    See Also
    --------
    fused_cross_validate : Times, train scores and several metrics, too.
    FusedGridSearchCV : Many candidates at once.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.model_selection import fused_cross_val_score
    >>> X, y = load_iris(return_X_y=True)
    >>> fused_cross_val_score(LinearClassifier(), X, y, cv=3).round(2)
    array([0.98, 0.96, 0.98])
    """
    scores = fused_cross_validate(
        estimator,
        X,
        y,
        groups=groups,
        scoring=None if scoring is None else {"score": scoring},
        cv=cv,
        n_jobs=n_jobs,
        verbose=verbose,
        params=params,
        pre_dispatch=pre_dispatch,
        error_score=error_score,
        max_memory=max_memory,
    )
    return scores["test_score"]


class FusedCrossValidate(FusedSearch):
    """A search with a single candidate, whose outcomes are kept; its name is for errors."""

    groups: Any = None
    _is_search = False

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        max_memory: int | str | None,
        return_estimator: bool,
        **settings: Any,
    ) -> None:
        super().__init__(estimator, **settings)
        self.max_memory = max_memory
        self.return_estimator = return_estimator

    def _get_routed_params_for_fit(self, params: dict[str, Any]) -> Bunch:
        """Return who gets what; without routing, weights of samples are not for scorers."""
        if get_config()["enable_metadata_routing"]:
            return super()._get_routed_params_for_fit(params)
        return Bunch(
            estimator=Bunch(fit=params),
            splitter=Bunch(split={"groups": on_host(self.groups)}),
            scorer=Bunch(score={}),
        )

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the routes, with the name that errors show."""
        routes = super().get_metadata_routing()
        routes.owner = "fused_cross_validate"
        return routes

    def _run_search(self, evaluate_candidates: Callable, *, callback_ctx: Any = None) -> None:
        evaluate_candidates([{}])

    def _rounds(self) -> Rounds:
        self.outcomes = _Outcomes()
        if self.return_estimator:
            self.outcomes.keep = "memory"  # for partial_fit
        return self.outcomes

    def _splits(self, *args: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        splits = super()._splits(*args)
        are_masks = is_chunked(args[1])
        self.indices = [tuple(map(np.flatnonzero, pair)) if are_masks else pair for pair in splits]
        return splits


class _Outcomes(Rounds):
    """The outcomes of the only candidate."""

    def remember(self, params: list[dict[str, Any]], outcomes: list[list[Outcome]]) -> None:
        self.scored = [outcome.scored for outcome in outcomes[0]]


def _formatted(
    folds: FusedCrossValidate, with_train: bool, with_estimator: bool, with_indices: bool
) -> dict[str, Any]:
    """Return the dict that scikit-learn's `cross_validate` returns."""
    results = aggregate_score_dicts(folds.outcomes.scored)
    formatted: dict[str, Any] = {name: results[name] for name in ("fit_time", "score_time")}
    if with_estimator:
        formatted["estimator"] = results["estimator"]
    if with_indices:
        train, test = zip(*folds.indices, strict=True)
        formatted["indices"] = {"train": train, "test": test}
    test_scores = normalize_score_results(results["test_scores"])
    train_scores = normalize_score_results(results["train_scores"]) if with_train else {}
    for name, scores in test_scores.items():
        formatted[f"test_{name}"] = scores
        if with_train:
            formatted[f"train_{name}"] = train_scores[name]
    return formatted
