"""Multilayer perceptrons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skopt_suite.domains import Anything, Boolean, Real
from skopt_suite.estimators._classifier import TrainableClassifier
from skopt_suite.estimators._mlp_face import MLPFace, network_optimizer
from skopt_suite.estimators._parameters import common_parameters
from skopt_suite.estimators._regressor import TrainableRegressor
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationLoss,
    RegressionLoss,
)
from skopt_suite.optimizers import Optimizer
from skopt_suite.penalties import Penalty
from skopt_suite.schedules import Schedule


class MLPClassifier(MLPFace, TrainableClassifier):
    """Multilayer perceptron for classes and labels.

    Minimises ``1/Σw Σ_i w_i loss(y_i, raw_i) + penalty(weights)`` with
    ``raw_i = network(x_i)``.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(128, 128)
        Units of every hidden layer; ``()`` is the linear model.
    activation : str or sequence of str, default="relu"
        Name of the activation of all hidden layers, or of every one
        (:ref:`list <activations>`).
    dropout : "auto", float or sequence of float in [0, 1), default="auto"
        Probability that a unit of a hidden layer is dropped in training, for all layers or for
        every one; "auto": 0.2 in layers of at least 64 units that are trained on minibatches.
    input_dropout : float in [0, 1), default=0.0
        Probability that a feature is dropped in training, of dense X.
    init : str, default="auto"
        Name of the distribution of initial weights (:ref:`list <initialisers>`); "auto": what suits
        the activation. Without hidden layers, all weights start at zero.
    residual : bool, default=False
        Whether a hidden layer that is as wide as the hidden layer before adds its input to its
        output.
    normalization : {"none", "layer", "batch"}, default="none"
        Whether hidden layers normalise weighted sums before the activation: over the units of
        every row, or over the rows of a batch, all alike, where predictions use running means of
        batches. They are then multiplied by ``gains_``, and ``intercepts_`` are added. Batches
        have at least two rows: a single one that is left over joins the batch before it.
    loss : str or ClassificationLoss, default="log_loss"
        What a wrong prediction costs, by name or as an object of `skopt_suite.losses`
        (:ref:`list <classification_losses>`).
    penalty : str, Penalty or None, default="l2"
        Term of the objective that keeps weights small, by name or as an object of
        `skopt_suite.penalties` (:ref:`list <penalties>`). It is added to the *mean* loss and never
        acts on intercepts. None is "none".
    optimizer : str or Optimizer, default="auto"
        What takes the steps, by name or as an object of `skopt_suite.optimizers`
        (:ref:`list <optimizers>`); "auto": ``AdamW(learning_rate=0.003, weight_decay=0.02)``.
    schedule : str, Schedule or None, default="auto"
        Factor on the learning rate over time, by name or as an object of `skopt_suite.schedules`
        (:ref:`list <schedules>`); "auto": "cosine" over ``max_iter`` epochs, but "constant" in
        ``partial_fit`` and for optimizers that do without. None is "constant".
    max_iter : int, default=60
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
        Rows per step of a stochastic optimizer; "auto": a hundred and fiftieth of all, rounded down
        to a power of 2 from 64 to 256.
    shuffle : bool, default=True
        Whether minibatches take the rows in a new order every epoch.
    early_stopping : bool or "auto", default="auto"
        Whether to :ref:`stop early <early_stopping>`: when the score on held-out rows no longer
        improves, with the parameters that scored best. "auto": where there are 300 rows or
        ``X_val`` is given, ``max_iter`` is above ``n_iter_no_change``, and steps see minibatches.
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
        Precision of the fit; "auto": float32.
    matmul_precision : {"highest", "high", "medium"}, default="highest"
        Of matrix products in float32 that steps make on a GPU: factors have 24 significant bits,
        or, several times faster, 11 (TF32), or 8 where that is faster still (bfloat16).
    random_state : int, RandomState or None, default=None
        Seed of initial weights, shuffling, dropout and the validation split.
    verbose : bool or int, default=False
        Whether to print a line per epoch; from 2 on, also what makes the steps, how fast they are,
        and every few seconds how far an epoch is in rows that are read in chunks.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for multi-label targets the numbers of the columns.
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer.
    intercepts_ : list of ndarray of shape (n_out,)
        Biases of every layer.
    gains_ : list of ndarray of shape (n_out,)
        Factors of every hidden layer that is normalised; empty without `normalization`.
    means_, variances_ : list of ndarray of shape (n_out,)
        What predictions normalise hidden layers by; empty but for ``normalization="batch"``.
    n_layers_ : int
        Number of layers, input and output counted.
    n_outputs_ : int
        Number of outputs.
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
    optimizer_, schedule_, penalty_, loss_function_ : object
        The components that were used.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if `X` had any.

    See Also
    --------
    LinearClassifier : The same without hidden layers.
    MLPRegressor : The same for numbers.
    skopt_suite.tabular.TabularMLPClassifier : Takes tables as they are.
    skopt_suite.ensemble.FusedBaggingClassifier : Trains many at once.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skopt_suite import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = MLPClassifier((128, 128), max_iter=10, batch_size=32, random_state=0).fit(X / 16, y)
    >>> clf.score(X / 16, y) > 0.98
    True
    """

    parameters = {
        **common_parameters(CLASSIFICATION_LOSSES, auto_optimizer=network_optimizer),
        "hidden_layer_sizes": Anything(),
        "activation": Anything(),
        "dropout": Anything(),
        "input_dropout": Real(0, 1, open_high=True),
        "init": Anything(),
        "residual": Boolean(),
        "normalization": Anything(),
        "class_weight": Anything(),
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        activation: str | Sequence[str] = "relu",
        *,
        dropout: str | float | Sequence[float] = "auto",
        input_dropout: float = 0.0,
        init: str = "auto",
        residual: bool = False,
        normalization: str = "none",
        loss: str | ClassificationLoss = "log_loss",
        penalty: str | Penalty | None = "l2",
        optimizer: str | Optimizer = "auto",
        schedule: str | Schedule | None = "auto",
        max_iter: int = 60,
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
        matmul_precision: str = "highest",
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.init = init
        self.residual = residual
        self.normalization = normalization
        self.loss = loss
        self.penalty = penalty
        self.optimizer = optimizer
        self.schedule = schedule
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
        self.matmul_precision = matmul_precision
        self.random_state = random_state
        self.verbose = verbose


class MLPRegressor(MLPFace, TrainableRegressor):
    """Multilayer perceptron for one or many numbers.

    Minimises ``1/Σw Σ_i w_i loss(y_i, raw_i) + penalty(weights)`` with
    ``raw_i = network(x_i)``.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(128, 128)
        Units of every hidden layer; ``()`` is the linear model.
    activation : str or sequence of str, default="relu"
        Name of the activation of all hidden layers, or of every one
        (:ref:`list <activations>`).
    dropout : "auto", float or sequence of float in [0, 1), default="auto"
        Probability that a unit of a hidden layer is dropped in training, for all layers or for
        every one; "auto": 0.2 in layers of at least 64 units that are trained on minibatches.
    input_dropout : float in [0, 1), default=0.0
        Probability that a feature is dropped in training, of dense X.
    init : str, default="auto"
        Name of the distribution of initial weights (:ref:`list <initialisers>`); "auto": what suits
        the activation. Without hidden layers, all weights start at zero.
    residual : bool, default=False
        Whether a hidden layer that is as wide as the hidden layer before adds its input to its
        output.
    normalization : {"none", "layer", "batch"}, default="none"
        Whether hidden layers normalise weighted sums before the activation: over the units of
        every row, or over the rows of a batch, all alike, where predictions use running means of
        batches. They are then multiplied by ``gains_``, and ``intercepts_`` are added. Batches
        have at least two rows: a single one that is left over joins the batch before it.
    loss : str or RegressionLoss, default="squared_error"
        What a wrong prediction costs, by name or as an object of `skopt_suite.losses`
        (:ref:`list <regression_losses>`).
    penalty : str, Penalty or None, default="l2"
        Term of the objective that keeps weights small, by name or as an object of
        `skopt_suite.penalties` (:ref:`list <penalties>`). It is added to the *mean* loss and never
        acts on intercepts. None is "none".
    optimizer : str or Optimizer, default="auto"
        What takes the steps, by name or as an object of `skopt_suite.optimizers`
        (:ref:`list <optimizers>`); "auto": ``AdamW(learning_rate=0.003, weight_decay=0.02)``.
    schedule : str, Schedule or None, default="auto"
        Factor on the learning rate over time, by name or as an object of `skopt_suite.schedules`
        (:ref:`list <schedules>`); "auto": "cosine" over ``max_iter`` epochs, but "constant" in
        ``partial_fit`` and for optimizers that do without. None is "constant".
    max_iter : int, default=60
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
        Rows per step of a stochastic optimizer; "auto": a hundred and fiftieth of all, rounded down
        to a power of 2 from 64 to 256.
    shuffle : bool, default=True
        Whether minibatches take the rows in a new order every epoch.
    early_stopping : bool or "auto", default="auto"
        Whether to :ref:`stop early <early_stopping>`: when the score on held-out rows no longer
        improves, with the parameters that scored best. "auto": where there are 300 rows or
        ``X_val`` is given, ``max_iter`` is above ``n_iter_no_change``, and steps see minibatches.
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
        Precision of the fit; "auto": float32.
    matmul_precision : {"highest", "high", "medium"}, default="highest"
        Of matrix products in float32 that steps make on a GPU: factors have 24 significant bits,
        or, several times faster, 11 (TF32), or 8 where that is faster still (bfloat16).
    random_state : int, RandomState or None, default=None
        Seed of initial weights, shuffling, dropout and the validation split.
    verbose : bool or int, default=False
        Whether to print a line per epoch; from 2 on, also what makes the steps, how fast they are,
        and every few seconds how far an epoch is in rows that are read in chunks.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of every layer.
    intercepts_ : list of ndarray of shape (n_out,)
        Biases of every layer.
    gains_ : list of ndarray of shape (n_out,)
        Factors of every hidden layer that is normalised; empty without `normalization`.
    means_, variances_ : list of ndarray of shape (n_out,)
        What predictions normalise hidden layers by; empty but for ``normalization="batch"``.
    n_layers_ : int
        Number of layers, input and output counted.
    n_outputs_ : int
        Number of outputs.
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
    optimizer_, schedule_, penalty_, loss_function_ : object
        The components that were used.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if `X` had any.

    See Also
    --------
    LinearRegressor : The same without hidden layers.
    MLPClassifier : The same for classes and labels.
    skopt_suite.tabular.TabularMLPRegressor : Takes tables as they are.
    skopt_suite.ensemble.FusedBaggingRegressor : Trains many at once.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = MLPRegressor(optimizer="lbfgs", max_iter=50, tol=1e-1, random_state=0)
    >>> reg.set_params(penalty__alpha=0.1)  # doctest: +ELLIPSIS
    MLPRegressor(...)
    """

    parameters = {
        **common_parameters(REGRESSION_LOSSES, auto_optimizer=network_optimizer),
        "hidden_layer_sizes": Anything(),
        "activation": Anything(),
        "dropout": Anything(),
        "input_dropout": Real(0, 1, open_high=True),
        "init": Anything(),
        "residual": Boolean(),
        "normalization": Anything(),
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        activation: str | Sequence[str] = "relu",
        *,
        dropout: str | float | Sequence[float] = "auto",
        input_dropout: float = 0.0,
        init: str = "auto",
        residual: bool = False,
        normalization: str = "none",
        loss: str | RegressionLoss = "squared_error",
        penalty: str | Penalty | None = "l2",
        optimizer: str | Optimizer = "auto",
        schedule: str | Schedule | None = "auto",
        max_iter: int = 60,
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
        matmul_precision: str = "highest",
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.init = init
        self.residual = residual
        self.normalization = normalization
        self.loss = loss
        self.penalty = penalty
        self.optimizer = optimizer
        self.schedule = schedule
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
        self.matmul_precision = matmul_precision
        self.random_state = random_state
        self.verbose = verbose
