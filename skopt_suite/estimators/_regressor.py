"""What regressors share: numbers in, numbers out."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags

from skopt_suite.backends import Array, to_numpy
from skopt_suite.estimators._available import available_if
from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.estimators._cluster_predict import lazily_on_clusters, score_on_cluster
from skopt_suite.estimators._continuing import check_incremental
from skopt_suite.estimators._named_alone import named_alone
from skopt_suite.estimators._number_targets import NumberTargets
from skopt_suite.estimators._own_targets import given_to_score
from skopt_suite.estimators._standardize import standardizes_targets
from skopt_suite.losses import REGRESSION_LOSSES, RegressionLoss
from skopt_suite.training import explained


class TrainableRegressor(RegressorMixin, TrainableEstimator):
    """Base of the regressors."""

    _targets: NumberTargets

    @available_if(check_incremental)
    @named_alone
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch, going on from where the last call or `fit` ended.

        The state of the optimizer and of the schedule is kept between calls.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets; left out where `X` is chunks that have their own.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    @named_alone
    @lazily_on_clusters
    def predict(self, X: Any) -> Array:
        """Return the prediction for every sample.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions; of several quantiles, they are in one more, last axis.
        """
        raw, _ = self._raw_predictions(X)
        prediction = self.loss_function_.prediction(raw)[0, ...]
        return self._returned(self._targets.decode(prediction), X)

    @named_alone
    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R² of the predictions for `X`.

        It is R² whatever the loss; of several quantiles, which it is not defined for, the share of
        the loss of constant quantiles that is explained, D².

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            True values; left out where `X` is chunks that have their own.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        r2 : float
            At most 1; averaged over outputs.
        """
        found = score_on_cluster(self, X, y, sample_weight)
        if found is not None:
            return found
        y, weight = given_to_score(type(self).__name__, X, y, sample_weight)
        predicted = to_numpy(self.predict(X))
        if self.loss_function_.n_predictions > 1:
            return self._explained(y, predicted, weight)
        return r2_score(y, predicted, sample_weight=weight)

    def _explained(self, y: Any, predicted: np.ndarray, weight: np.ndarray | None) -> float:
        targets, owner = self._targets, type(self).__name__
        y = targets.encode(NumberTargets.check(y, owner, "float64"), owner)
        loss, raw = self.loss_function_.on(targets.type), predicted.reshape(len(y), -1)
        return explained(loss, y, raw.astype(np.float64), weight)

    def _loss(self) -> RegressionLoss:
        return REGRESSION_LOSSES.resolve(self.loss, owner=type(self).__name__, name="loss")

    def _check_targets(self, y: Any, dtype: str) -> np.ndarray:
        return NumberTargets.check(y, type(self).__name__, dtype, standardizes_targets(self))

    def _learn_targets(self, y: np.ndarray, classes: Any) -> NumberTargets:
        return NumberTargets.learn(y)

    def _takes_negative_targets(self) -> bool:
        try:
            self._loss().check_targets(np.array([[-1.0]]))
        except (TypeError, ValueError):
            return False
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = not self._takes_negative_targets()
        return tags
