"""A classifier whose probabilities are calibrated on rows that it was not fitted to."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import process_routing

from skopt_suite.model_selection._engine.private_sklearn import (
    check_method_params,
    safe_split,
)
from skopt_suite.model_selection._engine.wrappers._stand_in import Rows
from skopt_suite.model_selection._engine.wrappers._wrapper import Refitting


class Calibrated(Refitting):
    """`sklearn.calibration.CalibratedClassifierCV`; calibrators are of every candidate."""

    kind = CalibratedClassifierCV

    def opened(self, estimator: Any, rows: Rows) -> tuple[Any, list[Rows]]:
        """Return the wrapper with splits that stay, and the rows of every fit."""
        X, y = indexable(rows.X, rows.y)
        cv = _settled(estimator, rows._replace(X=X, y=y))
        params = self.inner_params(estimator, rows.fit_params)
        parts = [_part(estimator, X, y, params, train) for train, _ in cv.split()]
        if estimator.ensemble is False:  # "auto" is True but for what is fitted already
            parts.append(Rows(X, y, params))
        return cv, parts

    def closed(self, estimator: Any, shell: Any, rows: Rows, models: Sequence[Any]) -> Any:
        """Return the wrapper, with calibrators of the models."""
        settled = copy.copy(estimator)
        settled.cv = shell
        fitted = super().closed(settled, shell, rows, models)
        fitted.cv = estimator.cv
        return fitted


def _part(estimator: Any, X: Any, y: Any, params: dict[str, Any], train: np.ndarray) -> Rows:
    own = check_method_params(X, params=params, indices=train)
    X_train, y_train = safe_split(estimator.estimator, X, y, train)
    return Rows(X_train, y_train, own)


def _settled(estimator: Any, rows: Rows) -> Any:
    """Return the splitter, which splits as it does now whenever it is asked."""
    routed: dict[str, Any] = {}
    if rows.fit_params and get_config()["enable_metadata_routing"]:
        routed = process_routing(estimator, "fit", **rows.fit_params).splitter.split
    cv = copy.copy(check_cv(estimator.cv, rows.y, classifier=True))
    splits = list(cv.split(rows.X, rows.y, **routed))

    def split(*args: Any, **params: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return iter(splits)

    cv.split = split  # of its own class, which is asked for
    return cv
