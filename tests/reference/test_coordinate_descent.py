"""Coordinate descent ends at known optima, in few iterations, on any storage."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from sklearn.linear_model import LogisticRegression

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers.algebra import _coordinates as coordinates
from skopt_suite.optimizers.algebra._working_set import WorkingSet
from skopt_suite.penalties import L1, L2, MCP, SCAD, ElasticNet, WeightedL1

RNG = np.random.default_rng(0)
TALL, WIDE = RNG.normal(size=(120, 8)) + 5, RNG.normal(size=(60, 150)) + 5
SPARSE = RNG.normal(size=(90, 200)) * (RNG.random((90, 200)) < 0.1)
DATA = {"tall": TALL, "wide": WIDE, "sparse": SPARSE}
WEIGHT = RNG.integers(0, 3, size=120).astype(float)


def targets(X):
    signal = X[:, :3] @ [2.0, -1.0, 1.0]
    return signal - signal.mean() + 0.5 * np.random.default_rng(1).normal(size=len(X)) + 3


def stored(name):
    return scipy.sparse.csr_array(DATA[name]) if name == "sparse" else DATA[name]


def fitted(cls, X, y, optimizer="coordinate_descent", weight=None, **settings):
    model = cls(**{"optimizer": optimizer, "tol": 1e-10, "max_iter": 5000, **settings})
    return model.fit(X, y, sample_weight=weight)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", DATA)
def test_elastic_net_is_that_of_scikit_learn(name, weighted, fit_intercept):
    X, y = stored(name), targets(DATA[name])
    weight = WEIGHT[: len(y)] if weighted else None
    penalty = ElasticNet(alpha=0.05, l1_ratio=0.8)
    ours = fitted(
        LinearRegressor, X, y, weight=weight, penalty=penalty, fit_intercept=fit_intercept
    )
    theirs = SklearnElasticNet(0.05, l1_ratio=0.8, tol=1e-12, fit_intercept=fit_intercept)
    theirs.max_iter = 100_000
    theirs.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)
    assert ours.n_iter_ <= 40
    assert ours.stop_reason_ in ("converged", "precision")


@pytest.mark.parametrize("far", [3.0, 1e6])
def test_intercepts_are_found_where_the_loss_is_hardly_curved(far):
    X, y = TALL - TALL.mean(axis=0), 20 * targets(TALL) + far
    model = fitted(LinearRegressor, X, y, loss="log_cosh", penalty=L1(0.7))
    left = y - model.predict(X)
    assert abs(np.tanh(left).mean()) < 1e-6
    assert np.abs(X.T @ np.tanh(left) / len(y)).max() <= 0.7 + 1e-6


@pytest.mark.parametrize("loss", ["log_cosh", "huber"])
def test_where_the_loss_is_hardly_curved_l2_ends_at_the_optimum(loss):
    """Weights that are almost 0 prove nothing, and neither does an intercept off the optimum."""
    y = 1e6 * np.exp(TALL[:, 0] - 5 + 0.3 * targets(TALL))
    model = fitted(LinearRegressor, TALL, y, loss=loss, penalty=L2(1e-3), tol=1e-4)
    left = model.predict(TALL) - y
    slope = np.tanh(left) if loss == "log_cosh" else np.clip(left, -1.35, 1.35)
    best = fitted(LinearRegressor, TALL, y, "lbfgs", loss=loss, penalty=L2(1e-3))
    assert abs(slope.mean()) < 1e-6
    assert 0 <= model.loss_ - best.loss_ <= 1.01 * model.dual_gap_ <= 1e-4 * y.std()


def test_intercepts_are_found_in_few_steps(monkeypatch):
    taken, shift = [], WorkingSet._newton_shift

    def counted(self, raw):
        taken.append(shift(self, raw))
        return taken[-1]

    monkeypatch.setattr(WorkingSet, "_newton_shift", counted)
    model = fitted(LinearClassifier, TALL, targets(TALL) > 3, penalty=L1(0.02))
    assert taken[-1] == 0
    assert len(taken) <= 4 * model.n_iter_


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", ["wide", "sparse"])
def test_l1_logistic_is_that_of_scikit_learn(name, fit_intercept):
    X, y = stored(name), targets(DATA[name]) > 3
    ours = fitted(LinearClassifier, X, y, penalty=L1(0.02), fit_intercept=fit_intercept)
    theirs = LogisticRegression(C=1 / 0.02 / len(y), l1_ratio=1.0, solver="saga", tol=1e-9)
    theirs.set_params(max_iter=100_000, fit_intercept=fit_intercept)
    if name == "wide":  # saga takes long where columns have means
        theirs = fitted(
            LinearClassifier, X, y, "fista", penalty=L1(0.02), fit_intercept=fit_intercept
        )
    theirs.fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    assert ours.n_iter_ <= 15


@pytest.mark.parametrize(
    "loss", ["huber", "log_cosh", "squared_epsilon_insensitive", "poisson", "gamma", "tweedie"]
)
def test_losses_of_regressors(loss):
    y = np.exp(targets(SPARSE) / 4)
    y = y + 0.01 if loss in ("gamma", "poisson", "tweedie") else y
    settings = {"loss": loss, "penalty": WeightedL1(0.02, feature_weights=np.tile([1.0, 2.0], 100))}
    ours = fitted(LinearRegressor, scipy.sparse.csr_array(SPARSE), y, **settings)
    theirs = fitted(LinearRegressor, SPARSE, y, "fista", **settings)
    assert ours.loss_ <= theirs.loss_ * (1 + 1e-8)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)


@pytest.mark.parametrize("loss", ["squared_hinge", "modified_huber"])
def test_losses_of_classifiers_with_three_classes(loss):
    y = np.digitize(targets(WIDE), [1.5, 4.0])
    settings = {"loss": loss, "penalty": ElasticNet(0.02, positive=True)}
    ours = fitted(LinearClassifier, WIDE, y, **settings)
    theirs = fitted(LinearClassifier, WIDE, y, "fista", tol=1e-8, **settings)
    assert ours.loss_ <= theirs.loss_ * (1 + 1e-7)
    assert (ours.coef_ >= 0).all()


@pytest.mark.parametrize("penalty", [MCP(0.1), SCAD(0.1)], ids=lambda penalty: penalty.name)
@pytest.mark.parametrize("name", ["tall", "wide"])
def test_concave_penalties_end_at_stationary_points(name, penalty):
    X, y = DATA[name], targets(DATA[name])
    model = fitted(LinearRegressor, X, y, penalty=penalty)
    used = model.coef_ != 0
    assert 3 <= used.sum() < 20
    assert model.n_iter_ <= 8 or name == "tall"
    gradient = X.T @ (model.predict(X) - y) / len(y)
    slope = penalty.linearised(model.coef_[None]).l1[0]
    np.testing.assert_allclose(gradient[used], -(slope * np.sign(model.coef_))[used], atol=1e-6)
    assert (np.abs(gradient[~used]) <= 0.1 + 1e-9).all()


@pytest.mark.parametrize("n_rows", [40, 3], ids=["moments", "columns"])
def test_many_targets_are_many_fits(n_rows):
    X, Y = WIDE[:n_rows, :6], WIDE[:n_rows, 6:8]
    both = fitted(LinearRegressor, X, Y, penalty=L1(alpha=[0.05, 0.2]))
    for j, alpha in enumerate([0.05, 0.2]):
        one = fitted(LinearRegressor, X, Y[:, j], penalty=L1(alpha))
        np.testing.assert_allclose(both.coef_[j], one.coef_, atol=1e-9)


@pytest.mark.parametrize("name", DATA)
def test_a_stack_gives_what_fits_alone_do(name):
    X, y = stored(name), targets(DATA[name])
    model = LinearRegressor(penalty="l1", optimizer="coordinate_descent", tol=1e-8)
    grid = {"penalty__alpha": [0.001, 0.01, 0.1, 1.0], "fit_intercept": [True]}
    search = FusedGridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.fusion_report_.n_alone == 0
    half = len(y) // 2
    for k, alpha in enumerate(grid["penalty__alpha"]):
        alone = model.set_params(penalty__alpha=alpha).fit(X[half:], y[half:])
        score = search.cv_results_["split0_test_score"][k]
        np.testing.assert_allclose(score, alone.score(X[:half], y[:half]), rtol=1e-6)


def test_columns_of_any_mean_and_scale_end_at_the_same_optimum():
    y, factor = targets(TALL), 10.0 ** np.arange(-4, 4)
    weights = WeightedL1(0.1, feature_weights=np.ones(8))
    scaled = WeightedL1(0.1, feature_weights=factor)
    plain = fitted(LinearRegressor, TALL, y, loss="huber", penalty=weights)
    moved = fitted(LinearRegressor, (TALL + 1e3) * factor, y, loss="huber", penalty=scaled)
    np.testing.assert_allclose(moved.coef_ * factor, plain.coef_, rtol=1e-5, atol=1e-7)


def test_columns_of_sparse_rows_stay_as_they_are(monkeypatch):
    X, y = scipy.sparse.csr_array(SPARSE), targets(SPARSE)
    by_rows = fitted(LinearRegressor, X, y, penalty=L1(0.05))
    by_column = X.tocsc()
    monkeypatch.setattr(scipy.sparse.csc_array, "tocsr", None)
    ours = fitted(LinearRegressor, by_column, y, penalty=L1(0.05))
    np.testing.assert_array_equal(ours.coef_, by_rows.coef_)


@pytest.mark.parametrize("settings", [{"optimizer": "fista"}, {"standardize": True}], ids=str)
def test_columns_of_sparse_rows_become_rows_for_others(settings):
    X, y = scipy.sparse.csr_array(SPARSE), targets(SPARSE)
    found = [fitted(LinearRegressor, A, y, penalty=L1(0.05), **settings) for A in (X, X.tocsc())]
    np.testing.assert_array_equal(found[0].coef_, found[1].coef_)


def test_single_precision():
    X, y = WIDE.astype(np.float32), targets(WIDE).astype(np.float32)
    ours = LinearRegressor(penalty=L1(0.05), optimizer="coordinate_descent").fit(X, y)
    double = fitted(LinearRegressor, WIDE, y, penalty=L1(0.05))
    assert ours.coef_.dtype == np.float32
    np.testing.assert_allclose(ours.coef_, double.coef_, atol=2e-3)


@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("storage", ["columns", "sparse_columns"])
def test_kernels_are_their_definitions(storage, has_intercept):
    slope, curvature = RNG.normal(size=90) / 90, RNG.random(90) / 90
    weights = np.where(np.arange(12) % 2, RNG.normal(size=12), 0.0)
    bounds = np.where(np.arange(12) < 3, 0.0, -np.inf), np.full(12, 2.0)
    terms = coordinates.Terms(np.full(12, 0.01), np.full(12, 0.003), *bounds)
    rest = slope, curvature, np.clip(weights, *bounds), *terms, has_intercept, 1e-13, 2000
    chosen = np.arange(3, 15)
    if storage == "columns":
        matrix = (np.ascontiguousarray(SPARSE[:, chosen].T),)
    else:
        sparse = scipy.sparse.csc_array(SPARSE)
        matrix = sparse.data, sparse.indices, sparse.indptr, chosen
    kernel = getattr(coordinates, f"descend_by_{storage}")
    for ours, definition in zip(
        kernel(*matrix, *rest), kernel.definition(*matrix, *rest), strict=True
    ):
        np.testing.assert_allclose(ours, definition, atol=1e-9)
    found = kernel(*matrix, *rest)[0]
    assert (found[:3] >= 0).all()
    assert (found == 0).any()


def test_a_number_that_is_none_is_not_hidden():
    second = np.eye(4)[None]
    gradient = np.array([[1.0, np.nan, 1.0, 1.0]])
    zero, bound = np.zeros((1, 4)), np.full((1, 4), np.inf)
    kernel = coordinates.descend_by_moments
    for run in (kernel, kernel.definition):
        weights, _ = run(second, gradient, zero, zero, zero, -bound, bound, np.array([1e-9]), 5)
        assert np.isnan(weights[0, 1])


@pytest.mark.parametrize("n_matrices", [1, 2])
def test_problems_in_one_call_are_solved_as_alone(n_matrices):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_matrices, 30, 6))
    second = np.matmul(X.transpose(0, 2, 1), X) / 30
    gradient, weights = rng.normal(size=(2, 4, 6))
    l1, l2 = rng.uniform(0, 0.5, size=(2, 4, 6))
    bound, tol = np.full((4, 6), 0.8), np.geomspace(1e-3, 1e-12, 4)
    numbers = gradient, weights.clip(-0.8, 0.8), l1, l2, -bound, bound, tol
    kernel = coordinates.descend_by_moments
    together = kernel(second, *numbers, 200)
    for k in range(4):
        own = second[k * n_matrices // 4][None]
        alone = kernel.definition(own, *(part[k : k + 1] for part in numbers), 200)
        for ours, definition in zip(together, alone, strict=True):
            np.testing.assert_allclose(ours[k], definition[0], atol=1e-10)


@pytest.mark.parametrize("container", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
def test_weights_near_0_that_nothing_pulls_there_prove_nothing(loss, container):
    rng = np.random.default_rng(36)
    X = rng.normal(size=(20, 1))
    y = 1e6 * (5 + X[:, 0] + 0.1 * rng.normal(size=20))  # at first all slopes are the same
    settings = {"loss": loss, "penalty": "none"}
    model = LinearRegressor(optimizer="coordinate_descent", **settings).fit(container(X), y)
    known = LinearRegressor(optimizer="lbfgs", **settings).fit(X, y)
    assert model.loss_ < 1.001 * known.loss_
