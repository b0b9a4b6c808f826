"""What regressors share: numbers in, numbers out."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if

from skopt_suite.backends import Array, to_numpy
from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.estimators._continuing import trains_incrementally
from skopt_suite.estimators._named_alone import named_alone
from skopt_suite.estimators._number_targets import NumberTargets
from skopt_suite.losses import REGRESSION_LOSSES, RegressionLoss


class TrainableRegressor(RegressorMixin, TrainableEstimator):
    """Base of the regressors."""

    _targets: NumberTargets

    @available_if(trains_incrementally)
    @named_alone
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, going on from where the last call or `fit` ended.

        The state of the optimizer and of the schedule is kept between calls.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        self : object
            The estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    @named_alone
    def predict(self, X: Any) -> Array:
        """Return the prediction for every sample.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        """
        raw, _ = self._raw_predictions(X)
        prediction = self.loss_function_.prediction(raw)[0, ...]
        return self._returned(self._targets.decode(prediction), X)

    @named_alone
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R² of the predictions for `X`.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        r2 : float
            At most 1; averaged over outputs.
        """
        predicted = to_numpy(self.predict(X))
        return r2_score(to_numpy(y), predicted, sample_weight=to_numpy(sample_weight))

    def _loss(self) -> RegressionLoss:
        return REGRESSION_LOSSES.resolve(self.loss, owner=type(self).__name__, name="loss")

    def _check_targets(self, y: Any, dtype: str) -> np.ndarray:
        return NumberTargets.check(y, type(self).__name__, dtype)

    def _learn_targets(self, y: np.ndarray, classes: Any) -> NumberTargets:
        return NumberTargets.learn(y)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
