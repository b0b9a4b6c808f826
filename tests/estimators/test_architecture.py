"""Layers, activations and dropout of the perceptrons."""

import numpy as np
import pytest
from sklearn.base import clone

from skopt_suite import LinearClassifier, MLPClassifier, MLPRegressor
from skopt_suite.models import ACTIVATIONS
from skopt_suite.optimizers import Adam
from skopt_suite.penalties import L2

from .problems import CLASSES, NUMBERS


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_activation_trains(activation, dtype):
    X, y = CLASSES
    model = MLPClassifier((16, 8), activation, optimizer=Adam(0.01), dtype=dtype, random_state=0)
    fitted = model.set_params(schedule="constant", batch_size=200, max_iter=60).fit(X, y)
    assert fitted.loss_curve_[-1] < 0.75 * fitted.loss_curve_[0]
    assert fitted.score(X, y) > 0.85


@pytest.mark.parametrize(
    "sizes, shapes",
    [
        (5, [(6, 5), (5, 1)]),
        ((5,), [(6, 5), (5, 1)]),
        ([5, 4], [(6, 5), (5, 4), (4, 1)]),
        (np.array([5, 4, 3]), [(6, 5), (5, 4), (4, 3), (3, 1)]),
        ((), [(6, 1)]),
    ],
)
def test_forms_of_hidden_layer_sizes(sizes, shapes):
    fitted = MLPClassifier(sizes, max_iter=2).fit(*CLASSES)
    assert [weights.shape for weights in fitted.coefs_] == shapes


def test_activation_and_dropout_per_layer():
    model = MLPRegressor((8, 4), ["tanh", "relu"], dropout=[0.0, 0.3], max_iter=5)
    assert np.isfinite(model.fit(*NUMBERS).loss_)


def test_dropout_regularises():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 10)), rng.randint(0, 2, 40)  # nothing to learn but noise
    model = MLPClassifier((64,), optimizer=Adam(0.01), max_iter=150, random_state=0)
    plain = clone(model).fit(X, y)
    dropped = clone(model).set_params(dropout=0.7).fit(X, y)
    confidence = [np.abs(fitted.decision_function(X)).mean() for fitted in (plain, dropped)]
    assert confidence[1] < 0.7 * confidence[0]
    np.testing.assert_array_equal(dropped.predict(X), dropped.predict(X))  # none at predict


def test_a_network_without_hidden_layers_is_the_linear_model():
    X, y = CLASSES
    common = {"optimizer": "lbfgs", "penalty": L2(0.01), "tol": 1e-8, "max_iter": 500}
    linear = LinearClassifier(**common).fit(X, y)
    network = MLPClassifier((), dtype="float64", standardize=False, **common).fit(X, y)
    np.testing.assert_allclose(network.coefs_[0].T, linear.coef_, atol=1e-6)
