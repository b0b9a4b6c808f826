"""The optimum of a linear model is the one that scikit-learn, SciPy or a linear program finds."""

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import ElasticNet as SkElasticNet
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.backends import to_numpy
from skopt_suite.losses import Huber
from skopt_suite.optimizers import Adam
from skopt_suite.penalties import L1, L2, ElasticNet

TOL = 1e-9


def _standardised(data):
    X, y = data(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def _objective(model, X, y, coef, intercept):
    """Our objective, written out with NumPy, at the given parameters."""
    raw = X @ np.atleast_2d(coef).T + intercept
    w = np.ravel(coef)
    return np.mean(_sample_losses(model, y, raw)) + _penalty(model.penalty, w)


def _sample_losses(model, y, raw):
    name = model.loss if isinstance(model.loss, str) else model.loss.name
    if name == "log_loss" and raw.shape[1] > 1:
        return np.logaddexp.reduce(raw, axis=1) - raw[np.arange(len(y)), y]
    raw = raw[:, 0]
    t = 2 * y - 1
    return {
        "log_loss": lambda: np.logaddexp(0, -t * raw),
        "squared_hinge": lambda: np.maximum(0, 1 - t * raw) ** 2,
        "hinge": lambda: np.maximum(0, 1 - t * raw),
        "squared_error": lambda: (raw - y) ** 2 / 2,
        "absolute_error": lambda: np.abs(raw - y),
        "huber": lambda: _huber(raw - y, model.loss.delta),
    }[name]()


def _huber(r, delta):
    return np.where(np.abs(r) <= delta, r**2 / 2, delta * (np.abs(r) - delta / 2))


def _penalty(penalty, w):
    if isinstance(penalty, str):
        return 0.0
    l1_ratio = {"l1": 1.0, "l2": 0.0}.get(penalty.name, getattr(penalty, "l1_ratio", None))
    return penalty.alpha * (l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * w @ w)


def _C(alpha, n_samples):
    """scikit-learn minimises C Σ loss + ‖w‖²/2, we minimise mean loss + alpha/2 ‖w‖²."""
    return 1 / (alpha * n_samples)


CANCER, IRIS, DIABETES = map(_standardised, (load_breast_cancer, load_iris, load_diabetes))
EXACT = {"tol": 1e-12, "max_iter": 100_000}

# ours, scikit-learn's, data
CASES = {
    "binary logistic": (
        LinearClassifier(penalty=L2(0.01)),
        LogisticRegression(C=_C(0.01, 569), **EXACT),
        CANCER,
    ),
    "multinomial logistic": (
        LinearClassifier(penalty=L2(0.01)),
        LogisticRegression(C=_C(0.01, 150), **EXACT),
        IRIS,
    ),
    "l1 logistic": (
        LinearClassifier(penalty=L1(0.02)),
        LogisticRegression(l1_ratio=1, C=_C(0.02, 569), solver="saga", tol=1e-10, max_iter=20_000),
        CANCER,
    ),
    "squared hinge": (
        LinearClassifier(loss="squared_hinge", penalty=L2(0.01), fit_intercept=False),
        LinearSVC(C=_C(0.01, 569), fit_intercept=False, dual=False, tol=1e-10),
        CANCER,
    ),
    "ridge": (LinearRegressor(penalty=L2(0.1)), Ridge(alpha=0.1 * 442, tol=1e-12), DIABETES),
    "lasso": (LinearRegressor(penalty=L1(1.0)), Lasso(alpha=1.0, **EXACT), DIABETES),
    "elastic net": (
        LinearRegressor(penalty=ElasticNet(0.5, l1_ratio=0.7)),
        SkElasticNet(alpha=0.5, l1_ratio=0.7, **EXACT),
        DIABETES,
    ),
    "positive lasso": (
        LinearRegressor(penalty=L1(1.0, positive=True)),
        Lasso(alpha=1.0, positive=True, **EXACT),
        DIABETES,
    ),
}


@pytest.mark.parametrize("ours, theirs, data", CASES.values(), ids=list(CASES))
def test_optimum_is_scikit_learns(place, ours, theirs, data):
    X, y = data
    ours = clone(ours).set_params(tol=TOL, max_iter=20_000)
    ours.fit(place.asarray(X), place.asarray(y))
    theirs.fit(X, y)
    assert ours.stop_reason_ in ("converged", "precision")
    coef, intercept = to_numpy(ours.coef_), to_numpy(ours.intercept_)
    value = _objective(ours, X, y, coef, intercept)
    assert value == pytest.approx(_objective(ours, X, y, theirs.coef_, theirs.intercept_), rel=1e-6)
    assert ours.loss_ == pytest.approx(value, rel=1e-9)
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(coef, theirs.coef_, atol=1e-4 * scale)
    if not is_classifier(ours):  # a small entry of a solution that L1 shrinks is exactly zero
        np.testing.assert_array_equal(coef == 0, theirs.coef_ == 0)


def test_huber_optimum_is_scipys():
    X, y = DIABETES
    y = y / 50
    ours = LinearRegressor(loss=Huber(delta=0.5), penalty=L2(0.01), tol=TOL).fit(X, y)

    def objective(theta):
        return _objective(ours, X, y, theta[:-1], theta[-1])

    found = minimize(objective, np.zeros(X.shape[1] + 1), options={"gtol": 1e-7})
    assert objective(np.append(ours.coef_, ours.intercept_)) == pytest.approx(found.fun, rel=1e-6)
    np.testing.assert_allclose(ours.coef_, found.x[:-1], atol=1e-4)


def test_absolute_error_comes_within_a_thousandth_of_the_linear_program():
    X, y = DIABETES
    n_samples, n_features = X.shape
    y = y / 50
    # min Σ (u + v) / n  with  X w + b + u - v = y,  u, v >= 0
    eye = np.eye(n_samples)
    program = linprog(
        np.r_[np.zeros(n_features + 1), np.full(2 * n_samples, 1 / n_samples)],
        A_eq=np.hstack([X, np.ones((n_samples, 1)), eye, -eye]),
        b_eq=y,
        bounds=[(None, None)] * (n_features + 1) + [(0, None)] * (2 * n_samples),
    )
    ours = LinearRegressor(
        loss="absolute_error",
        penalty="none",
        optimizer=Adam(0.05),
        schedule="cosine",
        batch_size=n_samples,
        max_iter=1500,
        tol=0,
    ).fit(X, y)
    value = _objective(ours, X, y, ours.coef_, ours.intercept_)
    assert program.fun <= value <= program.fun * (1 + 1e-3)


def test_hinge_comes_within_a_thousandth_of_the_quadratic_program():
    X, y = CANCER
    alpha = 0.05
    svc = SVC(kernel="linear", C=_C(alpha, len(X)), tol=1e-8).fit(X, y)
    ours = LinearClassifier(
        loss="hinge",
        penalty=L2(alpha),
        optimizer=Adam(0.02),
        schedule="cosine",
        batch_size=len(X),
        max_iter=1500,
        tol=0,
    ).fit(X, y)
    best = _objective(ours, X, y, svc.coef_, svc.intercept_)
    value = _objective(ours, X, y, ours.coef_, ours.intercept_)
    assert best * (1 - 1e-6) <= value <= best * (1 + 1e-3)
    np.testing.assert_allclose(ours.coef_, svc.coef_, atol=0.02)
