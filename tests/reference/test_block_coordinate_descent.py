"""Coordinate descent ends at the optima of bounds, of groups and of a softmax."""

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import lsq_linear
from sklearn.linear_model import LogisticRegression, MultiTaskLasso

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers.algebra import _blocks as blocks
from skopt_suite.optimizers.algebra._coordinates import Terms
from skopt_suite.penalties import L1, L2, MCP, Box, GroupLasso, SparseGroupLasso, Sum

RNG = np.random.default_rng(0)
WIDE = RNG.normal(size=(60, 80)) + 1
SPARSE = RNG.normal(size=(90, 60)) * (RNG.random((90, 60)) < 0.2)
LABELS = np.arange(80) // 4
TARGET = WIDE[:, :3] @ [2.0, -1.0, 1.0] + 0.3 * RNG.normal(size=60)
CLASSES = np.digitize(TARGET, np.quantile(TARGET, [0.3, 0.6]))
OF_SPARSE = np.digitize(SPARSE[:, :3].sum(axis=1), [-0.5, 0.5])
PENALTIES = {
    "groups": GroupLasso(0.05, groups=LABELS),
    "positive": GroupLasso(0.05, groups=LABELS, positive=True),
    "sparse groups": SparseGroupLasso(0.05, l1_ratio=0.5, groups=LABELS),
    "features": GroupLasso(0.05),
    "some free": GroupLasso(0.2, groups=[[0, 1, 2, 3], [*range(5, 80)]]),
    "with squares": Sum(L2(0.01), GroupLasso(0.05, groups=LABELS)),
}
TASKS = {
    "squared_error": (LinearRegressor, TARGET),
    "huber": (LinearRegressor, np.stack([TARGET, 1 - TARGET], axis=1)),
    "log_loss": (LinearClassifier, CLASSES),
}


def fitted(cls, X, y, optimizer="coordinate_descent", **settings):
    tol = 1e-9 if optimizer == "coordinate_descent" else 1e-11
    return cls(optimizer=optimizer, tol=tol, max_iter=5000, **settings).fit(X, y)


@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
@pytest.mark.parametrize("loss", TASKS)
def test_groups_end_where_proximal_gradients_do(loss, penalty):
    cls, y = TASKS[loss]
    ours = fitted(cls, WIDE, y, loss=loss, penalty=penalty)
    theirs = fitted(cls, WIDE, y, "fista", loss=loss, penalty=penalty)
    assert ours.loss_ <= theirs.loss_ * (1 + 1e-9)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    assert ours.stop_reason_ == "converged"
    assert ours.n_iter_ <= 15


def test_multi_task_lasso_is_that_of_scikit_learn():
    Y = np.stack([TARGET, 1 - TARGET + RNG.normal(size=60)], axis=1)
    ours = fitted(LinearRegressor, WIDE, Y, penalty=GroupLasso(0.1 / np.sqrt(2)))
    theirs = MultiTaskLasso(0.1, tol=1e-12, max_iter=100_000).fit(WIDE, Y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)


@pytest.mark.parametrize("storage", [np.asarray, scipy.sparse.csr_array, scipy.sparse.csc_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_l1_softmax_is_that_of_scikit_learn(storage, fit_intercept):
    X, settings = storage(SPARSE), {"fit_intercept": fit_intercept}
    ours = fitted(LinearClassifier, X, OF_SPARSE, penalty=L1(0.01), **settings)
    theirs = LogisticRegression(C=1 / 0.01 / 90, l1_ratio=1.0, solver="saga", tol=1e-8)
    theirs.set_params(max_iter=10_000, **settings).fit(X, OF_SPARSE)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    assert ours.n_iter_ <= 10


@pytest.mark.parametrize("n_rows", [60, 30], ids=["columns", "few rows"])
def test_bounds_are_those_of_scipy(n_rows):
    X, y, low, high = WIDE[:n_rows, :20], TARGET[:n_rows], -0.3, np.linspace(0, 1, 20)
    ours = fitted(LinearRegressor, X, y, penalty=Box(low, high), fit_intercept=False)
    theirs = lsq_linear(X, y, (np.full(20, low), high + 1e-300), tol=1e-12, method="bvls")
    np.testing.assert_allclose(ours.coef_, theirs.x, atol=1e-6)
    assert (ours.coef_ == low).any()


def test_bounds_of_other_losses():
    ours = fitted(LinearClassifier, SPARSE, OF_SPARSE > 1, penalty=Box(-0.5, 0.5))
    theirs = fitted(LinearClassifier, SPARSE, OF_SPARSE > 1, "fista", penalty=Box(-0.5, 0.5))
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_concave_penalties_of_a_softmax_end_at_stationary_points():
    model = fitted(LinearClassifier, SPARSE, OF_SPARSE, penalty=MCP(0.03))
    gradient = SPARSE.T @ (model.predict_proba(SPARSE) - np.eye(3)[OF_SPARSE]) / 90
    slope = MCP(0.03).linearised(model.coef_.ravel()[None]).l1.reshape(model.coef_.shape)
    used = model.coef_ != 0
    np.testing.assert_allclose(gradient.T[used], -(slope * np.sign(model.coef_))[used], atol=1e-6)
    assert (np.abs(gradient.T[~used]) <= 0.03 + 1e-9).all()


@pytest.mark.parametrize(
    "penalty", [GroupLasso(groups=LABELS[:60]), L1()], ids=lambda penalty: penalty.name
)
def test_a_stack_gives_what_fits_alone_do(penalty):
    X = scipy.sparse.csr_array(SPARSE)
    model = LinearClassifier(penalty=penalty, optimizer="coordinate_descent", tol=1e-8)
    grid = {"penalty__alpha": [0.003, 0.03, 0.3]}
    search = FusedGridSearchCV(model, grid, cv=2, scoring="neg_log_loss").fit(X, OF_SPARSE)
    assert search.fusion_report_.n_alone == 0
    best = search.best_estimator_
    alone = model.set_params(**search.best_params_).fit(X, OF_SPARSE)
    np.testing.assert_allclose(best.coef_, alone.coef_, atol=1e-9)


@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("is_coupled", [True, False])
@pytest.mark.parametrize("is_sparse", [True, False])
def test_the_kernel_is_its_definition(is_sparse, is_coupled, has_intercept):
    probability = RNG.dirichlet(np.ones(3), size=90).T
    slope = (probability - np.eye(3)[RNG.integers(0, 3, 90)].T) / 90
    root = 0.9 * probability / np.sqrt(90) if is_coupled else np.empty((0, 90))
    feature, output = np.divmod(RNG.permutation(24), 3)
    free, starts = np.full(24, np.inf), np.array([0, 3, 4, 5, 12, 20, 24])
    lower = np.where(np.arange(24) < 3, 0.0, -np.inf)
    weights = np.where(np.arange(24) % 2, np.abs(RNG.normal(size=24)), 0.0)
    terms = Terms(np.full(24, 0.003), np.full(24, 0.003), lower, free)
    norm = np.array([0.01, 0.0, 0.02, 0.01, 0.03, 0.01])
    matrix = SPARSE[:, :8].T.copy(), np.empty(0), np.empty(0, np.int32), np.empty(0, np.int64)
    if is_sparse:
        columns = scipy.sparse.csc_array(SPARSE[:, :8])
        matrix = np.empty((0, 0)), columns.data, columns.indices, columns.indptr.astype(np.int64)
    rest = feature, output, starts, slope, probability / 90, root, weights, *terms, norm
    settings = has_intercept, 1e-14, 5000
    kernel = blocks.descend_by_blocks
    found = kernel(*matrix, *rest, *settings)
    for ours, definition in zip(found, kernel.definition(*matrix, *rest, *settings), strict=True):
        np.testing.assert_allclose(ours, definition, atol=1e-9)
    assert (found[0][:3] >= 0).all()
    assert (found[0] == 0).any()
