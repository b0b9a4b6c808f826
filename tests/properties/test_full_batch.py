"""What holds for every fit on all rows at once."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.losses import Huber

rng = np.random.default_rng(0)
X = rng.normal(size=(30, 3))
LABELS = np.array(["a", "b", "c"])[np.argmax(X + 0.3 * rng.normal(size=X.shape), axis=1)]
NUMBERS = np.sin(X[:, 0]) + X[:, 1]
MLP = {"hidden_layer_sizes": (4,), "dtype": "float64", "optimizer": "gradient_descent"}
MODELS = [
    (LinearClassifier(), LABELS),
    (LinearClassifier(optimizer="fista", penalty="elastic_net"), LABELS),
    (LinearRegressor(loss=Huber(0.1)), NUMBERS),
    (LinearRegressor(optimizer="closed_form"), NUMBERS),
    (LinearRegressor(optimizer="gradient_descent", loss="absolute_error"), NUMBERS),
    (MLPClassifier(**MLP, activation="tanh"), LABELS),
    (MLPRegressor(**MLP, activation="silu"), NUMBERS),
]
models = pytest.mark.parametrize("model, y", MODELS, ids=lambda value: type(value).__name__)


def raw_after_a_few_steps(model, X_train, y, **fit_params):
    """Return raw predictions on X; not at the optimum, which would forgive much."""
    model.set_params(max_iter=8, tol=0, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X_train, y, **fit_params)
    raw = model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)
    return raw, model.loss_curve_


@models
@settings(max_examples=10)
@given(data=st.data())
def test_repeating_a_row_is_weight_2(model, y, data):
    repeated = data.draw(st.lists(st.integers(0, 29), min_size=1, max_size=20))
    counts = 1.0 + np.bincount(repeated, minlength=30)
    rows = np.repeat(np.arange(30), counts.astype(int))
    by_rows, curve = raw_after_a_few_steps(model, X[rows], y[rows])
    by_weight, weighted_curve = raw_after_a_few_steps(model, X, y, sample_weight=counts)
    np.testing.assert_allclose(by_weight, by_rows, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(weighted_curve, curve, rtol=1e-8)


@models
@settings(max_examples=10)
@given(factor=st.floats(1e-3, 1e3), data=st.data())
def test_only_the_ratios_of_weights_matter_where_alpha_is_a_number(model, y, factor, data):
    model = clone(model).set_params(penalty__alpha=1e-3)
    weight = np.array(data.draw(st.lists(st.floats(0.1, 3), min_size=30, max_size=30)))
    once, curve = raw_after_a_few_steps(model, X, y, sample_weight=weight)
    scaled, scaled_curve = raw_after_a_few_steps(model, X, y, sample_weight=factor * weight)
    np.testing.assert_allclose(scaled, once, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(scaled_curve, curve, rtol=1e-8)


@models
@settings(max_examples=10)
@given(order=st.permutations(range(30)))
def test_the_order_of_rows_does_not_matter(model, y, order):
    as_given, curve = raw_after_a_few_steps(model, X, y)
    permuted, permuted_curve = raw_after_a_few_steps(model, X[order], y[order])
    np.testing.assert_allclose(permuted, as_given, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(permuted_curve, curve, rtol=1e-8)
