"""Regularisation paths with backend="cupy", on a fake card."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from skopt_suite import LinearClassifier, LinearRegressor, regularization_path
from skopt_suite.penalties import WeightedL1

X, Y = scale(load_diabetes().data), scale(load_diabetes().target)


@pytest.mark.parametrize(
    "model, y",
    [
        (LinearRegressor(penalty="l1"), Y),
        (LinearRegressor(penalty=WeightedL1(feature_weights=[0.0] + 9 * [1.0])), Y),
        (LinearClassifier(), Y > 0),
    ],
    ids=["l1", "features without a penalty", "l2"],
)
def test_is_that_of_the_host(gpu, model, y):
    model.set_params(tol=1e-8, dtype="float64", optimizer="fista")
    expected = regularization_path(model, X, y, alphas=4, eps=0.05)
    found = regularization_path(model.set_params(backend="cupy"), X, y, alphas=4, eps=0.05)
    np.testing.assert_allclose(found.alphas, expected.alphas)
    np.testing.assert_allclose(found.coefs, expected.coefs, atol=1e-5)
