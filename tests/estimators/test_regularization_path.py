"""A path is what fits alone are, begins where weights begin, and says what is wrong first."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge, enet_path, lasso_path
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skopt_suite import LinearClassifier, LinearRegressor, MLPRegressor, regularization_path
from skopt_suite.estimators import _path
from skopt_suite.penalties import (
    L1,
    L2,
    MCP,
    ElasticNet,
    GroupLasso,
    SparseGroupLasso,
    WeightedL1,
)

X, Y = scale(load_diabetes().data), scale(load_diabetes().target)
CANCER, IS_BENIGN = scale(load_breast_cancer().data), load_breast_cancer().target
GROUPS = [[0, 1, 2], [3, 4], [5, 6, 7, 8, 9]]


@pytest.mark.parametrize(
    "model, y",
    [
        (LinearRegressor(loss="huber", penalty="scad", tol=1e-8), Y),
        (LinearRegressor(loss="quantile", penalty="l1", fit_intercept=False, tol=1e-8), Y),
        (LinearRegressor(penalty=GroupLasso(groups=GROUPS), tol=1e-10), np.stack([Y, -Y], axis=1)),
        (LinearClassifier(loss="squared_hinge", penalty="elastic_net", tol=1e-8), Y > 0),
        (LinearClassifier(standardize=True, tol=1e-8), np.digitize(Y, [-0.5, 0.5])),
    ],
    ids=["huber scad", "quantile l1", "group lasso", "squared hinge", "three classes"],
)
def test_is_what_fits_alone_are(model, y):
    path = regularization_path(model, X, y, alphas=4, eps=0.1)
    assert (np.diff(path.alphas) < 0).all()
    assert path.alphas[-1] == pytest.approx(0.1 * path.alphas[0])
    for k, alpha in enumerate(path.alphas):
        alone = model.set_params(penalty__alpha=alpha).fit(X, y)
        np.testing.assert_allclose(path.coefs[k], alone.coef_, atol=1e-5)
        np.testing.assert_allclose(path.intercepts[k], alone.intercept_, atol=1e-5)
        assert path.objectives[k] == pytest.approx(alone.loss_)
        np.testing.assert_array_equal(path.estimators[k].predict(X), path.estimators[k].predict(X))
        assert path.estimators[k].get_params()["penalty__alpha"] == alpha


def test_lasso_is_that_of_scikit_learn():
    alphas, coefs, gaps = lasso_path(X, Y, alphas=30, tol=1e-12, max_iter=100_000)
    path = regularization_path(LinearRegressor(penalty="l1", tol=1e-10), X, Y, alphas=30)
    np.testing.assert_allclose(path.alphas, alphas, rtol=1e-7)
    np.testing.assert_allclose(path.coefs, coefs.T, atol=1e-7)
    assert path.dual_gaps.shape == gaps.shape
    assert path.dual_gaps.max() < 1e-9


@pytest.mark.parametrize("store", [np.asarray, scipy.sparse.csr_array])
def test_elastic_net_is_that_of_scikit_learn(store):
    settings = {"l1_ratio": 0.6, "alphas": 10, "eps": 0.01}
    alphas, coefs, _ = enet_path(X, Y, tol=1e-12, **settings)
    model = LinearRegressor(penalty=ElasticNet(l1_ratio=0.6), tol=1e-10)
    path = regularization_path(model, store(X), Y, alphas=10, eps=0.01)
    np.testing.assert_allclose(path.alphas, alphas, rtol=1e-7)
    np.testing.assert_allclose(path.coefs, coefs.T, atol=1e-7)


def test_l1_logistic_is_that_of_scikit_learn():
    alphas = [0.02, 0.1]
    model = LinearClassifier(penalty="l1", tol=1e-10)
    path = regularization_path(model, CANCER, IS_BENIGN, alphas=alphas)
    np.testing.assert_array_equal(path.alphas, alphas[::-1])
    for alpha, coef, intercept in zip(path.alphas, path.coefs, path.intercepts, strict=True):
        theirs = LogisticRegression(C=1 / alpha / len(CANCER), l1_ratio=1.0, solver="saga")
        theirs.set_params(tol=1e-8, max_iter=10_000, random_state=0).fit(CANCER, IS_BENIGN)
        np.testing.assert_allclose(coef, theirs.coef_, atol=1e-5)
        np.testing.assert_allclose(intercept, theirs.intercept_, atol=1e-5)


@pytest.mark.parametrize(
    "model, y",
    [
        (LinearRegressor(penalty="l1"), Y),
        (LinearRegressor(penalty=L1(positive=True), loss="log_cosh"), Y),
        (LinearRegressor(penalty=ElasticNet(l1_ratio=0.01), loss="huber"), Y),
        (LinearRegressor(penalty="l1", loss="poisson"), np.exp(Y)),
        (LinearRegressor(penalty="mcp", standardize=True), 1e6 * Y),
        (LinearRegressor(penalty=GroupLasso(groups=GROUPS), tol=1e-8), Y),
        (LinearRegressor(penalty=SparseGroupLasso(groups=GROUPS, l1_ratio=0.5), tol=1e-8), Y),
        (LinearClassifier(penalty="l1"), Y > 1),
        (LinearClassifier(penalty="group_lasso", tol=1e-8), np.digitize(Y, [-0.5, 0.5])),
    ],
    ids=lambda value: " ".join(repr(value).split()) if hasattr(value, "fit") else "",
)
def test_begins_where_weights_begin(model, y):
    at, below = regularization_path(model, X + 3, y, alphas=2, eps=0.99).coefs
    assert not at.any()
    assert below.any()


def test_a_strength_for_groups_is_their_dual_norm():
    path = regularization_path(LinearRegressor(penalty=GroupLasso(groups=GROUPS)), X, Y, alphas=1)
    slope = X.T @ (Y - Y.mean()) / len(Y)
    norms = [np.linalg.norm(slope[group]) / np.sqrt(len(group)) for group in GROUPS]
    assert path.alphas == pytest.approx(max(norms), rel=1e-6)


def test_features_without_a_penalty_are_there_from_the_beginning():
    model = LinearRegressor(penalty=WeightedL1(feature_weights=[0.0] + 9 * [1.0]), tol=1e-9)
    at, below = regularization_path(model, X, Y, alphas=2, eps=0.98).coefs
    np.testing.assert_array_equal(np.flatnonzero(at), [0])
    assert np.count_nonzero(below) == 2


def test_losses_with_kinks_begin_where_slopes_on_both_sides_balance():
    model = LinearClassifier(loss="hinge", penalty="l1")
    path = regularization_path(model, CANCER, IS_BENIGN, alphas=2, eps=0.1)
    n_benign = np.count_nonzero(IS_BENIGN)  # more than half: predicted alone, they are at the kink
    n = len(IS_BENIGN)
    slope = np.where(IS_BENIGN, -(n - n_benign) / n_benign, 1.0) / n
    assert path.alphas[0] == pytest.approx(np.abs(slope @ CANCER).max())
    assert not path.coefs[0].any()
    assert np.count_nonzero(path.coefs[-1]) >= 2


@pytest.mark.parametrize("loss", ["squared_error", "huber", "quantile"])
def test_squares_begin_where_they_shrink_tenfold(loss):
    y = 1e4 * Y
    model = LinearRegressor(loss=loss, penalty="l2", tol=1e-8)
    path = regularization_path(model, X[:, :1], y, alphas=3, eps=1e-6)
    share = path.coefs[0, 0] / path.coefs[-1, 0]
    assert 0.05 < share < 0.2


def test_weights_of_rows_count_like_copies():
    weight = np.random.default_rng(0).integers(0, 3, size=len(Y))
    model = LinearRegressor(penalty="l1", tol=1e-9)
    weighted = regularization_path(model, X, Y, alphas=5, sample_weight=weight)
    copied = regularization_path(model, X.repeat(weight, axis=0), Y.repeat(weight), alphas=5)
    np.testing.assert_allclose(weighted.alphas, copied.alphas)
    np.testing.assert_allclose(weighted.coefs, copied.coefs, atol=1e-6)


def test_scores_are_those_of_a_search():
    pipe = make_pipeline(StandardScaler(), LinearRegressor(penalty="l1", tol=1e-8))
    weight = np.random.default_rng(0).uniform(size=len(Y))
    path = regularization_path(pipe, 3 * X + 1, Y, alphas=8, cv=4, sample_weight=weight)
    search = GridSearchCV(pipe, {"linearregressor__penalty__alpha": path.alphas}, cv=4)
    search.fit(3 * X + 1, Y, linearregressor__sample_weight=weight)
    np.testing.assert_allclose(
        path.test_scores.mean(axis=1), search.cv_results_["mean_test_score"], atol=1e-7
    )
    assert path.best_index == search.best_index_
    best = path.estimators[path.best_index]
    np.testing.assert_allclose(best.predict(X), search.best_estimator_.predict(X), atol=1e-6)


def test_chunks_are_the_same_rows():
    model = LinearClassifier(penalty="l1", optimizer="fista", tol=1e-8)
    whole = regularization_path(model, X, Y > 0, alphas=3)
    chunks = [(X[i : i + 100], Y[i : i + 100] > 0) for i in range(0, len(X), 100)]
    in_chunks = regularization_path(model, chunks, None, alphas=3)
    np.testing.assert_allclose(in_chunks.alphas, whole.alphas)
    np.testing.assert_allclose(in_chunks.coefs, whole.coefs, atol=1e-7)


def test_pieces_that_fit_into_memory_are_one_path(monkeypatch):
    model = LinearRegressor(penalty="l1")
    whole = regularization_path(model, X, Y, alphas=6)
    monkeypatch.setattr(_path, "free_memory", lambda placement: 0)
    in_pieces = regularization_path(model, X, Y, alphas=6)
    np.testing.assert_allclose(in_pieces.coefs, whole.coefs, atol=1e-10)


def test_the_estimator_stays_as_it_is():
    model = LinearRegressor(penalty=L1(alpha=3.0))
    regularization_path(model, X, Y, alphas=2)
    assert model.get_params()["penalty__alpha"] == 3.0
    assert not hasattr(model, "coef_")


def test_warns_once_of_fits_that_are_not_done():
    model = LinearRegressor(penalty="group_lasso", max_iter=2, tol=1e-12)
    with pytest.warns(ConvergenceWarning, match=r"2 of 3 fits are not done.*max_iter=2") as caught:
        regularization_path(model, X, Y, alphas=3)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_constant_targets_have_a_path():
    path = regularization_path(LinearRegressor(penalty="l1"), X, np.ones(len(X)), alphas=3)
    assert (path.alphas > 0).all()
    assert not path.coefs.any()


@pytest.mark.parametrize(
    "model, settings, error, message",
    [
        (Ridge(), {}, TypeError, r"estimator must be a LinearClassifier.*got Ridge\(\)"),
        (MLPRegressor(), {}, TypeError, "estimator must be a LinearClassifier"),
        (make_pipeline(StandardScaler()), {}, TypeError, "a Pipeline that ends with one"),
        (LinearRegressor(penalty="none"), {}, ValueError, "penalty of the estimator must have an"),
        (LinearRegressor(penalty="max_norm"), {}, ValueError, "alpha, as 'l1', .* do; got MaxNorm"),
        (LinearRegressor(), {"alphas": []}, ValueError, r"alphas must be how many.*got \[\]"),
        (LinearRegressor(), {"alphas": 1.0}, ValueError, "or a sequence of numbers > 0; got 1.0"),
        (LinearRegressor(), {"alphas": ["a"]}, ValueError, "alphas must be how many"),
        (LinearRegressor(), {"alphas": [1.0, 0.0]}, ValueError, "must be numbers > 0; got 0.0"),
        (LinearRegressor(), {"alphas": [np.nan]}, ValueError, "numbers > 0; got nan"),
        (LinearRegressor(), {"alphas": 0}, ValueError, "alphas must be a whole number.*got 0"),
        (LinearRegressor(), {"eps": 1.0}, ValueError, r"eps must be a number in \(0, 1\); got 1"),
        (LinearRegressor(tol=-1), {}, ValueError, "tol must be"),
        (
            LinearRegressor(),
            {"cv": 3},
            ValueError,
            "cv needs X and y that can be split; got y=None",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_accepted_is_said_before_data_is_looked_at(model, settings, error, message):
    with pytest.raises(error, match=message):
        regularization_path(model, "no data", None, **settings)


@pytest.mark.parametrize("penalty", [L2(alpha=[0.1, 0.2]), MCP(gamma=2.0)], ids=["l2", "mcp"])
def test_the_strength_of_the_estimator_does_not_count(penalty):
    path = regularization_path(LinearRegressor(penalty=penalty), X, Y[:, None], alphas=[0.1])
    assert path.estimators[0].penalty_.alpha == 0.1
