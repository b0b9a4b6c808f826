"""Successive halving: the stack shrinks at every rung, and the survivors go on training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import floor, log
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skopt_suite.estimators._fused import is_trainable
from skopt_suite.model_selection._engine.levels import fits_once, innermost, innermost_name
from skopt_suite.model_selection._engine.lines import counted
from skopt_suite.model_selection._engine.private_sklearn import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    n_samples_of,
)
from skopt_suite.model_selection._engine.rounds import Rounds, Survivors
from skopt_suite.model_selection._engine.time_limit import TimeLimit
from skopt_suite.model_selection._search import FusedSearch


class _FusedHalving(FusedSearch):
    """What both searches by successive halving share."""

    resource: str

    def _best_first(self, frame: Any) -> Any:
        """Return candidates that came further before those that scored better with less."""
        return frame.sort_values(["iter", "rank_test_score"], ascending=[False, True])

    def _check_input_parameters(self, X: Any, y: Any, split_params: dict[str, Any]) -> None:
        self._n_samples_orig = n_samples_of(X)
        super()._check_input_parameters(X, y, split_params)

    def _choose(self, results: dict[str, Any], refit_metric: str) -> None:
        super()._choose(results, refit_metric)
        self.best_score_ = results["mean_test_score"][self.best_index_]  # whatever `refit` is

    def _rounds(self) -> Rounds:
        """Survivors go on if the resource is epochs; with more rows they begin anew."""
        name = innermost_name(self.estimator)
        epochs = f"{name}__max_iter" if name else "max_iter"
        is_ours = is_trainable(innermost(self.estimator))
        goes_on = is_ours and fits_once(self.estimator) and self.resource == epochs
        return Survivors(self.resource) if goes_on else Rounds()

    def _run_search(self, evaluate_candidates: Callable, *, callback_ctx: Any = None) -> None:
        """Go from rung to rung, as long as there is time if that is limited."""
        limit = TimeLimit(np.inf if self.max_time is None else self.max_time, self._kept)

        def evaluate(params: list[dict[str, Any]], *args: Any, **more: Any) -> dict[str, Any]:
            is_new = not limit.size_begun and len(self.n_candidates_) > 1
            if is_new and limit.rounds_left() < 1:
                raise _OutOfTime(more["callback_ctx"])
            with limit.measured(len(params)):
                return evaluate_candidates(params, *args, **more)

        try:
            super()._run_search(evaluate, callback_ctx=callback_ctx)
        except _OutOfTime as stopped:
            self._end_early(stopped.context)

    def _end_early(self, context: Any) -> None:
        """Set the attributes that scikit-learn sets at the end, and forget the rung that began."""
        self.n_remaining_candidates_ = self.n_candidates_.pop()
        self.n_resources_.pop()
        self.n_iterations_ = len(self.n_candidates_)
        ratio = self.max_resources_ // self.min_resources_
        self.n_required_iterations_ = 1 + floor(log(self.n_candidates_[0], self.factor))
        self.n_possible_iterations_ = 1 + floor(log(ratio, self.factor))
        for one in (context, context.parent):
            one.call_on_fit_task_end(estimator=self)
        self._warn_of_time(f"after {counted(self.n_iterations_, 'rung')}")


class _OutOfTime(Exception):
    """There is no time for the rung of which this is the context."""

    def __init__(self, context: Any) -> None:
        super().__init__()
        self.context = context


class FusedHalvingGridSearchCV(_FusedHalving, HalvingGridSearchCV):
    """`sklearn.model_selection.HalvingGridSearchCV` that trains candidates together.

    See `FusedGridSearchCV` for how, and for the few differences to scikit-learn. With
    ``resource="max_iter"`` (of the last step of a Pipeline: ``"<step>__max_iter"``) the stack
    shrinks at every rung and the survivors go on training from where they are, instead of anew:
    the same result in a fraction of the epochs. (A schedule that ends with ``max_iter``, such as
    ``"cosine"``, which is ``"auto"`` in networks, is stretched at every rung.) With more samples at
    every rung, ``"n_samples"``, fits begin anew.

    Parameters
    ----------
    estimator : estimator object
        One of this package, one in a Pipeline or another wrapper, or any other.
    param_grid : dict or list of dict
        Names of parameters and the values to try.
    factor, resource, max_resources, min_resources, aggressive_elimination : object
        As in `sklearn.model_selection.HalvingGridSearchCV`.
    cv, scoring, refit, error_score, return_train_score, random_state, n_jobs, verbose : object
        As in `sklearn.model_selection.HalvingGridSearchCV`.
    max_memory : int, str or None, default=None
        As in `FusedGridSearchCV`.
    max_time : float or None, default=None
        Seconds after which no further rung begins, with a warning that says how many did: one that
        would take longer than what is left, if it takes as long as the one before. The first one
        is done in any case. The time of the refit comes on top.

    Attributes
    ----------
    fusion_report_ : FusionReport
        In which pass every candidate was trained, and if alone, why; one entry per rung.
    cost_ : SearchCost
        What the search took: time of processors, rows, memory.
    loss_curves_ : list of list of (ndarray or None)
        As in `FusedGridSearchCV`, one entry per rung.

    See Also
    --------
    FusedGridSearchCV : Trains all candidates to the end.
    FusedHalvingRandomSearchCV : Draws candidates from distributions.

    References
    ----------
    K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter
    optimization", AISTATS 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.model_selection import FusedHalvingGridSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = FusedHalvingGridSearchCV(
    ...     MLPClassifier(random_state=0),
    ...     {"optimizer__learning_rate": [1e-4, 1e-3, 1e-2, 1e-1]},
    ...     resource="max_iter",
    ...     min_resources=5,
    ...     max_resources=45,
    ... )
    >>> search.fit(X, y).best_params_
    {'optimizer__learning_rate': 0.1, 'max_iter': 15}
    >>> search.n_candidates_
    [4, 2]
    """

    _parameter_constraints = {
        **HalvingGridSearchCV._parameter_constraints,
        **FusedSearch._max_time_constraint,
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        param_grid: Mapping[str, Sequence] | Sequence[Mapping[str, Sequence]],
        *,
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: int | str = "auto",
        min_resources: int | str = "exhaust",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: bool | str | Callable = True,
        error_score: float | str = np.nan,
        return_train_score: bool = True,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        max_memory: int | str | None = None,
        max_time: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.max_memory = max_memory
        self.max_time = max_time


class FusedHalvingRandomSearchCV(_FusedHalving, HalvingRandomSearchCV):
    """`sklearn.model_selection.HalvingRandomSearchCV` that trains candidates together.

    See `FusedHalvingGridSearchCV` for how survivors go on training, and `FusedGridSearchCV` for
    the few differences to scikit-learn.

    Parameters
    ----------
    estimator : estimator object
        One of this package, one in a Pipeline or another wrapper, or any other.
    param_distributions : dict or list of dict
        Names of parameters, and distributions or lists to draw from.
    n_candidates : int or "exhaust", default="exhaust"
        Number of candidates of the first rung; "exhaust": as many as the last rung can use up all
        resources with.
    factor, resource, max_resources, min_resources, aggressive_elimination : object
        As in `sklearn.model_selection.HalvingRandomSearchCV`.
    cv, scoring, refit, error_score, return_train_score, random_state, n_jobs, verbose : object
        As in `sklearn.model_selection.HalvingRandomSearchCV`.
    max_memory : int, str or None, default=None
        As in `FusedGridSearchCV`.
    max_time : float or None, default=None
        As in `FusedHalvingGridSearchCV`.

    Attributes
    ----------
    fusion_report_ : FusionReport
        In which pass every candidate was trained, and if alone, why; one entry per rung.
    cost_ : SearchCost
        What the search took: time of processors, rows, memory.
    loss_curves_ : list of list of (ndarray or None)
        As in `FusedGridSearchCV`, one entry per rung.

    See Also
    --------
    FusedRandomizedSearchCV : Trains all candidates to the end.
    FusedHalvingGridSearchCV : Tries all combinations.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.model_selection import FusedHalvingRandomSearchCV, search_space
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(random_state=0)
    >>> search = FusedHalvingRandomSearchCV(
    ...     model,
    ...     search_space(model),
    ...     n_candidates=27,
    ...     resource="max_iter",
    ...     min_resources=2,
    ...     max_resources=54,
    ...     random_state=0,
    ... )
    >>> search.fit(X, y).n_candidates_
    [27, 9, 3, 1]
    """

    _parameter_constraints = {
        **HalvingRandomSearchCV._parameter_constraints,
        **FusedSearch._max_time_constraint,
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        n_candidates: int | str = "exhaust",
        factor: float = 3,
        resource: str = "n_samples",
        max_resources: int | str = "auto",
        min_resources: int | str = "smallest",
        aggressive_elimination: bool = False,
        cv: Any = 5,
        scoring: Any = None,
        refit: bool | str | Callable = True,
        error_score: float | str = np.nan,
        return_train_score: bool = True,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        max_memory: int | str | None = None,
        max_time: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_candidates=n_candidates,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        self.max_memory = max_memory
        self.max_time = max_time
