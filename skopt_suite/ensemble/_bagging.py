"""What both ensembles are: scikit-learn's bagging with another engine."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

from sklearn.utils.validation import check_is_fitted, validate_data

from skopt_suite.ensemble._private_sklearn import consumes_sample_weight
from skopt_suite.ensemble._training import train_members
from skopt_suite.estimators._ensemble import Members, reason_to_see_all_features
from skopt_suite.estimators._fused import is_trainable, reason_to_train_alone
from skopt_suite.estimators._members import Planned, PlannedMembers, TrainsMembers


class FusedBagging(TrainsMembers):
    """Goes before scikit-learn's class, which checks, draws and keeps the members.

    Where members share a pass, it is given members that remember their weights and wait.
    """

    estimators_: list[Any]
    estimators_features_: list[Any]
    n_features_in_: int
    reason_trained_alone_: str
    _waits = _postpones = False

    def _fit(self: Any, X: Any, y: Any, *args: Any, **params: Any) -> Any:
        reason = self.reason_to_train_alone(params, X)
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

    def plan_members(self: Any, X: Any, y: Any, **params: Any) -> PlannedMembers | None:
        """Fit all but the members, which somebody else trains; None: they are trained."""
        self._postpones = True
        self.fit(X, y, **params)
        del self._postpones
        return vars(self).pop("_planned", None)

    def keep_members(self: Any, members: list[Any]) -> None:
        """Become fitted by the members that were planned, trained."""
        self.estimators_[-len(members) :] = members
        if self.oob_score:
            super()._set_oob_score(*vars(self).pop("_rows"))  # type: ignore[misc]

    def member(self: Any) -> Any:
        """Return what members are copies of."""
        return self._get_estimator()

    def draws(self: Any) -> Hashable:
        """Return what the draws depend on, but for the ``random_state``."""
        return self.n_estimators, self.max_samples, self.bootstrap, *self.features_seen()

    def features_seen(self: Any) -> tuple[Hashable, ...]:
        """Return what ensembles share whose members see equally many features."""
        return self.max_features, self.bootstrap_features

    def reason_to_train_alone(self: Any, params: Any = (), X: Any = None) -> str:
        """Return why members are not trained as stacks; empty if they are, as far as is known."""
        estimator = self._get_estimator()
        if reason := reason_to_train_alone(estimator):
            return reason
        if set(params) - {"max_samples", "sample_weight"}:
            return "parameters of fit are routed to the members"
        if not consumes_sample_weight(estimator):
            return "the members do not request sample_weight"
        return "" if self._sees_all_features() else reason_to_see_all_features(estimator, X)

    def _sees_all_features(self: Any) -> bool:
        n_features, given = getattr(self, "n_features_in_", None), self.max_features
        if n_features is None:  # before a fit
            return given == 1.0 and not isinstance(given, Integral) and not self.bootstrap_features
        n_drawn = given if isinstance(given, Integral) else max(1, int(given * n_features))
        return n_drawn == n_features and not self.bootstrap_features

    def _make_estimator(self: Any, append: bool = True, random_state: Any = None) -> Any:
        model = super()._make_estimator(append, random_state)  # type: ignore[misc]
        return Planned(model) if self._waits else model

    def _parallel_args(self: Any) -> dict[str, Any]:
        return {"prefer": "threads"} if is_trainable(self._get_estimator()) else {}

    def _set_oob_score(self: Any, X: Any, y: Any) -> None:
        self._train_planned(X)
        if self._postpones:
            self._rows = X, y
        else:
            super()._set_oob_score(X, y)  # type: ignore[misc]

    def _train_planned(self: Any, X: Any) -> None:
        planned = [one for one in self.estimators_ if isinstance(one, Planned)]
        if not planned:
            return
        new = slice(-len(planned), None)
        columns = None if self._sees_all_features() else self.estimators_features_[new]
        members = PlannedMembers.of(planned, X, columns)
        if self._postpones:
            self._planned = members
        else:
            self.estimators_[new] = train_members(members, self.n_jobs, self.verbose)

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
