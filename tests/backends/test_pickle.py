"""A model that was fitted on arrays of another namespace loads where that namespace is missing."""

import pickle

import array_api_strict as xp
import numpy as np
import pytest

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)


@pytest.mark.parametrize(
    "estimator",
    [
        LinearClassifier(),
        LinearRegressor(),
        MLPClassifier((4,), max_iter=3, random_state=0),
        MLPRegressor((4,), max_iter=3, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_pickle_holds_host_arrays(estimator):
    y = Y if hasattr(estimator, "class_weight") else Y + 0.5
    estimator.fit(xp.asarray(X), xp.asarray(y))
    expected = np.from_dlpack(estimator.predict(xp.asarray(X)))
    text = pickle.dumps(estimator)
    assert b"array_api_strict" not in text
    loaded = pickle.loads(text)
    np.testing.assert_allclose(loaded.predict(X), expected)
    fitted = estimator.coef_ if hasattr(estimator, "coef_") else estimator.coefs_[0]
    assert not isinstance(fitted, np.ndarray)  # the model itself stays where it was trained
