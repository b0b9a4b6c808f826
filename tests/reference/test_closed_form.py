"""The closed form is the least-squares solution that scikit-learn and SciPy find."""

import warnings

import numpy as np
import pytest
from scipy.linalg import lstsq
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, Ridge

from skopt_suite import LinearRegressor, MLPRegressor
from skopt_suite.losses import SquaredError
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.penalties import L2


def draw(n_samples, n_features, n_targets=None, seed=0, offset=3.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features)) @ rng.normal(size=(n_features, n_features))
    shape = (n_features,) if n_targets is None else (n_features, n_targets)
    y = X @ rng.normal(size=shape)
    return X + offset, y + rng.normal(size=y.shape) + 5.0


def closed_form(alpha=0.0, **options):
    return LinearRegressor(optimizer="closed_form", penalty=L2(alpha), **options)


def assert_same(ours, theirs, X, rtol=1e-9):
    scale = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=rtol, atol=rtol)
    assert ours.n_iter_ == 1
    assert ours.stop_reason_ == "converged"


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_targets", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1e-2, 1.0, 100.0])
def test_ridge(alpha, weighted, n_targets, fit_intercept):
    X, y = draw(80, 12, n_targets)
    weight = np.random.default_rng(1).uniform(0, 3, 80) if weighted else None
    total = 80 if weight is None else weight.sum()
    theirs = (
        Ridge(alpha=alpha * total, fit_intercept=fit_intercept, solver="svd")
        if alpha
        else LinearRegression(fit_intercept=fit_intercept)
    )
    ours = closed_form(alpha, fit_intercept=fit_intercept).fit(X, y, sample_weight=weight)
    assert_same(ours, theirs.fit(X, y, sample_weight=weight), X)


def scaled_ridge(X, y, alpha, fit_intercept=True):
    """Ridge coefficients by least squares on scaled columns, which loses nothing to scale."""
    n, n_features = X.shape
    X, y = (X - X.mean(axis=0), y - y.mean()) if fit_intercept else (X, y)
    rows = np.vstack([X, np.sqrt(alpha * n) * np.eye(n_features)])
    scale = np.linalg.norm(rows, axis=0)
    return lstsq(rows / scale, np.append(y, np.zeros(n_features)))[0] / scale


@pytest.mark.parametrize("alpha", [0.0, 1e-3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_columns_of_very_different_scale(alpha, fit_intercept):
    X, y = draw(300, 13, offset=0.0)
    X = X * np.logspace(-3, 3, 13)
    ours = closed_form(alpha, fit_intercept=fit_intercept).fit(X, y)
    np.testing.assert_allclose(ours.coef_, scaled_ridge(X, y, alpha, fit_intercept), rtol=1e-7)


@pytest.mark.parametrize("alpha", [0.0, 1e-6])
def test_columns_of_extremely_different_scale(alpha):
    """Eigenvectors are lost in rounding, but features can be scaled."""
    X, y = draw(100, 6, offset=0.0)
    X = X * np.array([1e-9, 1e-6, 1.0, 1e3, 1e6, 1e9])
    ours = closed_form(alpha).fit(X, y)
    np.testing.assert_allclose(ours.coef_, scaled_ridge(X, y, alpha), rtol=1e-6)
    X[:, 0] = 1.0  # a constant column is no trouble
    ours = closed_form(alpha).fit(X, y)
    np.testing.assert_allclose(ours.coef_[1:], scaled_ridge(X[:, 1:], y, alpha), rtol=1e-6)
    assert abs(ours.coef_[0]) < 1e-6


def test_columns_that_depend_on_each_other_and_differ_in_scale():
    X, y = draw(100, 6, offset=0.0)
    X = np.hstack([X, X[:, :2]]) * np.array([1.0, 1, 1, 1, 1e8, 1e8, 1, 1])
    with pytest.warns(ConvergenceWarning, match="'closed_form' stopped .* Scale the data"):
        fitted = closed_form().fit(X, y)
    assert fitted.stop_reason_ == "stalled"


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_a_large_offset_of_columns_and_target(size):
    X, y = draw(100, 5)
    X, y = size * (X + 1e4), size * (y - 1e4)
    ours, theirs = closed_form().fit(X, y), LinearRegression().fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    assert ours.stop_reason_ == "converged"  # and without a warning


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("kind", ["fewer samples than features", "columns that add up"])
def test_the_smallest_of_many_solutions(kind, fit_intercept):
    X, y = draw(20, 50) if kind.startswith("fewer") else draw(60, 8)
    if kind.startswith("columns"):
        X = np.hstack([X, X[:, :3], X[:, 3:4] + X[:, 4:5], np.ones((60, 1))])
    ours = closed_form(fit_intercept=fit_intercept, warm_start=True).fit(X, y)
    centre = X.mean(axis=0) if fit_intercept else 0.0
    expected = lstsq(X - centre, y - y.mean() if fit_intercept else y, cond=1e-10)[0]
    np.testing.assert_allclose(ours.coef_, expected, rtol=1e-6, atol=1e-8)
    ours.coef_ = ours.coef_ + 1.0  # where the fit starts does not matter
    np.testing.assert_allclose(ours.fit(X, y).coef_, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("alpha", [1e-6, 1e-2, 10.0])
def test_ridge_with_fewer_samples_than_features(alpha):
    X, y = draw(20, 50)
    assert_same(closed_form(alpha).fit(X, y), Ridge(alpha * 20, solver="svd").fit(X, y), X, 1e-7)


def test_loss_is_the_objective():
    X, y = draw(50, 4, n_targets=2)
    weight = np.random.default_rng(2).uniform(0, 2, 50)
    ours = closed_form(0.3).fit(X, y, sample_weight=weight)
    squares = ((ours.predict(X) - y) ** 2).sum(axis=1) / 2
    expected = np.average(squares, weights=weight) + 0.15 * (ours.coef_**2).sum()
    np.testing.assert_allclose(ours.loss_, expected, rtol=1e-12)
    assert ours.loss_curve_ == [ours.loss_]


@pytest.mark.parametrize("y", [np.zeros(30), np.full(30, 1e8), np.arange(30.0)])
def test_what_is_fitted_exactly(y):
    X = np.arange(30.0)[:, None] - 10
    ours = closed_form().fit(X, y)
    np.testing.assert_allclose(ours.predict(X), y, rtol=1e-12, atol=1e-12)
    assert ours.stop_reason_ == "converged"
    assert ours.loss_ >= 0


def test_single_precision():
    X, y = draw(200, 6)
    single = closed_form(0.1, dtype="float32").fit(X, y)
    assert single.coef_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, closed_form(0.1).fit(X, y).coef_, rtol=1e-5)


def test_mlp_without_hidden_layers():
    X, y = draw(60, 5)
    mlp = MLPRegressor((), optimizer="closed_form", penalty=L2(0.1), dtype="float64")
    mlp.set_params(standardize=False).fit(X, y)
    np.testing.assert_allclose(mlp.predict(X), closed_form(0.1).fit(X, y).predict(X), rtol=1e-10)


def test_a_path_of_penalties_is_fused():
    X, y = draw(90, 7)
    grid = {"penalty__alpha": np.logspace(-6, 2, 30)}
    search = FusedGridSearchCV(closed_form(), grid, cv=3, return_train_score=True).fit(X, y)
    for k, alpha in enumerate(grid["penalty__alpha"]):
        theirs = Ridge(alpha * 60, solver="svd").fit(X[30:], y[30:])
        score = search.cv_results_["split0_test_score"][k]
        np.testing.assert_allclose(score, theirs.score(X[:30], y[:30]), rtol=1e-9)


class Tripled(SquaredError):
    """A user's loss that says all that the closed form needs."""

    is_quadratic = True

    def curvature(self):
        return 3.0

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return 3 * value, 3 * gradient


def test_other_quadratic_losses():
    X, y = draw(60, 5)
    ours = closed_form(0.3, loss=Tripled()).fit(X, y)
    np.testing.assert_allclose(ours.coef_, closed_form(0.1).fit(X, y).coef_, rtol=1e-10)


def test_tol_says_nothing():
    X, y = draw(60, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loose = closed_form(tol=1e3).fit(1e-3 * X, y)
    np.testing.assert_allclose(loose.coef_, LinearRegression().fit(1e-3 * X, y).coef_, rtol=1e-9)
