"""Linear models: multilayer perceptrons without a hidden layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skopt_suite.domains import Anything, Boolean
from skopt_suite.estimators._classifier import TrainableClassifier
from skopt_suite.estimators._linear_face import LinearFace
from skopt_suite.estimators._number_targets import NumberTargets
from skopt_suite.estimators._parameters import common_parameters
from skopt_suite.estimators._regressor import TrainableRegressor
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationLoss,
    RegressionLoss,
)
from skopt_suite.models import Network
from skopt_suite.optimizers import Optimizer
from skopt_suite.penalties import Penalty
from skopt_suite.schedules import Schedule


class LinearClassifier(LinearFace, TrainableClassifier):
    """Linear classifier: logistic regression, linear support vector machines.

    Minimises ``1/Σw Σ_i w_i loss(y_i, raw_i) + penalty(weights)`` with
    ``raw_i = coef_ @ x_i + intercept_``: by default, what scikit-learn's ``LogisticRegression()``
    does, as ``alpha="auto"`` of `L2` is ``1 / Σw``.

    Parameters
    ----------
    loss : str or ClassificationLoss, default="log_loss"
        What a wrong prediction costs, by name or as an object of `skopt_suite.losses`
        (:ref:`list <classification_losses>`).
    penalty : str, Penalty or None, default="l2"
        Term of the objective that keeps weights small, by name or as an object of
        `skopt_suite.penalties` (:ref:`list <penalties>`). It is added to the *mean* loss and never
        acts on intercepts. None is "none".
    optimizer : str or Optimizer, default="auto"
        What takes the steps, by name or as an object of `skopt_suite.optimizers`
        (:ref:`list <optimizers>`). ``"auto"`` is what is fastest for loss, penalty and the
        size of X (:ref:`rule <auto>`): mostly ``"closed_form"`` for least squares,
        ``"newton_cholesky"`` or ``"lbfgs"`` where loss and penalty are smooth,
        ``"coordinate_descent"`` for L1 and its kin, and ``"interior_point"`` where the loss has
        kinks.
    schedule : str, Schedule or None, default="constant"
        Factor on the learning rate over time, by name or as an object of `skopt_suite.schedules`
        (:ref:`list <schedules>`); "auto" and None are "constant".
    fit_intercept : bool, default=True
        Whether there is an intercept.
    max_iter : int, default=1000
        Largest number of epochs (passes over the data) of a stochastic optimizer, or of
        iterations of a full-batch one, which warns if they are not enough.
    tol : float >= 0 or None, default=1e-4
        A full-batch optimizer is done when the objective can fall, by its estimate, by no more
        than ``tol`` times what it is below that of the best constant prediction, so that the
        scale of the data does not matter; a stochastic one when the loss has not improved by more
        than ``tol`` times that of the best constant prediction, or the validation score by more
        than ``tol``, for ``n_iter_no_change`` epochs. None: neither ends before ``max_iter``, but
        for solvers that can go no further.
    batch_size : int or "auto", default="auto"
        Rows per step of a stochastic optimizer; "auto": 200 or all, if there are fewer.
    shuffle : bool, default=True
        Whether minibatches take the rows in a new order every epoch.
    early_stopping : bool or "auto", default="auto"
        Whether to :ref:`stop early <early_stopping>`: when the score on held-out rows no longer
        improves, with the parameters that scored best. "auto": not in linear models.
    validation_fraction : float in (0, 1), default=0.1
        Share of rows to hold out for that (of classes at least one row each), unless ``X_val``
        and ``y_val`` are given to `fit`.
    scoring : str or callable, default="loss"
        What held-out rows are scored by: "loss", the share of the loss of the best constant that
        is explained (D², which is R² for squared errors); the name of a scorer of scikit-learn; or
        a callable ``(estimator, X, y)``.
    n_iter_no_change : int or inf, default=10
        Epochs without improvement after which training stops; inf: never.
    warm_start : bool, default=False
        Whether `fit` starts from the parameters of the last one.
    class_weight : dict, "balanced" or None, default=None
        Weight of every class; "balanced": inversely proportional to its frequency.
    standardize : bool, "auto" or dict, default="auto"
        Whether training sees :ref:`standardised <standardize>` columns, which penalties and
        ``loss_`` then refer to; "auto": in MLPs, not in linear models. A dict with pairs ``(mean,
        scale)`` for "X", for "y" or for both gives the moments.
    backend : {"auto", "numpy", "cupy"}, default="auto"
        Where to compute. "auto" follows the input: CuPy in, CuPy out. "cupy" moves the data to
        the GPU once and brings results back.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of the fit; "auto": that of X, float64 unless it is float32.
    random_state : int, RandomState or None, default=None
        Seed of shuffling and the validation split.
    verbose : bool or int, default=False
        Whether to print a line per epoch; from 2 on, also what makes the steps, how fast they are,
        and every few seconds how far an epoch is in rows that are read in chunks.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    loss_ : float
        Objective of the last epoch.
    loss_curve_ : list of float
        Objective of every epoch: the mean over its minibatches; where the iteration ended for
        solvers such as ``"lbfgs"``, and where it began for ``"gradient_descent"``.
        Partial fits keep the last 10,000; ``n_iter_`` counts all.
    validation_scores_ : list of float or None
        Score on the held-out rows after every epoch.
    best_validation_score_ : float or None
        The best of them.
    n_iter_ : int
        Epochs or iterations that were run.
    stop_reason_ : str
        Why training ended: ``"converged"`` (to ``tol``), ``"precision"`` (as near to the optimum as
        rounding allows), ``"no_improvement"``, ``"max_iter"``, ``"callback"`` or ``"stalled"``
        (no lower point could be found).
    dual_gap_ : float, ndarray of shape (n_outputs,) or None
        How much ``loss_`` can fall at most, by a point of the dual problem; where there are several
        outputs, the part of each of them. ``"coordinate_descent"`` (with a penalty that is convex)
        and ``"interior_point"`` know it. Weights without a penalty are taken to be as far from
        their optimum as from 0. None: nothing is known.
    optimizer_, schedule_, penalty_, loss_function_ : object
        The components that were used.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if `X` had any.

    See Also
    --------
    LinearRegressor : The same for numbers.
    MLPClassifier : The same with hidden layers.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skopt_suite import LinearClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = make_pipeline(StandardScaler(), LinearClassifier(penalty="l1")).fit(X, y)
    >>> clf.score(X, y) > 0.98
    True
    """

    parameters = {
        **common_parameters(CLASSIFICATION_LOSSES),
        "fit_intercept": Boolean(),
        "class_weight": Anything(),
    }

    def __init__(
        self,
        *,
        loss: str | ClassificationLoss = "log_loss",
        penalty: str | Penalty | None = "l2",
        optimizer: str | Optimizer = "auto",
        schedule: str | Schedule | None = "constant",
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-4,
        batch_size: int | str = "auto",
        shuffle: bool = True,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] = "loss",
        n_iter_no_change: float = 10,
        warm_start: bool = False,
        class_weight: dict[Any, float] | str | None = None,
        standardize: bool | str | dict[str, Any] = "auto",
        backend: str = "auto",
        dtype: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.optimizer = optimizer
        self.schedule = schedule
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.standardize = standardize
        self.backend = backend
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    _takes_labels = False


class LinearRegressor(LinearFace, TrainableRegressor):
    """Linear regressor: least squares, ridge, lasso, elastic net, Huber.

    Minimises ``1/Σw Σ_i w_i loss(y_i, raw_i) + penalty(weights)`` with
    ``raw_i = coef_ @ x_i + intercept_``: by default, what scikit-learn's ``Ridge()`` does, as
    ``alpha="auto"`` of `L2` is ``1 / Σw``.

    Parameters
    ----------
    loss : str or RegressionLoss, default="squared_error"
        What a wrong prediction costs, by name or as an object of `skopt_suite.losses`
        (:ref:`list <regression_losses>`).
    penalty : str, Penalty or None, default="l2"
        Term of the objective that keeps weights small, by name or as an object of
        `skopt_suite.penalties` (:ref:`list <penalties>`). It is added to the *mean* loss and never
        acts on intercepts. None is "none".
    optimizer : str or Optimizer, default="auto"
        What takes the steps, by name or as an object of `skopt_suite.optimizers`
        (:ref:`list <optimizers>`). ``"auto"`` is what is fastest for loss, penalty and the
        size of X (:ref:`rule <auto>`): mostly ``"closed_form"`` for least squares,
        ``"newton_cholesky"`` or ``"lbfgs"`` where loss and penalty are smooth,
        ``"coordinate_descent"`` for L1 and its kin, and ``"interior_point"`` where the loss has
        kinks.
    schedule : str, Schedule or None, default="constant"
        Factor on the learning rate over time, by name or as an object of `skopt_suite.schedules`
        (:ref:`list <schedules>`); "auto" and None are "constant".
    fit_intercept : bool, default=True
        Whether there is an intercept.
    max_iter : int, default=1000
        Largest number of epochs (passes over the data) of a stochastic optimizer, or of
        iterations of a full-batch one, which warns if they are not enough.
    tol : float >= 0 or None, default=1e-4
        A full-batch optimizer is done when the objective can fall, by its estimate, by no more
        than ``tol`` times what it is below that of the best constant prediction, so that the
        scale of the data does not matter; a stochastic one when the loss has not improved by more
        than ``tol`` times that of the best constant prediction, or the validation score by more
        than ``tol``, for ``n_iter_no_change`` epochs. None: neither ends before ``max_iter``, but
        for solvers that can go no further.
    batch_size : int or "auto", default="auto"
        Rows per step of a stochastic optimizer; "auto": 200 or all, if there are fewer.
    shuffle : bool, default=True
        Whether minibatches take the rows in a new order every epoch.
    early_stopping : bool or "auto", default="auto"
        Whether to :ref:`stop early <early_stopping>`: when the score on held-out rows no longer
        improves, with the parameters that scored best. "auto": not in linear models.
    validation_fraction : float in (0, 1), default=0.1
        Share of rows to hold out for that (of classes at least one row each), unless ``X_val``
        and ``y_val`` are given to `fit`.
    scoring : str or callable, default="loss"
        What held-out rows are scored by: "loss", the share of the loss of the best constant that
        is explained (D², which is R² for squared errors); the name of a scorer of scikit-learn; or
        a callable ``(estimator, X, y)``.
    n_iter_no_change : int or inf, default=10
        Epochs without improvement after which training stops; inf: never.
    warm_start : bool, default=False
        Whether `fit` starts from the parameters of the last one.
    standardize : bool, "auto" or dict, default="auto"
        Whether training sees :ref:`standardised <standardize>` columns, which penalties and
        ``loss_`` then refer to; "auto": in MLPs, not in linear models. A dict with pairs ``(mean,
        scale)`` for "X", for "y" or for both gives the moments.
    backend : {"auto", "numpy", "cupy"}, default="auto"
        Where to compute. "auto" follows the input: CuPy in, CuPy out. "cupy" moves the data to
        the GPU once and brings results back.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of the fit; "auto": that of X, float64 unless it is float32.
    random_state : int, RandomState or None, default=None
        Seed of shuffling and the validation split.
    verbose : bool or int, default=False
        Whether to print a line per epoch; from 2 on, also what makes the steps, how fast they are,
        and every few seconds how far an epoch is in rows that are read in chunks.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights. A target of which there are several quantiles has a row for each of them.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercepts.
    loss_ : float
        Objective of the last epoch.
    loss_curve_ : list of float
        Objective of every epoch: the mean over its minibatches; where the iteration ended for
        solvers such as ``"lbfgs"``, and where it began for ``"gradient_descent"``.
        Partial fits keep the last 10,000; ``n_iter_`` counts all.
    validation_scores_ : list of float or None
        Score on the held-out rows after every epoch.
    best_validation_score_ : float or None
        The best of them.
    n_iter_ : int
        Epochs or iterations that were run.
    stop_reason_ : str
        Why training ended: ``"converged"`` (to ``tol``), ``"precision"`` (as near to the optimum as
        rounding allows), ``"no_improvement"``, ``"max_iter"``, ``"callback"`` or ``"stalled"``
        (no lower point could be found).
    dual_gap_ : float, ndarray of shape (n_outputs,) or None
        How much ``loss_`` can fall at most, by a point of the dual problem; where there are several
        outputs, the part of each of them. ``"coordinate_descent"`` (with a penalty that is convex)
        and ``"interior_point"`` know it. Weights without a penalty are taken to be as far from
        their optimum as from 0. None: nothing is known.
    optimizer_, schedule_, penalty_, loss_function_ : object
        The components that were used.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if `X` had any.

    See Also
    --------
    LinearClassifier : The same for classes and labels.
    MLPRegressor : The same with hidden layers.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import L1
    >>> X, y = load_diabetes(return_X_y=True)
    >>> lasso = LinearRegressor(penalty=L1(alpha=0.5)).fit(X, y)
    >>> int((lasso.coef_ == 0).sum())
    6
    """

    parameters = {
        **common_parameters(REGRESSION_LOSSES),
        "fit_intercept": Boolean(),
    }

    def __init__(
        self,
        *,
        loss: str | RegressionLoss = "squared_error",
        penalty: str | Penalty | None = "l2",
        optimizer: str | Optimizer = "auto",
        schedule: str | Schedule | None = "constant",
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-4,
        batch_size: int | str = "auto",
        shuffle: bool = True,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] = "loss",
        n_iter_no_change: float = 10,
        warm_start: bool = False,
        standardize: bool | str | dict[str, Any] = "auto",
        backend: str = "auto",
        dtype: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.optimizer = optimizer
        self.schedule = schedule
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.standardize = standardize
        self.backend = backend
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    def _model_attributes(
        self, network: Network, targets: NumberTargets, params: Any
    ) -> dict[str, Any]:
        found = super()._model_attributes(network, targets, params)
        if targets.is_1d and network.sizes[-1] == 1:
            return {name: value[0, ...] for name, value in found.items()}
        return found
