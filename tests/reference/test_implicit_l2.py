"""SGD takes the gradient of L2 where the step ends."""

import numpy as np
import pytest
from sklearn.datasets import make_classification

from skopt_suite import LinearClassifier, LinearRegressor, MLPRegressor
from skopt_suite.optimizers import FISTA, SGD
from skopt_suite.penalties import L2, ElasticNet

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_classification(200, 10, n_informative=5, random_state=0)
TARGETS = X @ np.linspace(-1, 1, 10) + np.random.default_rng(0).normal(size=200)


@pytest.mark.parametrize("alpha", [1.0, 100.0, 1e6])
@pytest.mark.parametrize("batch_size", [1, 32])
def test_no_strength_is_too_large(alpha, batch_size):
    best = LinearClassifier(penalty=L2(alpha), tol=1e-10).fit(X, Y)
    model = LinearClassifier(
        optimizer=SGD(0.1), penalty=L2(alpha), schedule="cosine", batch_size=batch_size
    )
    model.set_params(max_iter=100, tol=0, n_iter_no_change=100, random_state=0).fit(X, Y)
    assert model.loss_ < best.loss_ + 1e-3


def test_a_step_is_the_implicit_one():
    model = LinearRegressor(
        optimizer=SGD(0.1), penalty=L2(3.0), batch_size=200, fit_intercept=False, max_iter=2
    )
    model.set_params(tol=0).fit(X, TARGETS)
    w = np.zeros(10)
    for _ in range(2):
        w = (w - 0.1 * X.T @ (X @ w - TARGETS) / 200) / (1 + 0.1 * 3.0)
    np.testing.assert_allclose(model.coef_, w, rtol=1e-12)


@pytest.mark.parametrize("positive", [False, True])
def test_with_exact_gradients_elastic_net_ends_at_the_optimum(positive):
    """The L1 part counts by the step that is really made, which L2 makes shorter."""
    penalty = ElasticNet(4.0, l1_ratio=0.1, positive=positive)
    best = LinearRegressor(optimizer=FISTA(), penalty=penalty, tol=1e-14).fit(X, TARGETS)
    model = LinearRegressor(optimizer=SGD(0.2), penalty=penalty, batch_size=200, max_iter=300)
    model.set_params(tol=0, n_iter_no_change=300).fit(X, TARGETS)
    assert 0 < (best.coef_ == 0).sum() < 10
    np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-9)


def test_every_layer_has_its_strength():
    model = MLPRegressor(
        (8,), optimizer=SGD(0.05), penalty=L2([1e3, 0.0]), batch_size=20, max_iter=20
    ).fit(X, TARGETS)
    hidden, output = (np.abs(coef).max() for coef in model.coefs_)
    assert hidden < 0.05 < output
