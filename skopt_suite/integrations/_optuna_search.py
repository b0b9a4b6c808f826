"""A study of Optuna whose trials are trained as stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from skopt_suite.integrations._needed import needed
from skopt_suite.integrations._optuna_space import DefinedSpace, FixedSpace
from skopt_suite.model_selection import search_space
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.model_selection._engine.private_sklearn import (
    BaseSearchCV,
    Interval,
    StrOptions,
)
from skopt_suite.model_selection._engine.rounds import Rounds
from skopt_suite.model_selection._search import FusedSearch


class FusedOptunaSearchCV(FusedSearch):
    """Search with a sampler of Optuna, which learns from earlier trials, in fused passes.

    A batch of trials is asked for at once and trained together, as the candidates of a
    `skopt_suite.model_selection.FusedRandomizedSearchCV` are; then their mean scores are told to
    the study, and its sampler chooses the next batch. Small batches learn more often, large ones
    train faster.

    Parameters
    ----------
    estimator : estimator object
        One of this package, a Pipeline whose last step is, or any other.
    param_distributions : dict, callable or "auto", default="auto"
        Names of parameters, and distributions of Optuna or `scipy.stats`, or lists, to draw from;
        or a function from a trial to a dict of parameters, for those that depend on others;
        ``"auto"``: see `skopt_suite.model_selection.search_space`.
    n_trials : int, default=100
        Number of candidates.
    batch : int, default=20
        Number of candidates that are asked for, and trained, together.
    study : optuna.Study or None, default=None
        With a sampler of your choice, with trials to go on from, or with a storage to keep them. It
        must maximise; samplers that end a study themselves, such as those of grids, cannot. None: a
        new one that a tree-structured Parzen estimator draws from.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch : object
        As in `sklearn.model_selection.RandomizedSearchCV`. Where there are several scores,
        ``refit`` names the one that the study is told.
    random_state : int, RandomState or None, default=None
        Seed of the draws; a `study` that is given has its own.
    error_score, return_train_score : object
        As in `sklearn.model_selection.RandomizedSearchCV`. A trial with a score that is not finite
        is told as failed.
    max_memory : int, str or None, default=None
        As in `skopt_suite.model_selection.FusedGridSearchCV`.

    Attributes
    ----------
    study_ : optuna.Study
        The study; ``cv_results_["trial_number"]`` has the numbers of the trials.
    fusion_report_ : FusionReport
        In which pass every candidate was trained, and if alone, why.
    cost_ : SearchCost
        What the search took.
    loss_curves_ : list of list of (ndarray or None)
        As in `skopt_suite.model_selection.FusedGridSearchCV`.

    See Also
    --------
    OptunaPruningCallback : Ends trials early that are trained one by one.
    skopt_suite.model_selection.FusedHalvingRandomSearchCV : Ends the worse ones early, together.

    References
    ----------
    T. Akiba, S. Sano, T. Yanase, T. Ohta and M. Koyama, "Optuna: a next-generation hyperparameter
    optimization framework", KDD 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.integrations import FusedOptunaSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=20, random_state=0)
    >>> search = FusedOptunaSearchCV(model, n_trials=20, batch=10, random_state=0)
    >>> bool(search.fit(X, y).best_score_ > 0.95)
    True
    >>> search.fusion_report_.n_groups
    2
    >>> bool(search.study_.best_value == search.best_score_)
    True
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "param_distributions": [dict, callable, StrOptions({"auto"})],
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "batch": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        param_distributions: Mapping[str, Any] | Callable[[Any], dict[str, Any]] | str = "auto",
        *,
        n_trials: int = 100,
        batch: int = 20,
        study: Any = None,
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
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.n_trials = n_trials
        self.batch = batch
        self.study = study
        self.random_state = random_state
        self.max_memory = max_memory

    def _get_scorers(self) -> tuple[Any, Any]:
        """Return scikit-learn's scorers; what Optuna cannot do is refused here, before any work."""
        self._space()
        self._check_study()
        scorers, refit_metric = super()._get_scorers()
        if isinstance(scorers, dict) or hasattr(scorers, "_scorers"):
            self._check_names_score(scorers)
        return scorers, refit_metric

    def _space(self) -> FixedSpace | DefinedSpace:
        space = self.param_distributions
        if callable(space):
            return DefinedSpace(space)
        return FixedSpace(search_space(self.estimator) if isinstance(space, str) else space)

    def _check_study(self) -> None:
        if self.study is None:
            return
        directions = getattr(self.study, "directions", None)
        if directions is None or not hasattr(self.study, "ask"):
            raise TypeError(
                f"{type(self).__name__}: study must be a study of Optuna or None; got "
                f"{self.study!r} of type {type(self.study).__name__}"
            )
        if (names := [direction.name for direction in directions]) != ["MAXIMIZE"]:
            raise ValueError(
                f"{type(self).__name__}: study must have the direction 'maximize' alone, as "
                f"greater scores are better; got {[name.lower() for name in names]}"
            )

    def _check_names_score(self, scorers: Any) -> None:
        if not isinstance(self.refit, str):
            raise ValueError(
                f"{type(self).__name__}: refit must be the name of the score to tell the study, as "
                f"there are several: {sorted(getattr(scorers, '_scorers', scorers))}; got "
                f"{self.refit!r}"
            )

    def _new_study(self) -> Any:
        optuna = needed("optuna", type(self).__name__, "optuna")
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        return optuna.create_study(direction="maximize", sampler=sampler)

    def _rounds(self) -> Rounds:
        self._told = _Told(self.refit)
        return self._told

    def _run_search(self, evaluate_candidates: Callable, *, callback_ctx: Any = None) -> None:
        """Ask for trials, evaluate them and tell their scores, batch by batch."""
        told = self.__dict__.pop("_told")
        self.study_ = self._new_study() if self.study is None else self.study
        context = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=self.n_trials * self.n_splits_,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)
        space = self._space()
        for size in self._sizes():
            asked = [space.ask(self.study_) for _ in range(size)]
            trials = [trial for trial, _ in asked]
            try:
                evaluate_candidates(
                    [params for _, params in asked],
                    more_results={"trial_number": [trial.number for trial in trials]},
                    callback_ctx=context,
                )
            except BaseException:
                tell(self.study_, trials, [np.nan] * size)
                raise
            tell(self.study_, trials, told.scores)
        context.call_on_fit_task_end(estimator=self)

    def _sizes(self) -> Iterator[int]:
        """Yield the numbers of trials of the batches."""
        for done in range(0, self.n_trials, self.batch):
            yield min(self.batch, self.n_trials - done)


class _Told(Rounds):
    """The mean scores of the trials of the last batch."""

    are_one = True

    def __init__(self, refit: Any) -> None:
        self._refit = refit

    def remember(self, params: list[dict[str, Any]], outcomes: list[list[Outcome]]) -> None:
        """Keep the mean scores."""
        self.scores = [np.mean([self._score(one) for one in of_trial]) for of_trial in outcomes]

    def _score(self, outcome: Outcome) -> float:
        scores = outcome.scored["test_scores"]
        return scores[self._refit] if isinstance(scores, dict) else scores


def tell(study: Any, trials: list[Any], scores: list[Any]) -> None:
    """Tell a study the scores of trials; those that are not finite have failed."""
    for trial, score in zip(trials, scores, strict=True):
        if np.isfinite(score):
            study.tell(trial, float(score))
        else:
            study.tell(trial, state=_failed())


def _failed() -> Any:
    return needed("optuna", "FusedOptunaSearchCV", "optuna").trial.TrialState.FAIL
