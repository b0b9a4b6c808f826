"""The drop-in replacement of scikit-learn's GridSearchCV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, ParameterGrid

from skopt_suite.model_selection._engine.rounds import Rounds
from skopt_suite.model_selection._search import FusedSearch


class FusedGridSearchCV(FusedSearch, GridSearchCV):
    """`sklearn.model_selection.GridSearchCV` that trains candidates together.

    All candidates of a fold that see the same rows and differ only in fusable parameters
    (learning rates, penalty strengths, class weights …) are trained in one pass; the others are
    grouped into further passes, and estimators that are not of this package are trained the
    ordinary way. ``fusion_report_`` says which. Parameters, attributes and results are those of
    scikit-learn, with these differences:

    - ``mean_fit_time`` of a candidate is its share of the pass: the time of the pass divided by
      the number of its candidates.
    - Candidates without a ``random_state`` share one seed that is drawn anew in every search.
    - Preceding steps of a Pipeline, and what else is around the model, are fitted once for all
      candidates that do not change them, so steps that are random draw once.
    - ``verbose=2`` prints a line per pass, and one per fit only of candidates that are alone in
      theirs; from 3 on there is one for every fit, with its score.
    - ``n_jobs`` counts threads unless a joblib backend is chosen, and tasks are folds.
    - Rows that are read in chunks, maps of large files too, are read by all folds together: a grid
      takes as many sweeps over them as a fit (see :doc:`/out_of_memory`).

    Parameters
    ----------
    estimator : estimator object
        One of this package, one in a Pipeline or another wrapper, or any other.
    param_grid : dict or list of dict
        Names of parameters and the values to try.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score : object
        As in `sklearn.model_selection.GridSearchCV`.
    max_memory : int, str or None, default=None
        Memory that fits may take while they are trained and scored, beside the data, all workers
        together: bytes, or text such as ``"2GB"``; None: a quarter of what is free (on the GPU for
        ``backend="cupy"``) when a pass begins. A pass that would take more is cut into pieces, at
        worst into single fits, which are trained whatever they take.
    max_time : float or None, default=None
        Seconds after which no further candidates are tried, as in `FusedRandomizedSearchCV`. The
        grid is then gone through in a random order that is always the same; ``cv_results_`` has
        the candidates that were tried in the order of the grid.

    Attributes
    ----------
    fusion_report_ : FusionReport
        In which pass every candidate was trained, and if alone, why.
    cost_ : SearchCost
        What the search took: time of processors, rows, memory.
    loss_curves_ : list of list of (ndarray or None)
        Training loss of every epoch, for every candidate and split; None for fits that failed or
        were trained the ordinary way, and where there are several, such as one per class.

    See Also
    --------
    FusedRandomizedSearchCV : Draws candidates from distributions.
    FusedHalvingGridSearchCV : Ends the worse ones early.

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
    FusionReport: 3 of 3 candidates fused into 1 pass per fold, 0 alone
      pass 0: 3 candidates, full batches
    """

    _parameter_constraints = {
        **GridSearchCV._parameter_constraints,
        **FusedSearch._max_time_constraint,
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        param_grid: Mapping[str, Sequence] | Sequence[Mapping[str, Sequence]],
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        max_memory: int | str | None = None,
        max_time: float | None = None,
    ) -> None:
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
        self.max_time = max_time

    def _rounds(self) -> Rounds:
        rounds = super()._rounds()
        if rounds.are_one:
            n_candidates = len(ParameterGrid(self.param_grid))
            rounds.order = np.random.RandomState(0).permutation(n_candidates)
        self._order = rounds.order
        return rounds

    def _run_search(self, evaluate_candidates: Callable, *, callback_ctx: Any = None) -> None:
        """Evaluate the candidates, in rounds if time is limited."""
        candidates = list(ParameterGrid(self.param_grid))
        context = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=len(candidates) * self.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)
        order = range(len(candidates)) if self._order is None else self._order
        for some in self._in_rounds([candidates[k] for k in order]):
            evaluate_candidates(some, callback_ctx=context)
        context.call_on_fit_task_end(estimator=self)
