"""Drop-in replacements of scikit-learn's searches that train candidates together."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, check_cv
from sklearn.utils import check_random_state, indexable

from skopt_suite.estimators._callbacks import with_callbacks
from skopt_suite.model_selection._candidates import Candidate, make_candidates
from skopt_suite.model_selection._fold import Settings, run_fold
from skopt_suite.model_selection._memory import bytes_of
from skopt_suite.model_selection._report import Entry, FusionReport
from skopt_suite.model_selection._sklearn import (
    BaseSearchCV,
    check_method_params,
    insert_error_scores,
    warn_or_raise_about_fit_failures,
)


class _FusedSearch(BaseSearchCV):
    """How a search fits and scores its candidates; everything else is scikit-learn's."""

    max_memory: int | str | None

    @with_callbacks
    def fit(self, X, y=None, **params):
        """Search: train all candidates on all splits, in as few passes as can be.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets.
        **params : dict of str -> object
            Parameters for ``fit`` of the estimator, for the scorer and for the splitter, as in
            scikit-learn's searches.

        Returns
        -------
        self : object
            The search, with the best estimator fitted on all of the data if ``refit``.
        """
        max_memory = bytes_of(self.max_memory, type(self).__name__)
        scorer, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        context = self._init_callback_context(max_subtasks=1 + (self.refit is not False))
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        self.n_splits_ = cv.get_n_splits(X, y, **routed.splitter.split)
        settings = Settings(
            scorer=scorer,
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            return_train_score=self.return_train_score,
            error_score=self.error_score,
            scores_pipelines=_looks_inside(self.scoring),
            max_memory=max_memory,
        )
        results = self._search(X, y, cv, routed.splitter.split, settings, context)
        self._choose(results, refit_metric)
        if self.refit:
            self._refit(X, y, routed.estimator.fit, context)
        self.scorer_ = getattr(scorer, "_scorers", scorer)
        self.cv_results_ = results
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _search(self, X, y, cv, split_params, settings: Settings, context) -> dict[str, Any]:
        """Return ``cv_results_``."""
        all_params: list[dict[str, Any]] = []
        all_results: list[dict[str, Any]] = []
        more: dict[str, list] = defaultdict(list)
        entries: list[Entry] = []
        formatted: dict[str, Any] = {}

        def evaluate_candidates(candidate_params, cv=cv, more_results=None, callback_ctx=None):
            nonlocal formatted
            candidate_params = list(candidate_params)
            splits = list(cv.split(X, y, **split_params))
            results, new_entries = self._evaluate(candidate_params, splits, X, y, settings)
            all_params.extend(candidate_params)
            all_results.extend(results)
            entries.extend(new_entries)
            for key, values in (more_results or {}).items():
                more[key].extend(values)
            formatted = self._format_results(all_params, self.n_splits_, all_results, more)
            return formatted

        self._run_search(evaluate_candidates, callback_ctx=context)
        self.multimetric_ = isinstance(all_results[0]["test_scores"], dict)
        self._first_test_score = all_results[0]["test_scores"]
        self.fusion_report_ = FusionReport(all_params, entries)
        return formatted

    def _evaluate(self, params, splits, X, y, settings: Settings):
        """Return results in scikit-learn's order, and how every candidate was trained."""
        n_splits = len(splits)
        if n_splits != self.n_splits_:
            raise ValueError(
                "cv.split and cv.get_n_splits return inconsistent results. Expected "
                f"{self.n_splits_} splits, got {n_splits}"
            )
        if self.verbose > 0:
            total = len(params) * n_splits
            print(
                f"Fitting {n_splits} folds for each of {len(params)} candidates, totalling "
                f"{total} fits"
            )
        seed = int(check_random_state(None).randint(np.iinfo(np.int32).max))
        candidates = make_candidates(clone(self.estimator), params, settings.fit_params, seed)
        tasks = [
            (split, shared) for split in range(n_splits) for shared in _by_preprocessing(candidates)
        ]
        done = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(run_fold)(shared, X, y, *splits[split], settings) for split, shared in tasks
        )
        results: list[Any] = [None] * (len(params) * n_splits)
        groups: dict[int, Any] = {}
        for (split, _), outcome in zip(tasks, done, strict=True):
            for index, result, group in outcome:
                results[index * n_splits + split] = result
                groups.setdefault(index, group)
        if not results:
            raise ValueError(
                "No fits were performed. Was the CV iterator empty? Were there no candidates?"
            )
        warn_or_raise_about_fit_failures(results, self.error_score)
        if callable(self.scoring):
            insert_error_scores(results, self.error_score)
        return results, _entries(candidates, groups)

    def _choose(self, results, refit_metric) -> None:
        """Set the attributes of the best candidate."""
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(self._first_test_score)
            refit_metric = self.refit
        del self._first_test_score
        if not self.refit and self.multimetric_:
            return
        self.best_index_ = self._select_best_index(self.refit, refit_metric, results)
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{refit_metric}"][self.best_index_]
        self.best_params_ = results["params"][self.best_index_]

    def _refit(self, X, y, fit_params, context) -> None:
        """Fit the best candidate on all of the data."""
        self.best_estimator_ = clone(self.estimator).set_params(
            **clone(self.best_params_, safe=False)
        )
        task = context.subcontext(task_name="refit-with-best-params")
        with task.propagate_callback_context(self.best_estimator_):
            task.call_on_fit_task_begin(estimator=self, X=X, y=y)
            start = time.time()
            self.best_estimator_.fit(X, y, **fit_params)
            self.refit_time_ = time.time() - start
        task.call_on_fit_task_end(estimator=self, X=X, y=y)
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_


def _looks_inside(scoring: Any) -> bool:
    """Whether scorers may look into the estimator: all but the ones that have a name."""
    if scoring is None or isinstance(scoring, str):
        return False
    if callable(scoring):
        return True
    named = scoring.values() if isinstance(scoring, dict) else scoring
    return not all(isinstance(value, str) for value in named)


def _by_preprocessing(candidates: list[Candidate]) -> list[list[Candidate]]:
    """Return candidates in lists that share their preceding steps."""
    shared: dict[tuple, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        shared[candidate.preprocessing].append(candidate)
    return list(shared.values())


def _entries(candidates: list[Candidate], groups: dict[int, Any]) -> list[Entry]:
    """Number the groups in the order of their first candidates."""
    keys = [
        None
        if groups[candidate.index] is None
        else (candidate.preprocessing, groups[candidate.index])
        for candidate in candidates
    ]
    numbers: dict[Any, int] = {}
    for key in keys:
        if key is not None:
            numbers.setdefault(key, len(numbers))
    sizes = {key: keys.count(key) for key in numbers}
    return [
        Entry(None, 1, candidate.reason or "fit failed before training")
        if key is None
        else Entry(numbers[key], sizes[key], "")
        for candidate, key in zip(candidates, keys, strict=True)
    ]


class FusedGridSearchCV(_FusedSearch, GridSearchCV):
    """`sklearn.model_selection.GridSearchCV` that trains candidates together.

    All candidates of a fold that see the same rows and differ only in fusable parameters
    (learning rates, penalty strengths, class weights …) are trained in one pass; the others are
    grouped into further passes, and estimators that are not of this package are trained the
    ordinary way. ``fusion_report_`` says which. Parameters, attributes and results are those of
    scikit-learn, with these differences:

    - ``mean_fit_time`` of a candidate is its share of the pass: the time of the pass divided by
      the number of its candidates.
    - Candidates without a ``random_state`` share one seed that is drawn anew in every search.
    - ``n_jobs`` counts threads unless a joblib backend is chosen, and tasks are folds.

    Parameters
    ----------
    estimator : estimator object
        One of this package, a Pipeline whose last step is, or any other.
    param_grid : dict or list of dict
        Names of parameters and the values to try.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score : object
        As in `sklearn.model_selection.GridSearchCV`.
    max_memory : int, str or None, default=None
        Memory that one pass may take for its fits: bytes, or text such as ``"2GB"``; None: 2 GB.
        A larger pass is cut into pieces.

    Attributes
    ----------
    fusion_report_ : FusionReport
        In which pass every candidate was trained, and if alone, why.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.model_selection import FusedGridSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = FusedGridSearchCV(LinearClassifier(), {"penalty__alpha": [1e-4, 1e-2, 1.0]})
    >>> search.fit(X, y).best_params_
    {'penalty__alpha': 0.0001}
    >>> search.fusion_report_
    FusionReport: 3 of 3 candidates fused into 1 passes per fold, 0 alone
      pass 0: 3 candidates
    """

    def __init__(
        self,
        estimator,
        param_grid,
        *,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        error_score=np.nan,
        return_train_score=False,
        max_memory=None,
    ):
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.max_memory = max_memory


class FusedRandomizedSearchCV(_FusedSearch, RandomizedSearchCV):
    """`sklearn.model_selection.RandomizedSearchCV` that trains candidates together.

    See `FusedGridSearchCV` for how, and for the few differences to scikit-learn.

    Parameters
    ----------
    estimator : estimator object
        One of this package, a Pipeline whose last step is, or any other.
    param_distributions : dict or list of dict
        Names of parameters, and distributions or lists to draw from.
    n_iter : int, default=10
        Number of candidates.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score : object
        As in `sklearn.model_selection.RandomizedSearchCV`.
    random_state : int, RandomState or None, default=None
        Seed of the draws.
    max_memory : int, str or None, default=None
        Memory that one pass may take for its fits: bytes, or text such as ``"2GB"``; None: 2 GB.

    Attributes
    ----------
    fusion_report_ : FusionReport
        In which pass every candidate was trained, and if alone, why.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.model_selection import FusedRandomizedSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = FusedRandomizedSearchCV(
    ...     MLPClassifier(random_state=0),
    ...     {"optimizer__learning_rate": loguniform(1e-4, 1e-1)},
    ...     n_iter=20,
    ...     random_state=0,
    ... )
    >>> bool(search.fit(X, y).best_score_ > 0.95)
    True
    """

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        n_iter=10,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
        max_memory=None,
    ):
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.max_memory = max_memory
