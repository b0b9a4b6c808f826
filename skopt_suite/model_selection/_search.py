"""What the drop-in replacements of scikit-learn's searches share."""

from __future__ import annotations

import functools
import time
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from inspect import signature
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state, indexable

from skopt_suite.backends import is_device_array, is_sparse
from skopt_suite.chunks import is_chunked, is_stream
from skopt_suite.estimators._callbacks import with_callbacks
from skopt_suite.estimators._fused import is_trainable, told_parts
from skopt_suite.estimators._own_targets import given_to_score
from skopt_suite.estimators._unread import refuse_unread
from skopt_suite.model_selection._cost import SearchCost
from skopt_suite.model_selection._engine.apart import what_keeps_apart
from skopt_suite.model_selection._engine.candidates import Candidate, make_candidates
from skopt_suite.model_selection._engine.device import on_host, scorer_for, sklearn_takes
from skopt_suite.model_selection._engine.kept import KeptSearch
from skopt_suite.model_selection._engine.lines import announce_search
from skopt_suite.model_selection._engine.memory import budget_of
from skopt_suite.model_selection._engine.meter import Meter
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.model_selection._engine.private_sklearn import (
    BaseSearchCV,
    Interval,
    check_method_params,
    insert_error_scores,
    warn_or_raise_about_fit_failures,
)
from skopt_suite.model_selection._engine.progress import metadata_of
from skopt_suite.model_selection._engine.rounds import Rounds
from skopt_suite.model_selection._engine.settings import Cancellation, Settings
from skopt_suite.model_selection._engine.shared import SharedRows
from skopt_suite.model_selection._engine.shrinking import Shrinking
from skopt_suite.model_selection._engine.sweeps.given import (
    GivenChunks,
    given_in_chunks,
    masks_of,
    with_weights,
    without_weights,
)
from skopt_suite.model_selection._engine.sweeps.runner import runner_for
from skopt_suite.model_selection._engine.time_limit import rounds_of
from skopt_suite.model_selection._frames import frame_of
from skopt_suite.model_selection._report import FusionReport, entries_of
from skopt_suite.training import Parts


class FusedSearch(BaseSearchCV):
    """How a search fits and scores its candidates; everything else is scikit-learn's."""

    max_memory: int | str | None
    max_time: float | None = None
    _max_time_constraint: ClassVar = {"max_time": [Interval(Real, 0, None, closed="neither"), None]}
    random_state: Any
    _kept: KeptSearch | None = None
    _is_search: ClassVar[bool] = True
    """Whether there are several candidates; if so, printed lines count them."""

    @with_callbacks
    def fit(self, X: Any, y: Any = None, *, checkpoint: Any = None, **params: Any) -> Self:
        """Search: train all candidates on all splits, in as few passes as can be.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Input; or chunks of more rows than memory holds, which all folds read together: see
            :doc:`/out_of_memory`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets; left out where `X` is chunks that have their own.
        checkpoint : str, path-like or Checkpoint, default=None
            A folder for what a search that is killed goes on from, see `skopt_suite.Checkpoint`:
            call `fit` again with the same parameters and data. None: there is no such folder.
        **params : dict of str -> object
            Parameters for ``fit`` of the estimator, for the scorer and for the splitter, as in
            scikit-learn's searches.

        Returns
        -------
        self : object
            The search, with the best estimator fitted on all of the data if ``refit``.
        """
        self._validate_params()
        kept = KeptSearch.of(self, checkpoint)
        budget = budget_of(self.max_memory, type(self).__name__)
        scorer, refit_metric = self._get_scorers()
        meter = Meter()
        with meter.running():  # chunks are read
            given, (X, y), chunks = (X, y), *self._rows_of(X, y, params)
        told = {"estimator": self, "X": X, "y": y, "metadata": metadata_of(params)}
        if not (is_device_array(X) and sklearn_takes(X)):
            y, params = on_host(y), on_host(params)
        params = check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(with_weights(chunks, params))
        if kept is not None:
            kept.begin(self, *given, params)
        context = self._init_callback_context(max_subtasks=1 + (self.refit is not False))
        context.call_on_fit_task_begin(**told)
        self._checked_cv_orig = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        self._check_input_parameters(X=X, y=y, split_params=routed.splitter.split)
        self.n_splits_ = self._checked_cv_orig.get_n_splits(X, y, **routed.splitter.split)
        settings = self._settings(
            scorer=scorer_for(scorer, self.scoring, X),
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            budget=budget,
            meter=meter,
            chunks=chunks,
        )
        with self._going_on(kept), meter.running():
            results = self._search(X, y, routed.splitter.split, settings, context)
            self._choose(results, refit_metric)
            if self.refit:
                fit_params = without_weights(chunks, routed.estimator.fit)
                self._refit(*given, fit_params, context, told, settings.shared.whole)
        self.scorer_ = getattr(scorer, "_scorers", scorer)
        self.cv_results_ = results
        self.cost_ = SearchCost.of(meter)
        context.call_on_fit_task_end(**told)
        return self

    def _settings(self, **found: Any) -> Settings:
        """Return what tasks need: what parameters say, and what was found for the data."""
        return Settings(
            scoring=self.scoring,
            return_train_score=self.return_train_score,
            return_estimator=getattr(self, "return_estimator", False),
            error_score=self.error_score,
            shrinking=Shrinking(),
            shared=SharedRows(),
            keep="nothing",
            cancellation=Cancellation(),
            verbose=self.verbose,
            is_search=self._is_search,
            n_splits=self.n_splits_,
            **found,
        )

    @contextmanager
    def _going_on(self, kept: KeptSearch | None) -> Iterator[None]:
        """Let the search keep files, and draw from its ``random_state`` what it drew before."""
        given = getattr(self, "random_state", 0)
        self._kept = kept
        if kept is not None and not isinstance(given, Integral):
            self.random_state = kept.random_state(given)
        try:
            yield
        finally:
            del self._kept
            if not isinstance(given, Integral):
                self.random_state = given

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Return the score of the best estimator on other rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets; left out where `X` is chunks that have their own.
        **params : dict of str -> object
            Parameters for the scorer, as in scikit-learn's searches. Weights that come with chunks
            count where ``scoring`` is None, and as one of these where metadata routing is enabled.

        Returns
        -------
        score : float
            By ``scoring``, or the estimator's own.
        """
        is_ours = is_trainable(getattr(self, "best_estimator_", None))
        if not sklearn_takes(X) or is_ours:
            X = X if self.scoring is None else on_host(X)
            y, params = on_host(y), on_host(params)
        if is_ours and self.scoring is not None and is_stream(X):
            y, weight = given_to_score(type(self).__name__, X, y, params.get("sample_weight"))
            if weight is not None and sklearn.get_config()["enable_metadata_routing"]:
                params = {**params, "sample_weight": weight}
        return super().score(X, y, **params)

    def to_frame(self) -> Any:
        """Return ``cv_results_`` as a pandas frame, one row per candidate, the best first."""
        return self._best_first(frame_of(self.cv_results_))

    def _best_first(self, frame: Any) -> Any:
        return frame.sort_values(self._rank_column(), kind="stable")

    def _rank_column(self) -> str:
        refit = self.refit if isinstance(self.refit, str) else "score"
        column = f"rank_test_{refit}"
        return column if column in self.cv_results_ else _ranks(self.cv_results_)[0]

    def _rows_of(
        self, X: Any, y: Any, params: dict[str, Any]
    ) -> tuple[tuple[Any, Any], GivenChunks | None]:
        """Return X and y as splitters take them, and what they are if they are read in chunks."""
        owner = type(self).__name__
        chunks = given_in_chunks(owner, self.estimator, X, y, params.get("sample_weight"))
        if isinstance(chunks, GivenChunks):
            return (chunks.X, chunks.y), chunks
        X, y = (X, y) if chunks is None else chunks
        refuse_unread(owner, X=X, y=y)
        X = X.tocsr() if is_device_array(X) and is_sparse(X) else X
        return tuple(indexable(X, y)), None

    def _search(
        self, X: Any, y: Any, split_params: dict[str, Any], settings: Settings, context: Any
    ) -> dict[str, Any]:
        """Return ``cv_results_``."""
        rounds, kept = self._rounds(), self._kept
        found = _Found(self, rounds)
        settings = settings._replace(keep=rounds.keep)
        new_seed = _new_seed if kept is None else functools.partial(kept.once, "seed", _new_seed)
        seed = functools.cache(new_seed)  # untouched where all candidates have a random_state
        base = clone(self.estimator)
        n_told: dict[int, int] = defaultdict(int)
        splits_of: dict[int, tuple[Any, list]] = {}  # with the splitter, so that its id stays

        def evaluate_candidates(
            candidate_params: Iterable[dict[str, Any]],
            cv: Any = None,
            more_results: dict[str, Any] | None = None,
            callback_ctx: Any = None,
        ) -> dict[str, Any]:
            cv = self._checked_cv_orig if cv is None else cv
            if id(cv) not in splits_of:  # a splitter may shuffle anew with every call
                splits = self._splits(cv, X, y, split_params)
                splits = splits if kept is None else kept.folds(len(splits_of), cv, splits)
                splits_of[id(cv)] = cv, splits
            splits = splits_of[id(cv)][1]
            params = list(candidate_params)
            announce_search(len(params), settings)
            candidates = make_candidates(base, params, settings.fit_params, seed, found.n_passes)
            of_round = None if kept is None else kept.round(params)
            runner = runner_for(self, X, y, splits, settings._replace(kept=of_round))
            first_id = n_told[id(callback_ctx)]
            n_told[id(callback_ctx)] += len(params) * len(splits)
            past = rounds.past(params, len(splits))
            outcomes = runner.run(candidates, past, callback_ctx, first_id)
            rounds.remember(params, outcomes)
            return found.add(candidates, outcomes, more_results or {}, settings)

        if "callback_ctx" in signature(self._run_search).parameters:
            self._run_search(evaluate_candidates, callback_ctx=context)
        else:  # of a user's subclass
            self._run_search(evaluate_candidates)
        return found.results(settings)

    def _splits(
        self, cv: Any, X: Any, y: Any, split_params: dict[str, Any]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        pairs = cv.split(X, y, **split_params)
        owner = type(self).__name__
        splits = masks_of(pairs, len(X), owner) if is_chunked(X) else list(pairs)
        if len(splits) != self.n_splits_:
            raise ValueError(
                "cv.split and cv.get_n_splits return inconsistent results. Expected "
                f"{self.n_splits_} splits, got {len(splits)}"
            )
        return splits

    def _rounds(self) -> Rounds:
        """Return what fits of a later round know of those of an earlier one."""
        rounds = Rounds()
        rounds.are_one = self.max_time is not None
        return rounds

    def _in_rounds(self, candidates: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        """Yield all candidates, or as many as there is time for."""
        if self.max_time is None:
            yield candidates
            return
        n_done = 0
        for some in rounds_of(candidates, self.max_time, self._kept):
            yield some
            n_done += len(some)
        if n_done < len(candidates):
            self._warn_of_time(f"after {n_done} of {len(candidates)} candidates")

    def _warn_of_time(self, after: str) -> None:
        warnings.warn(
            f"{type(self).__name__}: max_time={self.max_time:g} seconds were used up {after}; "
            "the best of those is taken.",
            UserWarning,
            stacklevel=2,
        )

    def _choose(self, results: dict[str, Any], refit_metric: str) -> None:
        """Set the attributes of the best candidate."""
        if callable(self.scoring) and self.multimetric_:
            refit_metric = self.refit
        if not self.refit and self.multimetric_:
            return
        self.best_index_ = self._select_best_index(self.refit, refit_metric, results)
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{refit_metric}"][self.best_index_]
        self.best_params_ = results["params"][self.best_index_]

    def _refit(
        self,
        X: Any,
        y: Any,
        fit_params: dict[str, Any],
        context: Any,
        told: dict[str, Any],
        parts: Parts | None,
    ) -> None:
        """Fit the best candidate on all of the data."""
        self.best_estimator_ = clone(self.estimator).set_params(
            **clone(self.best_params_, safe=False)
        )
        task = context.subcontext(task_name="refit-with-best-params")
        with task.propagate_callback_context(self.best_estimator_):
            task.call_on_fit_task_begin(**told)
            start = time.time()
            if self._kept is not None:
                fit_params = {**fit_params, **self._kept.refit_params(self.best_estimator_)}
            rows = (X,) if y is None else (X, y)
            with told_parts(self.best_estimator_, parts):
                self.best_estimator_.fit(*rows, **fit_params)
            self.refit_time_ = time.time() - start
        task.call_on_fit_task_end(**told)
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_


class _Found:
    """What a search has found so far, round by round."""

    def __init__(self, search: FusedSearch, rounds: Rounds) -> None:
        self._search, self._rounds = search, rounds
        self._candidates: list[Candidate] = []
        self._scored: list[dict[str, Any]] = []
        self._curves: list[list[np.ndarray | None]] = []
        self._more: dict[str, list] = defaultdict(list)
        self._formatted: dict[str, Any] = {}

    @property
    def n_passes(self) -> int:
        """Number of passes that candidates shared."""
        return len({one.pass_number for one in self._candidates} - {None})

    def add(
        self,
        candidates: list[Candidate],
        outcomes: list[list[Outcome]],
        more_results: dict[str, Any],
        settings: Settings,
    ) -> dict[str, Any]:
        """Add the outcomes of a round and return all results, formatted by scikit-learn."""
        scored = [outcome.scored for of_splits in outcomes for outcome in of_splits]
        if not scored:
            raise ValueError(
                "No fits were performed. Was the CV iterator empty? Were there no candidates?"
            )
        if not self._rounds.are_one:
            _check(scored, settings)
        self._scored += scored
        self._candidates += candidates
        self._curves += [[outcome.loss_curve for outcome in of_splits] for of_splits in outcomes]
        for key, values in more_results.items():
            self._more[key].extend(values)
        self._formatted = {} if self._rounds.are_one else self._format()
        return self._formatted

    def results(self, settings: Settings) -> dict[str, Any]:
        """Set the attributes of the search that do not depend on the best candidate."""
        if self._rounds.are_one:
            _check(self._scored, settings)
            self._sort()
            self._formatted = self._format()
        search, first = self._search, self._scored[0]["test_scores"]
        search.multimetric_ = isinstance(first, dict)
        if callable(search.scoring) and search.multimetric_:
            search._check_refit_for_multimetric(first)
        search.fusion_report_ = FusionReport(
            [candidate.params for candidate in self._candidates],
            entries_of(self._candidates),
            what_keeps_apart(self._candidates),
            None if settings.chunks is None else settings.chunks.n_sweeps,
        )
        search.loss_curves_ = self._curves
        return self._formatted

    def _sort(self) -> None:
        """Bring candidates, which may have been tried in any order, into that of the user."""
        n_done = len(self._candidates)
        n_splits, order = len(self._scored) // n_done, self._rounds.order
        places = range(n_done) if order is None else np.argsort(order[:n_done])
        self._candidates = [self._candidates[k] for k in places]
        self._curves = [self._curves[k] for k in places]
        scored = self._scored
        self._scored = [one for k in places for one in scored[k * n_splits : (k + 1) * n_splits]]

    def _format(self) -> dict[str, Any]:
        params = [candidate.params for candidate in self._candidates]
        n_splits = len(self._scored) // len(params)
        return self._search._format_results(params, n_splits, self._scored, self._more)


def _check(scored: list[dict[str, Any]], settings: Settings) -> None:
    """Warn of fits that failed, raise if all did, and give them all names of scores."""
    warn_or_raise_about_fit_failures(scored, settings.error_score)
    if callable(settings.scoring):
        insert_error_scores(scored, settings.error_score)


def _new_seed() -> int:
    return int(check_random_state(None).randint(np.iinfo(np.int32).max))


def _ranks(results: dict[str, Any]) -> list[str]:
    return [key for key in results if key.startswith("rank_test_")]
