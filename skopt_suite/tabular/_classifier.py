"""Classes from raw tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

from skopt_suite.domains import Boolean
from skopt_suite.estimators import MLPClassifier
from skopt_suite.estimators._class_targets import ClassTargets
from skopt_suite.tabular._base import Encoded, TabularMLP
from skopt_suite.tabular._recipe import recipe
from skopt_suite.tabular._temperature import at_temperature, best_temperature


class TabularMLPClassifier(ClassifierMixin, TabularMLP):
    r"""Networks that predict classes from a raw table, without any preparation.

    Columns of numbers, texts, dates and booleans, with missing values, are encoded by
    `TabularEncoder`; members are networks that are trained as one stack; the probabilities
    :math:`\bar p` are the mean of theirs, at the temperature :math:`T` [1]_ that makes the log
    loss on held-out rows least,

    .. math::
        p_c \propto \bar p_c^{\,1 / T}.

    Parameters
    ----------
    estimator : object, default=None
        What members are copies of: a `skopt_suite.MLPClassifier` with any parameters; None: one
        with three hidden layers of 64 units, a dropout of 0.1, AdamW, a cosine schedule over 60
        epochs and the best epoch by the loss on held-out rows. ``estimator__<parameter>`` reaches
        it, None too.
    encoder : transformer, default=None
        What makes numbers of tables; None: `TabularEncoder`. ``encoder__<parameter>`` reaches it.
    n_estimators : int, default=8
        Number of members, which are trained as one stack.
    validation_fraction : float in (0, 1), default=0.15
        Share of the rows that are held out, from 300 rows on: with them every member's best epoch
        is chosen, and the temperature is found.
    calibrate : bool, default=True
        Whether probabilities are at the temperature that suits held-out rows, where there are 50 of
        them.
    max_time : float > 0 or None, default=None
        Seconds that `fit` may take; None: as many as it needs. The pace of a first epoch of all
        members says how many epochs there is time for, over which the schedule is then laid; where
        it is less than ten, there are fewer members. One epoch is trained in any case.
    n_jobs : int or None, default=-1
        Number of threads that share members out; None: 1, -1: one for every processor.
    random_state : int, RandomState instance or None, default=None
        What rows are held out with, and every member's ``random_state`` is drawn with.

    Attributes
    ----------
    estimators_ : list of MLPClassifier
        The members.
    encoder_ : transformer
        What makes numbers of tables, fitted.
    n_held_out_ : int
        How many rows were held out.
    temperature_ : float
        Above 1, probabilities are less sure than the mean of the members'; 1 without calibration.
    classes_ : ndarray of shape (n_classes,)
        Labels of the classes.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has text as column names.

    See Also
    --------
    TabularMLPRegressor : The same for numbers.

    Notes
    -----
    The encoder sees all rows, held-out ones too, but no targets. All members see minibatches of the
    same rows in the same order, and differ in their initial weights.

    References
    ----------
    .. [1] Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.

    Examples
    --------
    >>> import pandas as pd
    >>> from skopt_suite.tabular import TabularMLPClassifier
    >>> X = pd.DataFrame({"size": [1.0, None, 3.0, 4.0] * 20, "colour": ["red", "blue"] * 40})
    >>> y = ["small", "large", "small", "large"] * 20
    >>> clf = TabularMLPClassifier(n_estimators=2, random_state=0)
    >>> clf.set_params(estimator__max_iter=20).fit(X, y)
    TabularMLPClassifier(...)
    >>> clf.predict(pd.DataFrame({"size": [2.0, None], "colour": ["red", "blue"]}))
    array(['small', 'large'], dtype='<U5')
    """

    parameters = {**TabularMLP.parameters, "calibrate": Boolean()}
    classes_: np.ndarray
    temperature_: float

    def __init__(
        self,
        estimator: Any = None,
        *,
        encoder: Any = None,
        n_estimators: int = 8,
        validation_fraction: float = 0.15,
        calibrate: bool = True,
        max_time: float | None = None,
        n_jobs: int | None = -1,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.encoder = encoder
        self.n_estimators = n_estimators
        self.validation_fraction = validation_fraction
        self.calibrate = calibrate
        self.max_time = max_time
        self.n_jobs = n_jobs
        self.random_state = random_state

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of the highest probability.

        Parameters
        ----------
        X : frame, array-like or sparse container of shape (n_samples, n_features)
            A table with the columns of the one in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels.
        """
        probability = self.predict_proba(X)
        return self.classes_[probability.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of every class.

        Parameters
        ----------
        X : frame, array-like or sparse container of shape (n_samples, n_features)
            A table with the columns of the one in `fit`.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
            Probabilities, classes in the order of ``classes_``.
        """
        encoded = self._encoded(X)
        return at_temperature(self._members().mean_probability(encoded), self.temperature_)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : frame, array-like or sparse container of shape (n_samples, n_features)
            A table with the columns of the one in `fit`.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
            Logarithms of probabilities; -inf where a probability rounds to 0.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _checked_targets(self, y: Any) -> np.ndarray:
        return ClassTargets.check(y, type(self).__name__, takes_labels=False)

    def _learnt_targets(self, y: np.ndarray) -> ClassTargets:
        return ClassTargets.learn(y, type(self).__name__)

    def _learn_from(self, targets: ClassTargets, held_out: Encoded | None) -> None:
        self.classes_, self.temperature_ = targets.classes, 1.0
        if self.calibrate and held_out is not None:
            probability = self._members().mean_probability(held_out.X)
            codes = np.searchsorted(self.classes_, held_out.y)
            self.temperature_ = best_temperature(probability, codes, held_out.weight)

    def _network(self) -> MLPClassifier:
        return MLPClassifier(**recipe(), dropout=0.1, standardize=False)
