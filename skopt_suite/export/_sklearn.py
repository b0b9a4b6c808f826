"""Export to scikit-learn's own estimators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.linear_model import (
    GammaRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    SGDClassifier,
    TweedieRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC

from skopt_suite.backends import to_numpy
from skopt_suite.estimators._ensemble import predicts_as_ours
from skopt_suite.export._exported import CLASSIFIERS, REGRESSORS, check_model, found_by
from skopt_suite.export._links import link_of

_ACTIVATIONS = "identity", "logistic", "tanh", "relu"
_AT_ONCE = 1e300
"""A tolerance with which fits end where they begin."""

_OF_THAT_FIT = "rank_", "singular_", "_best_coefs", "_best_intercepts"


def to_sklearn(model: Any) -> Any:
    """Return a fitted estimator of scikit-learn's that predicts what a model does.

    Where it is used, this package need not be installed. Linear models become
    ``LogisticRegression`` (log and focal losses), ``SGDClassifier`` (modified Huber), ``LinearSVC``
    (losses without probabilities), ``PoissonRegressor``, ``GammaRegressor`` or
    ``TweedieRegressor``, and ``LinearRegression`` (all other losses); networks, and linear models
    of several labels or of columns of positive targets, become ``MLPClassifier`` and
    ``MLPRegressor``.

    Parameters
    ----------
    model : object
        A fitted estimator of this package, but for those on raw tables, or a search that found one.

    Returns
    -------
    estimator : object
        Predictions are equal to rounding, though a network for one target in a column returns a
        vector. Hyperparameters are scikit-learn's defaults where predictions do not depend on them,
        but for ``solver="lbfgs"`` in networks.

    Raises
    ------
    TypeError
        If it is no such estimator.
    ValueError
        If scikit-learn has no equivalent: networks with normalisation, residual connections, other
        activations or several of them, with losses that give no probabilities, or of several
        quantiles.

    See Also
    --------
    to_onnx : For where there is no Python.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.export import to_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> to_sklearn(LinearClassifier().fit(X, y))
    LogisticRegression()
    """
    model = found_by(model)
    if not predicts_as_ours(model):
        raise TypeError(
            "scikit-learn has equivalents of LinearClassifier, LinearRegressor, MLPClassifier and "
            f"MLPRegressor; got {type(model).__name__}. Of a Pipeline pass its last step."
        )
    check_model(model)
    if _is_linear(model):
        return _with_attributes(_linear(model), model, _linear_attributes(model))
    return _with_attributes(_network(model), model, _network_attributes(model))


def _is_linear(model: Any) -> bool:
    """Whether linear models of scikit-learn's have such targets."""
    if model._trained_network.n_hidden:
        return False
    if isinstance(model, CLASSIFIERS):
        return not model._targets.is_multilabel
    return link_of(model) != "log" or model._targets.is_1d


def _linear(model: Any) -> Any:
    link = link_of(model)
    if link not in _LINEAR:
        raise _refusal(model, "linear models of scikit-learn's predict one quantile of a target")
    return _LINEAR[link](model.loss_function_)


def _network(model: Any) -> Any:
    network, link = model._trained_network, link_of(model)
    if not network.is_plain:
        raise _refusal(model, "its networks have neither normalisation nor residual connections")
    used = set(network.activations) or {"relu"}
    if len(used) > 1 or not used <= set(_ACTIVATIONS):
        raise _refusal(model, f"its networks have one activation of {', '.join(_ACTIVATIONS)}")
    if link not in _NETWORKS:
        loss = model.loss_function_.name
        raise _refusal(model, f"its networks do not predict as with the loss {loss!r}")
    hidden, (activation,) = network.sizes[1:-1], used
    architecture = {"hidden_layer_sizes": hidden, "activation": activation, "solver": "lbfgs"}
    return _NETWORKS[link](**architecture)


def _refusal(model: Any, reason: str) -> ValueError:
    return ValueError(f"{type(model).__name__}: scikit-learn has no equivalent of it: {reason}.")


def _with_attributes(estimator: Any, model: Any, learnt: dict[str, Any]) -> Any:
    """Return an estimator that has learnt something of the same shape, and then this.

    What a fit leaves beside public attributes is scikit-learn's own affair.
    """
    tol, y = estimator.tol, _targets_like(model)
    estimator.set_params(tol=_AT_ONCE).fit(np.zeros((len(y), model.n_features_in_)), y)
    vars(estimator).update(learnt)
    for name in _OF_THAT_FIT:
        vars(estimator).pop(name, None)
    if hasattr(model, "feature_names_in_"):
        estimator.feature_names_in_ = model.feature_names_in_
    return estimator.set_params(tol=tol)


def _targets_like(model: Any) -> np.ndarray:
    """Return targets like those that the model was trained on, as few as can be."""
    targets = model._targets
    if isinstance(model, REGRESSORS):
        return np.ones(2 if targets.n_targets == 1 else (2, targets.n_targets))
    if targets.is_multilabel:
        return np.repeat([[0], [1]], len(model.classes_), axis=1)
    return model.classes_


def _linear_attributes(model: Any) -> dict[str, Any]:
    ((weights,), (bias,)) = _layers(model)
    if isinstance(model, REGRESSORS) and model._targets.is_1d:
        return {"coef_": weights[:, 0], "intercept_": bias[0]}
    return {"coef_": weights.T, "intercept_": bias}


def _network_attributes(model: Any) -> dict[str, Any]:
    weights, biases = _layers(model)
    return {
        "coefs_": weights,
        "intercepts_": biases,
        "n_iter_": model.n_iter_,
        "loss_": model.loss_,
    }


def _layers(model: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    weights, biases = ([np.array(to_numpy(part)) for part in parts] for parts in model._layers())
    return weights, biases


def _generalised(loss: Any) -> Any:
    """Return the model with a log link; which one it is does not matter to predictions."""
    if loss.name == "tweedie":
        return TweedieRegressor(power=loss.power, link="log")
    return GammaRegressor() if loss.name == "gamma" else PoissonRegressor()


_LINEAR: dict[str | None, Callable[[Any], Any]] = {
    "logit": lambda loss: LogisticRegression(),
    "clip": lambda loss: SGDClassifier(loss="modified_huber"),
    None: lambda loss: LinearSVC(),
    "identity": lambda loss: LinearRegression(),
    "log": _generalised,
}
_NETWORKS: dict[str | None, Callable[..., Any]] = {
    "logit": MLPClassifier,
    "identity": MLPRegressor,
    "log": lambda **architecture: MLPRegressor(loss="poisson", **architecture),
}
