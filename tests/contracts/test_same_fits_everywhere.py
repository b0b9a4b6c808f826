"""One random_state is one fit: the same weights at first, rows in the same order, the same mask.

In single precision, CPU and GPU agree to rounding for as long as training does not amplify it, and
in what the models are worth at the end.
"""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.backends import to_numpy

DIGITS, NUMBERS = load_digits(return_X_y=True)
DIGITS = (DIGITS / 16).astype("float32")
FEW, N_STEPS_AN_EPOCH = 320, 10
SETTINGS = {"optimizer": "adam", "dtype": "float32", "batch_size": 32, "random_state": 3}
NETWORK = {**SETTINGS, "hidden_layer_sizes": (32, 16), "dropout": 0.2}
MODELS = [
    LinearClassifier(**SETTINGS),
    LinearRegressor(**SETTINGS),
    MLPClassifier(**NETWORK),
    MLPRegressor(**NETWORK),
]


@pytest.fixture(params=MODELS, ids=lambda model: type(model).__name__)
def fits(request, elsewhere):
    """Fit copies with some parameters on NumPy and elsewhere."""
    X, y = DIGITS[:FEW], NUMBERS[:FEW]
    y = y if hasattr(request.param, "predict_proba") else (y / 10).astype("float32")

    def fit(**settings):
        pair = [clone(request.param).set_params(**settings) for _ in range(2)]
        return pair[0].fit(X, y), pair[1].fit(elsewhere.asarray(X), elsewhere.asarray(y))

    return fit


def parameters(model):
    names = ("coefs_", "intercepts_") if hasattr(model, "coefs_") else ("coef_", "intercept_")
    parts = [getattr(model, name) for name in names]
    arrays = [array for part in parts for array in (part if isinstance(part, list) else [part])]
    return np.concatenate([np.ravel(to_numpy(array)) for array in arrays])


def test_the_first_weights_are_the_same(fits):
    host, other = fits(max_iter=1, batch_size=FEW, optimizer__learning_rate=1e-12)
    np.testing.assert_allclose(parameters(other), parameters(host), rtol=1e-6, atol=1e-11)


def test_fifty_steps_are_the_same_to_rounding(fits):
    host, other = fits(max_iter=50 // N_STEPS_AN_EPOCH)
    np.testing.assert_allclose(other.loss_curve_, host.loss_curve_, rtol=2e-6)
    np.testing.assert_allclose(parameters(other), parameters(host), atol=1e-5)


def test_scores_at_the_end_are_the_same(fits, elsewhere):
    host, other = fits(max_iter=20, optimizer__learning_rate=0.01)
    X, y = DIGITS[FEW:], NUMBERS[FEW:]
    y = y if hasattr(host, "predict_proba") else y / 10
    score = host.score(X, y)
    assert score > 0.2
    assert other.score(elsewhere.asarray(X), elsewhere.asarray(y)) == pytest.approx(score, abs=5e-3)
