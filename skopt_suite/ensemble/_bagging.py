"""What both ensembles are: scikit-learn's bagging with another engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

from sklearn.utils.validation import check_is_fitted, validate_data

from skopt_suite.ensemble._private_sklearn import consumes_sample_weight
from skopt_suite.ensemble._training import Planned, train_members
from skopt_suite.estimators._ensemble import Members, reason_to_see_all_features
from skopt_suite.estimators._fused import is_trainable, reason_to_train_alone


class FusedBagging:
    """Goes before scikit-learn's class, which checks, draws and keeps the members.

    Where members share a pass, it is given members that remember their weights and wait.
    """

    estimators_: list[Any]
    estimators_features_: list[Any]
    n_features_in_: int
    reason_trained_alone_: str
    _waits = False

    def _fit(self: Any, X: Any, y: Any, *args: Any, **params: Any) -> Any:
        reason = self._reason_to_train_alone(X, params)
        with _members_unchanged_by_errors(self):
            self._waits = not reason
            super()._fit(X, y, *args, **params)  # type: ignore[misc]
            self._train_planned(X)
            del self._waits
        self.reason_trained_alone_ = reason
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether there are members; a fit that failed leaves those of the one before."""
        return hasattr(self, "estimators_")

    def _reason_to_train_alone(self: Any, X: Any, params: dict[str, Any]) -> str:
        """Return why members are not trained as stacks; empty if they are."""
        estimator = self._get_estimator()
        if reason := reason_to_train_alone(estimator):
            return reason
        if set(params) - {"max_samples", "sample_weight"}:
            return "parameters of fit are routed to the members"
        if not consumes_sample_weight(estimator):
            return "the members do not request sample_weight"
        return "" if self._sees_all_features() else reason_to_see_all_features(estimator, X)

    def _sees_all_features(self: Any) -> bool:
        n_features, given = self.n_features_in_, self.max_features
        n_drawn = given if isinstance(given, Integral) else max(1, int(given * n_features))
        return n_drawn == n_features and not self.bootstrap_features

    def _make_estimator(self: Any, append: bool = True, random_state: Any = None) -> Any:
        model = super()._make_estimator(append, random_state)  # type: ignore[misc]
        return Planned(model) if self._waits else model

    def _parallel_args(self: Any) -> dict[str, Any]:
        return {"prefer": "threads"} if is_trainable(self._get_estimator()) else {}

    def _set_oob_score(self: Any, X: Any, y: Any) -> None:
        self._train_planned(X)
        super()._set_oob_score(X, y)  # type: ignore[misc]

    def _train_planned(self: Any, X: Any) -> None:
        planned = [one for one in self.estimators_ if isinstance(one, Planned)]
        if not planned:
            return
        new = slice(-len(planned), None)
        columns = None if self._sees_all_features() else self.estimators_features_[new]
        trained = train_members(planned, X, self.n_jobs, self.verbose, columns=columns)
        self.estimators_[new] = trained

    def _seen(self: Any, X: Any, params: dict[str, Any]) -> tuple[Any, Members | None]:
        """Return checked X, and the members if they predict together."""
        check_is_fitted(self)
        members = Members(self.estimators_, self.estimators_features_)
        if params or not members.can_predict_together():
            return X, None
        checks = {"accept_sparse": ["csr", "csc"], "dtype": None, "ensure_all_finite": False}
        return validate_data(self, X, reset=False, **checks), members


@contextmanager
def _members_unchanged_by_errors(ensemble: Any) -> Iterator[None]:
    before = {k: list(v) if isinstance(v, list) else v for k, v in vars(ensemble).items()}
    try:
        yield
    except BaseException:
        vars(ensemble).clear()
        vars(ensemble).update(before)
        raise
