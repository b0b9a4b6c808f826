"""Dual coordinate descent ends at known optima, and its kernel is its definition."""

import numpy as np
import pytest
import scipy.sparse

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import EpsilonInsensitive, Quantile
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers.algebra import _dual_coordinates as dual
from skopt_suite.penalties import L2

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 15)) * (RNG.random((120, 15)) < 0.3)
SPARSE = scipy.sparse.csr_array(X)
Y = X[:, :3] @ [2.0, -1.0, 1.0] + 0.3 * RNG.normal(size=120) + 1
WEIGHT = RNG.integers(0, 3, size=120).astype(float)
OPTIMIZER = "dual_coordinate_descent"


def fitted(cls, rows, y, optimizer, weight=None, **settings):
    model = cls(penalty=L2(0.05), optimizer=optimizer, tol=1e-6, max_iter=2000, **settings)
    return model.fit(rows, y, sample_weight=weight)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "loss", ["absolute_error", Quantile([0.2, 0.7]), EpsilonInsensitive(0.3)], ids=str
)
def test_regressors_come_to_the_optimum(loss, weight, fit_intercept):
    settings = {"loss": loss, "weight": weight, "fit_intercept": fit_intercept}
    ours = fitted(LinearRegressor, SPARSE, Y, OPTIMIZER, **settings)
    theirs = fitted(LinearRegressor, X, Y, "interior_point", **settings)
    assert ours.stop_reason_ == "converged"
    assert abs(ours.loss_ / theirs.loss_ - 1) < 2e-6


@pytest.mark.parametrize("labels", [Y > 1, np.digitize(Y, [0.0, 2.0])], ids=["two", "three"])
@pytest.mark.parametrize("rows", [SPARSE, X], ids=["sparse", "dense"])
def test_hinge_comes_to_the_optimum(labels, rows):
    ours = fitted(LinearClassifier, rows, labels, OPTIMIZER, loss="hinge")
    theirs = fitted(LinearClassifier, X, labels, "interior_point", loss="hinge")
    assert abs(ours.loss_ / theirs.loss_ - 1) < 2e-6
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=5e-3)


@pytest.mark.parametrize("alpha", [10.0, 1e4])
@pytest.mark.parametrize("loss", ["absolute_error", "epsilon_insensitive", "hinge"])
def test_strong_penalties_take_few_iterations(loss, alpha):
    """The intercept is all that is left then, far from 0."""
    model, y = (LinearClassifier, Y > 1) if loss == "hinge" else (LinearRegressor, Y + 100)
    fit = model(loss=loss, penalty=L2(alpha), optimizer=OPTIMIZER).fit(SPARSE, y)
    assert fit.stop_reason_ == "converged"
    assert fit.n_iter_ <= 60
    theirs = model(loss=loss, penalty=L2(alpha), optimizer="interior_point", tol=1e-9).fit(X, y)
    assert abs(fit.loss_ / theirs.loss_ - 1) < 1e-5


def test_it_is_chosen_for_sparse_rows_only_and_with_l2_only():
    settings = {"loss": "hinge"}
    assert LinearClassifier(**settings).fit(SPARSE, Y > 1).optimizer_.name == OPTIMIZER
    assert LinearClassifier(**settings).fit(X, Y > 1).optimizer_.name == "interior_point"
    model = LinearClassifier(**settings, penalty=L2(0.0), optimizer=OPTIMIZER)
    with pytest.raises(ValueError, match="needs L2 with alpha > 0"):
        model.fit(SPARSE, Y > 1)


def test_a_stack_gives_what_fits_alone_do():
    model, grid = LinearRegressor(loss="absolute_error"), {"penalty__alpha": [0.01, 0.1, 1.0]}
    search = FusedGridSearchCV(model, grid, cv=2).fit(SPARSE, Y)
    assert search.fusion_report_.n_alone == 0
    for k, alpha in enumerate(grid["penalty__alpha"]):
        alone = model.set_params(penalty__alpha=alpha).fit(SPARSE[60:], Y[60:])
        score = search.cv_results_["split0_test_score"][k]
        np.testing.assert_allclose(score, alone.score(SPARSE[:60], Y[:60]), rtol=1e-7)


def arguments(has_bias, furthest=np.inf, strengths=None):
    at = np.tile(Y, 2) + np.repeat([-0.3, 0.3], 120)
    slope = RNG.random(240) / 120
    kinks = dual.Kinks(at, np.repeat([-1.0, 0.0], 120) * slope, np.repeat([0.0, 1.0], 120) * slope)
    start = np.clip(RNG.normal(size=240), *kinks[1:])
    strengths = RNG.random(15) + 0.1 if strengths is None else strengths
    weights = -(X.T @ start.reshape(2, -1).sum(axis=0)) / strengths
    at = dual.Dual(start, weights, 0.2, furthest)
    matrix = SPARSE.data, SPARSE.indices, SPARSE.indptr
    return *matrix, kinks, RNG.permutation(120), at, strengths, has_bias, 4


@pytest.mark.parametrize("furthest", [np.inf, 0.3])
@pytest.mark.parametrize("strengths", [None, np.full(15, 0.2)], ids=["own", "one"])
@pytest.mark.parametrize("has_bias", [True, False])
def test_kernel_is_its_definition(has_bias, strengths, furthest):
    given = arguments(has_bias, furthest, strengths)
    ours, definition = dual.ascend_dual(*given), dual.ascend_dual.definition(*given)
    for one, other in zip(ours, definition, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)
    assert (ours.variables != given[5].variables).any()


@pytest.mark.parametrize("run", [dual.ascend_dual, dual.ascend_dual.definition])
def test_variables_of_a_row_are_together_where_the_dual_is_highest(run):
    x, half = scipy.sparse.csr_array([[2.0]]), np.array([-1.0, 1.0]) / 2
    kinks = dual.Kinks(half, np.array([-1.0, 0.0]), np.array([0.0, 1.0]))
    strength, order = np.ones(1), np.zeros(1, dtype=np.int64)
    ends = {-9: [-1, 0], -2.5: [-0.5, 0], 0: [0, 0], 2.5: [0, 0.5], 4.5: [0, 1], 9: [0, 1]}
    for bias, expected in ends.items():  # where predictions are bias - 4 Σ a
        for start in ([-1.0, 0.0], [0.0, 0.0], [0.0, 1.0]):
            at = dual.Dual(np.array(start), np.array([-2 * sum(start)]), bias, np.inf)
            given = x.data, x.indices, x.indptr, kinks, order, at, strength, False, 1
            np.testing.assert_allclose(run(*given).variables, expected, atol=1e-12)


def test_a_number_that_is_none_is_not_hidden():
    given = arguments(True)
    given[3].at[3] = np.nan
    for run in (dual.ascend_dual, dual.ascend_dual.definition):
        assert np.isnan(run(*given).variables[3])


def test_the_best_intercept_and_the_bound():
    kinks, raw = arguments(True)[3], RNG.normal(size=120)
    best = kinks.intercept(raw)
    for shift in (-1e-3, 1e-3):
        assert kinks.loss(raw + best) <= kinks.loss(raw + best + shift)
    given = np.clip(RNG.normal(size=240), *kinks[1:])
    balanced = kinks.balanced(given)
    assert abs(balanced.sum()) < 1e-12
    assert ((balanced >= kinks.below) & (balanced <= kinks.above)).all()
    strengths = np.full(15, 0.05)
    bound = dual.lower_bound(SPARSE, kinks, given, strengths, True)
    assert bound <= kinks.loss(raw * 0 + kinks.intercept(raw * 0))
