"""The drop-in replacement of scikit-learn's RandomizedSearchCV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV

from skopt_suite.model_selection._engine.private_sklearn import StrOptions
from skopt_suite.model_selection._search import FusedSearch
from skopt_suite.model_selection._space import search_space, with_other_sizes


class FusedRandomizedSearchCV(FusedSearch, RandomizedSearchCV):
    """`sklearn.model_selection.RandomizedSearchCV` that trains candidates together.

    See `FusedGridSearchCV` for how, and for the few differences to scikit-learn.

    Parameters
    ----------
    estimator : estimator object
        One of this package, one in a Pipeline or another wrapper, or any other.
    param_distributions : dict, list of dict or "auto"
        Names of parameters, and distributions or lists to draw from; ``"auto"``: what the
        components of the estimator declare to be worth searching, see `search_space`. Of networks,
        every eight candidates from the ninth on share other hidden layers, too: half or twice as
        wide, or one less or more.
    n_iter : int, default=10
        Number of candidates.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch : object
        As in `sklearn.model_selection.RandomizedSearchCV`.
    random_state : int, RandomState or None, default=None
        Seed of the draws.
    error_score, return_train_score : object
        As in `sklearn.model_selection.RandomizedSearchCV`.
    max_memory : int, str or None, default=None
        As in `FusedGridSearchCV`.
    max_time : float or None, default=None
        Seconds after which no further candidates are tried, with a warning that says how many
        were. Candidates are then trained in rounds, so that their time can be estimated from those
        before; the first four are tried in any case. The time of the refit comes on top.

    Attributes
    ----------
    fusion_report_ : FusionReport
        In which pass every candidate was trained, and if alone, why.
    cost_ : SearchCost
        What the search took: time of processors, rows, memory.
    loss_curves_ : list of list of (ndarray or None)
        As in `FusedGridSearchCV`.
    param_distributions_ : dict or list of dict
        What was drawn from, without the sizes of hidden layers that are ``"auto"``.

    See Also
    --------
    FusedGridSearchCV : Tries all combinations.
    FusedHalvingRandomSearchCV : Ends the worse ones early.
    search_space : What ``"auto"`` stands for.

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

    Without any knowledge of what to tune, for at most a minute:

    >>> search = FusedRandomizedSearchCV(
    ...     MLPClassifier(random_state=0), "auto", n_iter=16, max_time=60, random_state=0
    ... )
    >>> bool(search.fit(X, y).best_score_ > 0.95)
    True
    >>> sorted(search.cv_results_["params"][0])
    ['dropout', 'optimizer__learning_rate', 'optimizer__weight_decay', 'penalty__alpha']
    >>> search.cv_results_["params"][8]["hidden_layer_sizes"]
    (64,)
    """

    _parameter_constraints = {
        **RandomizedSearchCV._parameter_constraints,
        "param_distributions": [dict, list, StrOptions({"auto"})],
        **FusedSearch._max_time_constraint,
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: int | np.random.RandomState | None = None,
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        max_memory: int | str | None = None,
        max_time: float | None = None,
    ) -> None:
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
        self.max_time = max_time

    def _run_search(self, evaluate_candidates: Callable, *, callback_ctx: Any = None) -> None:
        """Draw candidates and evaluate them, in rounds if time is limited."""
        space = self.param_distributions
        self.param_distributions_ = search_space(self.estimator) if space == "auto" else space
        candidates = list(
            ParameterSampler(self.param_distributions_, self.n_iter, random_state=self.random_state)
        )
        if space == "auto":
            candidates = with_other_sizes(candidates, self.estimator, self.random_state)
        context = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=len(candidates) * self.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)
        for some in self._in_rounds(candidates):
            evaluate_candidates(some, callback_ctx=context)
        context.call_on_fit_task_end(estimator=self)
