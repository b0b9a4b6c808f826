"""Conjugate gradients of least squares: what they find, and how far they say that it is."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold

from skopt_suite import LinearRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers.algebra._design import Design, Hessian
from skopt_suite.optimizers.algebra._truncated_cg import System
from skopt_suite.optimizers.solvers import _conjugate_gradients as solver
from skopt_suite.optimizers.solvers._conjugate_gradients import _gap
from skopt_suite.penalties import L2

RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(200, 40)) * (RNG.random((200, 40)) < 0.2) * 10.0 ** RNG.uniform(-2, 2, 40)
X = scipy.sparse.csr_array(DENSE)
WIDE = scipy.sparse.hstack([X] * 4, format="csr")
Y = DENSE[:, :5] @ RNG.normal(size=5) + RNG.normal(size=200) + 3
WEIGHT = RNG.integers(0, 3, size=200).astype(float)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("storage", ["csr_array", "csc_array", "asarray"])
@pytest.mark.parametrize("alpha", [1e-4, 1.0])
def test_they_end_at_the_optimum(alpha, storage, weighted, fit_intercept):
    rows = DENSE if storage == "asarray" else getattr(scipy.sparse, storage)(X)
    weight = WEIGHT if weighted else None
    ours = LinearRegressor(
        penalty=L2(alpha), optimizer="newton_cg", tol=1e-14, fit_intercept=fit_intercept
    ).fit(rows, Y, sample_weight=weight)
    total = WEIGHT.sum() if weighted else len(Y)
    theirs = Ridge(alpha * total, solver="cholesky", fit_intercept=fit_intercept)
    theirs.fit(DENSE, Y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict(rows), theirs.predict(DENSE), atol=1e-6)
    error = Y - theirs.predict(DENSE)
    least = np.average(error**2, weights=weight) / 2 + alpha / 2 * theirs.coef_ @ theirs.coef_
    assert ours.loss_ == pytest.approx(least, rel=1e-10)


@pytest.mark.parametrize("tol", [1e-3, 1e-6])
@pytest.mark.parametrize("alpha", [1e-6, 1e-2, 1.0])
def test_they_go_on_until_no_more_can_be_gained(alpha, tol):
    def fall(tol):
        model = LinearRegressor(penalty=L2(alpha), optimizer="newton_cg", tol=tol, max_iter=1000)
        return Y.var() / 2 - model.fit(X, Y).loss_, model.n_iter_

    whole, n_most = fall(1e-14)
    found, n_iter = fall(tol)
    assert found >= (1 - tol) * whole
    assert n_iter < n_most


@pytest.mark.parametrize("seed", range(6))
def test_an_iteration_that_gains_little_is_not_the_end(seed):
    """Where one eigenvalue is far above the others, some iterations only find it again."""
    rng = np.random.default_rng(seed)
    wide = 0.1 * rng.normal(size=(200, 600)) + rng.normal(size=(200, 1)) * rng.normal(size=600)
    y = wide[:, :20] @ rng.normal(size=20) + rng.normal(size=200)
    best = Ridge(1e-4 * 200).fit(wide, y)
    ours = LinearRegressor(penalty=L2(1e-4), optimizer="newton_cg", tol=1e-3).fit(wide, y)
    lowest = ((y - best.predict(wide)) ** 2).mean() / 2 + 5e-5 * best.coef_ @ best.coef_
    assert ours.loss_ - lowest <= 1e-3 * (y.var() / 2 - lowest)


def test_they_make_few_iterations_more_than_they_need(monkeypatch):
    made, advance = [], solver.advance
    monkeypatch.setattr(solver, "advance", lambda *given: made.append(1) or advance(*given))
    model = LinearRegressor(penalty=L2(1e-2), optimizer="newton_cg", tol=1e-6).fit(X, Y)
    n_made = len(made)
    made.clear()
    model.set_params(max_iter=model.n_iter_ - 1)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    assert 4 <= len(made) < n_made <= 1.25 * len(made)


@pytest.mark.parametrize("has_intercept", [True, False])
def test_a_gap_is_no_less_than_what_can_be_gained(has_intercept):
    mean = DENSE.mean(axis=0)[None] if has_intercept else None
    centred = DENSE - DENSE.mean(axis=0) * has_intercept
    columns = np.hstack([centred, np.ones((200, 1))]) if has_intercept else centred
    design = Design(DENSE, mean, centred.var(axis=0)[None])
    share = np.full((1, 200, 1), 1 / 200)
    ridge = np.full((1, design.n_columns, 1), 0.1)
    ridge[:, 40:] = 0.0
    matrix = columns.T @ columns / 200 + np.diag(ridge[0, :, 0])
    system = System.of(design, Hessian(share), ridge)
    for scale in 10.0 ** np.arange(-3, 3):
        residual = RNG.normal(size=design.n_columns) * scale
        fall = residual @ np.linalg.solve(matrix, residual) / 2
        assert fall * (1 - 1e-12) <= _gap(system, residual[None, :, None])[0] < np.inf
    free = ridge.copy()
    free[0, 0] = 0.0
    assert _gap(system._replace(ridge=free), residual[None, :, None])[0] == np.inf


@pytest.mark.parametrize("before, offset", [(0.0, 1e9), (1e9, 0.0)])
def test_the_objective_is_known_where_next_to_nothing_is_left_of_the_first_one(before, offset):
    """It was large as targets are far from 0, or as a fit goes on from weights of another unit."""
    model = LinearRegressor(penalty=L2(0.1), optimizer="newton_cg", tol=1e-8, warm_start=True)
    y = Y + offset
    model = model.fit(X, before * Y).fit(X, y)
    objective = ((y - model.predict(X)) ** 2).mean() / 2 + 0.05 * model.coef_ @ model.coef_
    assert model.loss_ == pytest.approx(objective, rel=1e-6)
    assert model.loss_ == pytest.approx(LinearRegressor(penalty=L2(0.1)).fit(X, Y).loss_, rel=1e-6)


@pytest.mark.parametrize("mean", [0.0, 1000.0])
def test_targets_far_from_zero_are_met_like_others(mean):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3, 900)) + mean, 1e4 + 1e-6 * rng.normal(size=3)
    reg = LinearRegressor(penalty=L2(1e-8), optimizer="newton_cg", tol=1e-3).fit(X, y)
    assert reg.n_iter_ == 1
    np.testing.assert_allclose(reg.predict(X), y, rtol=0, atol=1e-9)


def test_they_go_on_from_where_a_fit_was():
    model = LinearRegressor(penalty=L2(0.1), optimizer="newton_cg", tol=1e-12, warm_start=True)
    first = model.fit(X, Y)
    coef, loss, n_iter = first.coef_.copy(), first.loss_, first.n_iter_
    again = model.fit(X, Y)
    assert again.loss_ == pytest.approx(loss, rel=1e-10)
    np.testing.assert_allclose(again.coef_, coef, atol=1e-8)
    assert again.n_iter_ < n_iter


def test_fits_leave_their_stack_one_by_one():
    search = {"penalty__alpha": [1e-5, 1e-1, 10.0]}
    model = LinearRegressor(penalty="l2", optimizer="newton_cg", tol=1e-9, max_iter=500)
    found = [
        kind(model, search, cv=KFold(3), refit=False).fit(X, Y).cv_results_["mean_test_score"]
        for kind in (FusedGridSearchCV, GridSearchCV)
    ]
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_columns_of_sparse_rows_stay_as_they_are(monkeypatch):
    by_column = X.tocsc()
    monkeypatch.setattr(scipy.sparse.csc_array, "tocsr", None)
    LinearRegressor(penalty=L2(0.1), optimizer="newton_cg").fit(by_column, Y)


@pytest.mark.parametrize(
    "rows, settings, name",
    [
        (WIDE, {}, "newton_cg"),
        (WIDE, {"penalty": "none"}, "lbfgs"),
        (WIDE, {"loss": "huber"}, "lbfgs"),
        (WIDE.toarray(), {}, "newton_cg"),
        (WIDE[:50].toarray(), {}, "lbfgs"),  # eigenvectors of 50 rows are found at once
        (WIDE[:50], {}, "newton_cg"),
    ],
    ids=["sparse", "no penalty", "another loss", "dense", "few rows", "few sparse rows"],
)
def test_auto_takes_them_for_ridge_regression(rows, settings, name):
    model = LinearRegressor(**{"penalty": "l2", **settings}).fit(rows, Y[: rows.shape[0]])
    assert model.optimizer_.name == name
