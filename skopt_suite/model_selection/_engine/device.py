"""Rows on a device: scikit-learn splits and scores them only where its own dispatch is on."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import config_context, get_config

from skopt_suite.backends import is_device_array, is_sparse, placement_for, take_rows, to_numpy
from skopt_suite.model_selection._engine.private_sklearn import MultimetricScorer, safe_split


def sklearn_takes(X: Any) -> bool:
    """Whether scikit-learn takes `X` as it is: what is on a device only if it is told to."""
    if not is_device_array(X):
        return True
    return get_config()["array_api_dispatch"] and not is_sparse(X)


def on_host(value: Any) -> Any:
    """Return an array, or the arrays of a dict, on the host; anything else as it is."""
    if isinstance(value, dict):
        return {name: to_numpy(item) for name, item in value.items()}
    return to_numpy(value)


def split(
    estimator: Any, X: Any, y: Any, rows: np.ndarray, train_rows: np.ndarray | None = None
) -> tuple[Any, Any]:
    """Return some rows of X, where it is, and of y, as scikit-learn's `_safe_split` does."""
    if sklearn_takes(X):
        return safe_split(estimator, X, y, rows, train_rows)
    with config_context(array_api_dispatch=False):
        return safe_split(estimator, DeviceRows(X), y, rows, train_rows)


class DeviceRows:
    """What looks to scikit-learn like an array of NumPy's, and gives rows where they are.

    Parameters
    ----------
    X : array or CSR container of shape (n_samples, n_features)
        On a device.
    """

    def __init__(self, X: Any) -> None:
        self._X, self._placement = X, placement_for("auto", X)
        self.shape, self.ndim = tuple(X.shape), 2

    def __getitem__(self, key: tuple[np.ndarray, Any]) -> Any:
        rows, columns = key
        if columns is not Ellipsis:
            raise TypeError("X must be on the host where an estimator asks for some columns of it.")
        return take_rows(self._X, self._placement.asarray(np.asarray(rows)))


class HostScorer:
    """A scorer that is given rows on the host.

    Parameters
    ----------
    scorer : callable
        As scikit-learn has them.
    """

    def __init__(self, scorer: Any) -> None:
        self._scorer = scorer

    def __call__(self, estimator: Any, X: Any, *args: Any, **params: Any) -> Any:
        return self._scorer(estimator, to_numpy(X), *args, **params)


class HostScorers(MultimetricScorer):
    """Several scorers that are given rows on the host."""

    def __call__(self, estimator: Any, X: Any, *args: Any, **params: Any) -> Any:
        return super().__call__(estimator, to_numpy(X), *args, **params)


def scorer_for(scorer: Any, scoring: Any, X: Any) -> Any:
    """Return what scores models on rows such as `X`; their own ``score`` takes them all."""
    if scoring is None or sklearn_takes(X):
        return scorer
    if isinstance(scorer, MultimetricScorer):
        several: Any = object.__new__(HostScorers)
        vars(several).update(vars(scorer))
        return several
    return HostScorer(scorer)
