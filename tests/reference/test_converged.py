"""A default fit that says "converged" is within 1e-4 of the optimum, as a share of the way there.

The way is from the best constant prediction; the optimum is what a solver finds in float64 with a
tolerance far below the default (`test_sklearn_optima` compares that with scikit-learn's).
"""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import Huber
from skopt_suite.penalties import L1, L2
from skopt_suite.testing._common import stacked

SHARE = 1e-4


def _inputs(n_samples, n_features, seed):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(n_samples, n_features))


def numbers(n_samples=200, n_features=8, seed=0):
    rng, X = _inputs(n_samples, n_features, seed)
    return X, X @ rng.normal(size=n_features) + rng.normal(size=n_samples)


def classes(n_samples=200, n_features=8, n_classes=2, seed=0):
    rng, X = _inputs(n_samples, n_features, seed)
    raw = X @ rng.normal(size=(n_features, n_classes)) + rng.gumbel(size=(n_samples, n_classes))
    return X, raw.argmax(axis=1)


def scaled(X, decades):
    return X * 10 ** np.random.default_rng(1).uniform(-decades, decades, X.shape[1])


def collinear(X):
    return np.hstack([X, X[:, :3] + 1e-3 * np.random.default_rng(2).normal(size=(len(X), 3))])


def sparse_classes():
    X = scipy.sparse.random(300, 400, density=0.05, format="csr", random_state=0)
    rng = np.random.default_rng(1)
    return X, (X @ rng.normal(size=400) + 0.2 * rng.normal(size=300) > 0).astype(int)


def _weights(n_samples):
    rng = np.random.default_rng(3)
    return (rng.random(n_samples) < 0.5) * rng.exponential(size=n_samples)


def _problems():
    """Yield name, model, X, y and weights."""
    R, C = LinearRegressor, LinearClassifier
    for penalty in ("none", "l2", "l1", "elastic_net"):
        for make, name, data in ((R, "regressor", numbers()), (C, "classifier", classes())):
            X, y = data
            shift = 1e6 if make is R else 0
            model = make(penalty=penalty)
            yield f"{name} {penalty}", model, X, y, None
            yield f"{name} {penalty} scaled", model, scaled(X, 3), y, None
            yield f"{name} {penalty} offset", model, X + 1000, y + shift, None
            yield f"{name} {penalty} collinear", model, collinear(X), y, None
            yield f"{name} {penalty} weighted", model, X + 2, y, _weights(len(y))
        yield f"no intercept {penalty}", R(penalty=penalty, fit_intercept=False), X + 2, y, None
        X, y = classes(300, 6, 4)
        yield f"four classes {penalty}", C(penalty=penalty), X, y, None
        yield f"float32 {penalty}", C(penalty=penalty), scaled(X, 3).astype("float32"), y, None
    for name, model in (("l2", R()), ("none", R(penalty="none")), ("l1", R(penalty=L1(0.1)))):
        yield f"wide regressor {name}", model, *numbers(50, 100), None
    X, y = classes(100, 500)
    yield "wide classifier", C(), X, y, None
    yield "wide classifier scaled", C(), scaled(X, 3), y, None
    yield "wide classifier l1", C(penalty=L1(0.01)), X, y, None
    for name, load in (("iris", load_iris), ("wine", load_wine), ("digits", load_digits)):
        yield name, C(), *load(return_X_y=True), None
    yield "cancer", C(), *load_breast_cancer(return_X_y=True), None
    yield "diabetes", R(), *load_diabetes(return_X_y=True), None
    yield "diabetes l1", R(penalty="l1"), *load_diabetes(return_X_y=True), None
    X, y = numbers(300, 6)
    yield "float32 regressor", R(penalty="none"), (X + 10).astype("float32"), y, None
    yield "huber", R(loss=Huber(0.5)), scaled(X, 2), y + 100, None
    yield "huber of large targets", R(loss=Huber(0.5)), X, 1e3 * y, None
    yield "two targets", R(penalty=L2(1e-2)), scaled(X, 2), np.stack([y, 1e3 * y[::-1]], 1), None
    yield "ridge of six decades", R(), scaled(X, 6), y, None
    yield "squared hinge", C(loss="squared_hinge"), scaled(X, 2), y > 0, None
    yield "rare class", C(), X, X[:, 0] > 2, None
    yield "sparse", C(), *sparse_classes(), None
    yield "sparse l1", C(penalty=L1(1e-3)), *sparse_classes(), None


PROBLEMS = {name: parts for name, *parts in _problems()}


def _objective(model, raw, coef, y, weight):
    """Return the objective of raw predictions and weights in float64."""
    y = model._targets.encode(y, "y")
    loss = model.loss_function_.on(model._targets.type)
    losses = loss.value_and_gradient(y, raw[None].copy())[0][0]
    penalty = stacked([model.penalty_]).value(np.ravel(coef.T)[None])[0]
    return np.average(losses, weights=weight) + penalty


def _reached(model, X, y, weight):
    coef = np.atleast_2d(model.coef_).astype(float)
    raw = X @ coef.T + np.atleast_1d(model.intercept_).astype(float)
    return _objective(model, raw, coef, y, weight)


def _null(model, X, y, weight):
    """Return the objective of the best constant prediction; 0 where there is no intercept."""
    coef = np.zeros_like(np.atleast_2d(model.coef_), dtype=float)
    constant = np.zeros((1, len(coef)))
    if model.fit_intercept and is_classifier(model):
        share = np.array([np.average(y == c, weights=weight) for c in model.classes_])
        constant[0] = np.log(share) if len(coef) > 1 else np.log(share[1] / share[0])
    elif model.fit_intercept:
        constant[0] = np.average(y, axis=0, weights=weight)
    return _objective(model, np.repeat(constant, X.shape[0], axis=0), coef, y, weight)


def test_there_are_enough_problems():
    assert len(PROBLEMS) >= 60


@pytest.mark.parametrize("name", PROBLEMS)
def test_converged_is_converged(name):
    model, X, y, weight = PROBLEMS[name]
    fitted = clone(model).fit(X, y, sample_weight=weight)  # without a warning
    assert fitted.stop_reason_ in ("converged", "precision")
    X = X.astype(float)
    exact = clone(model).set_params(tol=1e-10, max_iter=3000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may need more iterations for that
        exact.fit(X, y, sample_weight=weight)
    best, reached = (_reached(each, X, y, weight) for each in (exact, fitted))
    way = _null(exact, X, y, weight) - best
    assert way > 0
    assert reached - best <= SHARE * way
