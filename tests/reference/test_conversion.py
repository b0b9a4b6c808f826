"""Every row of the table in docs/conversion.rst: with that alpha, the optimum is scikit-learn's.

All of it with sample weights whose sum W is neither the number of rows nor 1.
"""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.neural_network import MLPClassifier as TheirMLPClassifier
from sklearn.neural_network import MLPRegressor as TheirMLPRegressor
from sklearn.preprocessing import scale
from sklearn.svm import LinearSVC, LinearSVR

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite import penalties as ours
from skopt_suite.losses import (
    EpsilonInsensitive,
    Huber,
    Quantile,
    SquaredEpsilonInsensitive,
    Tweedie,
)
from skopt_suite.optimizers import Momentum


def problem(load, n_features):
    """Return scaled data and weights."""
    X, y = load(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(y))[:120]
    X = scale(X[rows][:, :n_features])
    return X, y[rows], np.random.default_rng(1).uniform(0.5, 3.5, len(y[rows]))


X_REG, Y_REG, W_REG = problem(load_diabetes, 6)
Y_REG = scale(Y_REG)
X_TWO, Y_TWO, W_TWO = problem(load_breast_cancer, 5)
X_THREE, Y_THREE, W_THREE = problem(load_iris, 4)
W, N = W_REG.sum(), len(W_REG)
A, C, RHO = 0.07, 0.3, 0.4
SHARP = {"tol": 1e-9, "max_iter": 20_000}


def assert_same_model(mine, theirs, rtol=1e-5):
    """Compare coefficients and intercepts."""
    np.testing.assert_allclose(
        np.ravel(mine.coef_), np.ravel(theirs.coef_), rtol=rtol, atol=rtol * 0.1
    )
    np.testing.assert_allclose(
        np.ravel(mine.intercept_), np.ravel(theirs.intercept_), rtol=rtol, atol=rtol * 0.1
    )


REGRESSORS = {
    "Ridge": (Ridge(alpha=20.0), ours.L2(20.0 / W)),
    "Lasso": (Lasso(alpha=A, tol=1e-12, max_iter=10**5), ours.L1(A)),
    "ElasticNet": (
        ElasticNet(alpha=A, l1_ratio=RHO, tol=1e-12, max_iter=10**5),
        ours.ElasticNet(A, l1_ratio=RHO),
    ),
    "MLPRegressor, lbfgs": (
        TheirMLPRegressor(
            hidden_layer_sizes=(),
            alpha=20.0,
            solver="lbfgs",
            tol=1e-13,
            max_iter=10**4,
            random_state=0,
        ),
        ours.L2(20.0 / W),
    ),
}


def their_parts(theirs):
    """Give scikit-learn's networks without a hidden layer the attributes of linear models."""
    if hasattr(theirs, "coefs_"):
        theirs.coef_, theirs.intercept_ = theirs.coefs_[0].T, theirs.intercepts_[0]
    return theirs


@pytest.mark.parametrize("theirs, penalty", REGRESSORS.values(), ids=list(REGRESSORS))
def test_regressors(theirs, penalty):
    theirs.fit(X_REG, Y_REG, sample_weight=W_REG)
    mine = LinearRegressor(penalty=penalty, **SHARP).fit(X_REG, Y_REG, sample_weight=W_REG)
    assert_same_model(mine, their_parts(theirs), rtol=1e-4)


Y_POSITIVE = np.exp(Y_REG / 2)
DEVIANCES = {
    "PoissonRegressor": ("poisson", PoissonRegressor(alpha=A)),
    "GammaRegressor": ("gamma", GammaRegressor(alpha=A)),
    "TweedieRegressor": (Tweedie(power=1.7), TweedieRegressor(power=1.7, alpha=A)),
    "TweedieRegressor, identity": ("squared_error", TweedieRegressor(power=0, alpha=A)),
}


@pytest.mark.parametrize("loss, theirs", DEVIANCES.values(), ids=list(DEVIANCES))
def test_generalised_linear_models(loss, theirs):
    theirs.set_params(solver="newton-cholesky", tol=1e-10)
    theirs.fit(X_REG, Y_POSITIVE, sample_weight=W_REG)
    mine = LinearRegressor(loss=loss, penalty=ours.L2(A), **SHARP)
    mine.fit(X_REG, Y_POSITIVE, sample_weight=W_REG)
    assert_same_model(mine, theirs, rtol=1e-4)
    np.testing.assert_allclose(mine.predict(X_REG), theirs.predict(X_REG), rtol=1e-4)


def test_quantile_regressor():
    theirs = QuantileRegressor(quantile=0.3, alpha=A).fit(X_REG, Y_REG, sample_weight=W_REG)
    mine = LinearRegressor(loss=Quantile(0.3), penalty=ours.L1(A), max_iter=20_000)
    mine.fit(X_REG, Y_REG, sample_weight=W_REG)
    residual = Y_REG - theirs.predict(X_REG)
    pinball = np.average(np.maximum(0.3 * residual, -0.7 * residual), weights=W_REG)
    assert mine.loss_ == pytest.approx(pinball + A * np.abs(theirs.coef_).sum(), rel=1e-4)
    np.testing.assert_array_equal(mine.coef_ == 0, np.abs(theirs.coef_) < 1e-9)


def test_linear_svr_with_epsilon():
    theirs = LinearSVR(C=0.01, epsilon=0.3, fit_intercept=False, tol=1e-8, max_iter=10**6)
    theirs.fit(X_REG, Y_REG, sample_weight=W_REG)
    penalty = ours.L2(1 / (0.01 * W))
    mine = LinearRegressor(loss=EpsilonInsensitive(0.3), penalty=penalty, fit_intercept=False)
    mine.set_params(**SHARP).fit(X_REG, Y_REG, sample_weight=W_REG)
    assert_same_model(mine, theirs, rtol=1e-3)


def test_sgd_classifier_with_modified_huber():
    theirs = SGDClassifier(loss="modified_huber", alpha=0.1, max_iter=3000, tol=None, average=True)
    theirs.set_params(learning_rate="invscaling", eta0=0.02, random_state=0).fit(X_TWO, Y_TWO)
    mine = LinearClassifier(loss="modified_huber", penalty=ours.L2(0.1), **SHARP).fit(X_TWO, Y_TWO)
    assert_same_model(mine, theirs, rtol=2e-2)
    probability = mine.predict_proba(X_TWO)
    np.testing.assert_allclose(probability, theirs.predict_proba(X_TWO), atol=2e-2)


@pytest.mark.parametrize(
    "X, y, w", [(X_TWO, Y_TWO, W_TWO), (X_THREE, Y_THREE, W_THREE)], ids=["binary", "three"]
)
@pytest.mark.parametrize("rho", [0.0, RHO, 1.0])
def test_logistic_regression(X, y, w, rho):
    solver = {"solver": "lbfgs"} if rho == 0 else {"solver": "saga", "random_state": 0}
    theirs = LogisticRegression(C=C, l1_ratio=rho, tol=1e-9, max_iter=20_000, **solver)
    theirs.fit(X, y, sample_weight=w)
    alpha = 1 / (C * w.sum())
    penalty = {0.0: ours.L2(alpha), 1.0: ours.L1(alpha)}.get(rho, ours.ElasticNet(alpha, rho))
    mine = LinearClassifier(penalty=penalty, **SHARP).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(mine.coef_, theirs.coef_, rtol=1e-4, atol=1e-5)


def test_logistic_regression_without_a_penalty():
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    theirs.fit(X_TWO[:, :2], Y_TWO, sample_weight=W_TWO)
    mine = LinearClassifier(penalty="none", **SHARP).fit(X_TWO[:, :2], Y_TWO, sample_weight=W_TWO)
    assert_same_model(mine, theirs, rtol=1e-4)


@pytest.mark.parametrize("name, penalty", [("l2", ours.L2), ("l1", ours.L1)])
def test_linear_svc_with_squared_hinge(name, penalty):
    theirs = LinearSVC(C=C, penalty=name, dual=False, fit_intercept=False, tol=1e-10)
    theirs.fit(X_TWO, Y_TWO, sample_weight=W_TWO)
    mine = LinearClassifier(
        loss="squared_hinge", penalty=penalty(1 / (C * W_TWO.sum())), fit_intercept=False, **SHARP
    ).fit(X_TWO, Y_TWO, sample_weight=W_TWO)
    assert_same_model(mine, theirs, rtol=1e-4)


@pytest.mark.parametrize(
    "epsilon, loss, alpha",
    [
        (0, "squared_error", 1 / (2 * C * W)),
        (0.3, SquaredEpsilonInsensitive(0.3), 1 / (C * W)),
    ],
)
def test_linear_svr_with_the_squared_loss(epsilon, loss, alpha):
    theirs = LinearSVR(
        C=C, epsilon=epsilon, loss="squared_epsilon_insensitive", fit_intercept=False, dual=False
    ).set_params(tol=1e-10, max_iter=10**5)
    theirs.fit(X_REG, Y_REG, sample_weight=W_REG)
    mine = LinearRegressor(loss=loss, penalty=ours.L2(alpha), fit_intercept=False, **SHARP)
    assert_same_model(mine.fit(X_REG, Y_REG, sample_weight=W_REG), theirs, rtol=1e-4)


def assert_minimum(objective, coef):
    """Check that no step from `coef` goes down, along itself and along 200 other directions."""
    directions = np.random.default_rng(0).normal(size=(200, len(coef)))
    lowest = objective(coef)
    for direction in [coef, *directions]:
        step = 1e-2 * np.linalg.norm(coef) * direction / np.linalg.norm(direction)
        assert min(objective(coef + step), objective(coef - step)) >= lowest - 1e-7


def test_linear_svc_with_hinge():
    theirs = LinearSVC(C=0.01, loss="hinge", fit_intercept=False, tol=1e-8, max_iter=10**6)
    theirs.fit(X_TWO, Y_TWO, sample_weight=W_TWO)
    signs, penalty = 2 * Y_TWO - 1, ours.L2(1 / (0.01 * W_TWO.sum()))

    def objective(coef):
        margin = np.clip(1 - signs * (X_TWO @ coef), 0, None)
        return np.average(margin, weights=W_TWO) + penalty.value(coef[None, :])[0]

    assert_minimum(objective, theirs.coef_[0])


def test_linear_svr_with_the_absolute_error():
    theirs = LinearSVR(C=0.01, epsilon=0, fit_intercept=False, tol=1e-8, max_iter=10**6)
    theirs.fit(X_REG, Y_REG, sample_weight=W_REG)
    penalty = ours.L2(1 / (0.01 * W))

    def objective(coef):
        error = np.abs(X_REG @ coef - Y_REG)
        return np.average(error, weights=W_REG) + penalty.value(coef[None, :])[0]

    assert_minimum(objective, theirs.coef_)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_sgd_classifier(loss):
    theirs = SGDClassifier(loss=loss, alpha=0.1, max_iter=3000, tol=None, average=True)
    theirs.set_params(learning_rate="invscaling", eta0=0.05, random_state=0)
    theirs.fit(X_TWO, Y_TWO, sample_weight=W_TWO)
    penalty = ours.L2(0.1 * N / W_TWO.sum())
    mine = LinearClassifier(loss=loss, penalty=penalty, **SHARP)
    assert_same_model(mine.fit(X_TWO, Y_TWO, sample_weight=W_TWO), theirs, rtol=2e-2)


def test_sgd_regressor():
    theirs = SGDRegressor(alpha=0.1, max_iter=3000, tol=None, average=True, random_state=0)
    theirs.fit(X_REG, Y_REG, sample_weight=W_REG)
    mine = LinearRegressor(penalty=ours.L2(0.1 * N / W), **SHARP)
    assert_same_model(mine.fit(X_REG, Y_REG, sample_weight=W_REG), theirs, rtol=2e-2)


@pytest.mark.parametrize(
    "theirs, mine, X, y",
    [
        (TheirMLPClassifier, MLPClassifier, X_THREE, Y_THREE),
        (TheirMLPRegressor, MLPRegressor, X_REG, np.column_stack([Y_REG, Y_REG**2])),
    ],
    ids=["classifier", "regressor, two targets"],
)
def test_mlp_with_minibatches(theirs, mine, X, y):
    """The same start and the same batches give the same network after 3 epochs."""
    shared = {"hidden_layer_sizes": (7,), "batch_size": 20, "shuffle": False, "warm_start": True}
    theirs = theirs(
        **shared, max_iter=1, alpha=2.0, solver="sgd", momentum=0.0, learning_rate_init=0.1
    ).set_params(random_state=0)
    rule = Momentum(0.1, momentum=0.0)  # SGD takes L2 implicitly
    mine = mine(**shared, max_iter=1, penalty=ours.L2(2.0 / 20), optimizer=rule, dtype="float64")
    mine.set_params(schedule="constant", standardize=False).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y)
        mine.coefs_ = [coef.copy() for coef in theirs.coefs_]
        mine.intercepts_ = [intercept.copy() for intercept in theirs.intercepts_]
        theirs.set_params(max_iter=3).fit(X, y)
    mine.set_params(max_iter=3).fit(X, y)
    for a, b in zip(mine.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)


def test_mlp_classifier_with_lbfgs():
    theirs = TheirMLPClassifier((), alpha=5.0, solver="lbfgs", tol=1e-13, max_iter=10**4)
    theirs.fit(X_THREE, Y_THREE, sample_weight=W_THREE)
    mine = LinearClassifier(penalty=ours.L2(5.0 / W_THREE.sum()), **SHARP)
    mine.fit(X_THREE, Y_THREE, sample_weight=W_THREE)
    np.testing.assert_allclose(mine.coef_, theirs.coefs_[0].T, atol=1e-3)  # its ftol is fixed


def test_huber_regressor():
    theirs = HuberRegressor(alpha=5.0, epsilon=1.2, tol=1e-8, max_iter=10**4)
    theirs.fit(X_REG, Y_REG, sample_weight=W_REG)
    sigma = theirs.scale_
    mine = LinearRegressor(
        loss=Huber(delta=1.2 * sigma), penalty=ours.L2(5.0 * sigma / W), **SHARP
    ).fit(X_REG, Y_REG, sample_weight=W_REG)
    assert_same_model(mine, theirs, rtol=1e-4)
