"""Parameters that are set after a fit concern the next one, never the model that there is."""

import numpy as np
import pytest
from sklearn.base import clone

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import Adam

from .problems import CLASSES, data_of, parameters_of

CHANGES = [
    (LinearClassifier(), {"fit_intercept": False}),
    (LinearClassifier(), {"loss": "hinge"}),
    (LinearRegressor(), {"fit_intercept": False}),
    (MLPClassifier((8, 4), max_iter=5), {"hidden_layer_sizes": (4, 8)}),
    (MLPClassifier((8, 4), max_iter=5), {"activation": "tanh"}),
    (MLPRegressor((8,), max_iter=5), {"hidden_layer_sizes": (8, 8), "activation": "gelu"}),
]


@pytest.mark.parametrize("estimator, change", CHANGES, ids=str)
def test_predictions_stay(estimator, change):
    X, y = data_of(estimator)
    fitted = clone(estimator).fit(X + 1, y)
    methods = [m for m in ("predict", "predict_proba", "decision_function") if hasattr(fitted, m)]
    before = [getattr(fitted, method)(X) for method in methods]
    fitted.set_params(**change)
    for method, expected in zip(methods, before, strict=True):
        np.testing.assert_array_equal(getattr(fitted, method)(X), expected)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
@pytest.mark.parametrize("before", [True, False])
def test_partial_fit_with_and_without_intercept(optimizer, before):
    X, y = CLASSES
    model = LinearClassifier(optimizer=optimizer, fit_intercept=before, random_state=0)
    model.partial_fit(X + 1, y, classes=[0, 1])
    trained = model.coef_.copy()
    model.set_params(fit_intercept=not before, optimizer__learning_rate=1e-9)
    model.partial_fit(X + 1, y)
    np.testing.assert_allclose(model.coef_, trained, atol=1e-6)
    model.set_params(optimizer__learning_rate=0.1).partial_fit(X + 1, y)
    assert bool(model.intercept_.any()) is not before


def test_partial_fit_goes_on_from_the_parameters_that_are_shown():
    X, y = CLASSES
    model = LinearClassifier(optimizer=Adam(0.5), early_stopping=True, random_state=0).fit(X, y)
    best = parameters_of(model)
    model.set_params(early_stopping=False, optimizer__learning_rate=1e-9).partial_fit(X, y)
    np.testing.assert_allclose(parameters_of(model), best, atol=1e-6)
    model.coef_, model.intercept_ = np.zeros_like(model.coef_), np.zeros(1)
    model.partial_fit(X, y)
    np.testing.assert_allclose(parameters_of(model), 0, atol=1e-6)
