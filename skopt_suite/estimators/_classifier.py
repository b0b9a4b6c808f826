"""What classifiers share: labels in, labels and probabilities out."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags

from skopt_suite.backends import Array, namespace, to_numpy
from skopt_suite.estimators._available import available_if
from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.estimators._class_targets import ClassTargets
from skopt_suite.estimators._class_weight import check_class_weight
from skopt_suite.estimators._cluster_predict import lazily_on_clusters, score_on_cluster
from skopt_suite.estimators._continuing import check_incremental
from skopt_suite.estimators._named_alone import named_alone
from skopt_suite.estimators._own_targets import given_to_score
from skopt_suite.estimators._prepared import CheckedRows
from skopt_suite.losses import CLASSIFICATION_LOSSES, ClassificationLoss
from skopt_suite.training import Job


def _check_probabilities(estimator: Any) -> None:
    """Raise `AttributeError` if the loss gives none."""
    loss = estimator.loss_function_ if estimator._is_trained() else estimator._loss()
    if not loss.has_probability:
        raise AttributeError(
            f"loss {loss.name!r} gives no probabilities; take loss='log_loss', or wrap the "
            "estimator in sklearn.calibration.CalibratedClassifierCV."
        )


class TrainableClassifier(ClassifierMixin, TrainableEstimator):
    """Base of the classifiers."""

    _takes_labels = True
    _targets: ClassTargets
    classes_: np.ndarray

    @available_if(check_incremental)
    @named_alone
    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Train for one epoch, going on from where the last call or `fit` ended.

        The state of the optimizer and of the schedule is kept between calls.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), default=None
            Target labels; left out where `X` is chunks that have their own.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever come; needed in the first call only. For multi-label `y`
            the numbers of its columns, or 0 and 1.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        self : object
            The estimator.
        """
        if classes is None and not self._is_trained():
            raise ValueError("classes must be passed on the first call to partial_fit.")
        is_known = self._is_trained() and classes is not None
        if is_known and not self._targets.are_named_by(classes):
            raise ValueError(
                f"classes={np.unique(to_numpy(classes)).tolist()} is not the same as on the first "
                f"call to partial_fit: {self.classes_.tolist()}."
            )
        return self._partial_fit(X, y, sample_weight, classes)

    @named_alone
    @lazily_on_clusters
    def predict(self, X: Any) -> Array:
        """Return the predicted label of every sample.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        """
        raw, _ = self._raw_predictions(X)
        labels = self._targets.decode(raw[0, ...])
        return self._returned(labels, X) if labels.dtype.kind in "biuf" else labels

    @available_if(_check_probabilities)
    @named_alone
    @lazily_on_clusters
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of every class, or of every label.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Probabilities, classes in the order of ``classes_``.
        """
        raw, placement = self._raw_predictions(X)
        probability = self.loss_function_.on(self._targets.type).probability(raw)[0, ...]
        if self._targets.is_binary:
            probability = placement.xp.concat([1 - probability, probability], axis=1)
        return self._returned(probability, X)

    @available_if(_check_probabilities)
    @named_alone
    @lazily_on_clusters
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Logarithms of probabilities; -inf where a probability rounds to 0.
        """
        probability = self.predict_proba(X)
        with np.errstate(divide="ignore"):  # strict arrays are NumPy's inside
            return namespace(probability).log(probability)

    @named_alone
    @lazily_on_clusters
    def decision_function(self, X: Any) -> Array:
        """Return raw predictions; positive for ``classes_[1]`` where there are two classes.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.

        Returns
        -------
        raw : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Raw predictions.
        """
        raw, _ = self._raw_predictions(X)
        return self._returned(raw[0, :, 0] if self._targets.is_binary else raw[0, ...], X)

    @named_alone
    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the accuracy of the predictions for `X`.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), default=None
            True labels; left out where `X` is chunks that have their own.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        accuracy : float
            Share of samples whose labels are all right.
        """
        found = score_on_cluster(self, X, y, sample_weight)
        if found is not None:
            return found
        y, weight = given_to_score(type(self).__name__, X, y, sample_weight)
        predicted = to_numpy(self.predict(X))
        return accuracy_score(y, predicted, sample_weight=weight)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_class_weight(type(self).__name__, self.class_weight)

    def _loss(self) -> ClassificationLoss:
        return CLASSIFICATION_LOSSES.resolve(self.loss, owner=type(self).__name__, name="loss")

    def _check_targets(self, y: Any, dtype: str) -> np.ndarray:
        return ClassTargets.check(y, type(self).__name__, self._takes_labels)

    def _learn_targets(self, y: np.ndarray, classes: Any) -> ClassTargets:
        targets = ClassTargets.learn(y, type(self).__name__, classes)
        if self.warm_start and self._is_trained() and not targets.are_like(self._targets):
            raise ValueError(
                f"{type(self).__name__}: with warm_start=True the classes must be those of the "
                f"last fit, {self.classes_.tolist()}; got {targets.classes.tolist()}."
            )
        return targets

    def _weigh_classes(self, rows: CheckedRows) -> np.ndarray | None:
        if self.class_weight is None:  # targets stay where they are
            return rows.weight
        return rows.targets.weigh(self.class_weight, rows.y, rows.weight)

    def _fitted_attributes(self, job: Job, targets: Any, params: Any) -> dict[str, Any]:
        return {**super()._fitted_attributes(job, targets, params), "classes_": targets.classes}

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = True
        tags.classifier_tags.multi_label = self._takes_labels
        tags.target_tags.multi_output = self._takes_labels
        return tags
