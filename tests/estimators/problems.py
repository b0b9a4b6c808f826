"""Small problems and models that are trained on minibatches, for the tests of this folder."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import Adam

CLASSES = make_classification(n_samples=200, n_features=6, random_state=0)
NUMBERS = make_regression(n_samples=200, n_features=6, noise=5.0, random_state=0)
NUMBERS = (NUMBERS[0], NUMBERS[1] / NUMBERS[1].std())
STOCHASTIC = [
    LinearClassifier(optimizer=Adam(0.01), batch_size=32, max_iter=20),
    LinearRegressor(optimizer=Adam(0.01), batch_size=32, max_iter=20),
    MLPClassifier((8,), schedule="constant", dropout=0.2, batch_size=32, max_iter=20),
    MLPRegressor((8,), schedule="constant", dropout=0.2, batch_size=32, max_iter=20),
]
every = pytest.mark.parametrize("estimator", STOCHASTIC, ids=lambda e: type(e).__name__)


def data_of(estimator):
    return CLASSES if hasattr(estimator, "class_weight") else NUMBERS


def parameters_of(fitted):
    parts = [fitted.coef_, fitted.intercept_] if hasattr(fitted, "coef_") else None
    parts = parts or [*fitted.coefs_, *fitted.intercepts_]
    return np.concatenate([np.ravel(part) for part in parts])
