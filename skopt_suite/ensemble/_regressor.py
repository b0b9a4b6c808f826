"""Bagging of regressors: scikit-learn's, trained as stacks."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import BaggingRegressor

from skopt_suite.ensemble._bagging import FusedBagging
from skopt_suite.estimators import MLPRegressor


class FusedBaggingRegressor(FusedBagging, BaggingRegressor):
    r"""scikit-learn's ``BaggingRegressor`` with members that are trained as stacks of fits.

    Every member :math:`k` minimises the loss on rows that are drawn for it [1]_,

    .. math::
        \frac{1}{\sum_i n_{ki}} \sum_i n_{ki}\, \ell(y_i, f(x_i; \theta_k))
        + \text{penalty}(\theta_k),

    where :math:`n_{ki}` counts how often row :math:`i` is drawn; the predictions are the
    mean of the members'. Where members are estimators of this package, all of them are trained at
    once, in `n_jobs` threads, and predict at once.

    Parameters
    ----------
    estimator : object, default=None
        What members are; None: `skopt_suite.MLPRegressor` with its defaults.
    n_estimators : int, default=10
        Number of members.
    max_samples : int or float, default=None
        How many rows are drawn for every member: a number, a share of all rows, or None: as many
        as there are. Rows that are drawn count in the loss as often as they are drawn.
    max_features : int or float, default=1.0
        How many features are drawn for every member, as a number or a share. Networks that see
        different ones are trained as stacks, too, but for sparse rows.
    bootstrap : bool, default=True
        Whether rows are drawn with replacement.
    bootstrap_features : bool, default=False
        Whether features are drawn with replacement.
    oob_score : bool, default=False
        Whether rows are predicted by the members that have not seen them, to score the ensemble.
    warm_start : bool, default=False
        Whether `fit` adds members to those that there are, up to `n_estimators`.
    n_jobs : int, default=None
        Number of threads that share members out, each with stacks of its own; None: 1. Members that
        are not of this package are trained in as many processes.
    random_state : int, RandomState instance or None, default=None
        What rows, features and the ``random_state`` of every member are drawn with.
    verbose : int, default=0
        Verbosity of drawing and training.

    Attributes
    ----------
    estimator_ : object
        What members are copies of.
    estimators_ : list of object
        The members, fitted.
    estimators_samples_ : list of ndarray of int
        The rows that were drawn for every member; found anew at every access.
    estimators_features_ : list of ndarray of int
        The features that every member was trained on.
    reason_trained_alone_ : str
        Why members were trained one by one, as scikit-learn does it; empty if as stacks.
    oob_score_ : float
        R² of the predictions of rows by the members that have not seen them; only with
        ``oob_score=True``.
    oob_prediction_ : ndarray of shape (n_samples,)
        The predictions; 0 for rows that all members have seen.
    n_features_in_ : int
        Number of features of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X has text as column names.

    See Also
    --------
    FusedBaggingClassifier : The same for classes.
    skopt_suite.MLPRegressor : A network to train many of.

    Notes
    -----
    A member is what ``clone(estimator)`` with its ``random_state``, its features and the counts as
    ``sample_weight`` becomes alone: it has initial weights of its own. What members share is what
    standardises columns, which is that of all rows, and the order of rows and what dropout draws,
    which are those of the first one. So with full batches or ``shuffle=False``, without dropout,
    and with a ``standardize`` that does not depend on weights, every member is the same as alone,
    to rounding.

    Members are trained one by one, as scikit-learn does it, if they are not estimators of this
    package, have ``verbose`` or callbacks, or do not request ``sample_weight``. So are those that
    see different features if rows are sparse, if they are linear models, if ``standardize`` is
    given for all columns, or if ``scoring`` is not that of their loss. ``reason_trained_alone_``
    says why. Those that stop early are scored on rows that they have not drawn, or, where all draw
    all, on rows that are held out for all.

    References
    ----------
    .. [1] Breiman, "Bagging predictors", Machine Learning 24, 1996.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from skopt_suite import MLPRegressor
    >>> from skopt_suite.ensemble import FusedBaggingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = MLPRegressor((32,), max_iter=20, tol=None)
    >>> ensemble = FusedBaggingRegressor(network, n_estimators=8, random_state=0)
    >>> ensemble.fit(scale(X[:300]), scale(y[:300])).predict(scale(X)[300:302]).shape
    (2,)
    """

    def predict(self, X: Any, **params: Any) -> np.ndarray:
        """Return the mean of the members' predictions.

        Parameters
        ----------
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.
        **params : dict
            Parameters that metadata routing passes to the members.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        """
        X, members = self._seen(X, params)
        return super().predict(X, **params) if members is None else members.mean_prediction(X)

    def _get_estimator(self) -> Any:
        return MLPRegressor() if self.estimator is None else self.estimator
