"""Moments of the rows of folds: found once for every part that several folds have."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, RepeatedKFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.estimators._fused import told_parts
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.model_selection._engine.shared import SharedRows
from skopt_suite.optimizers.algebra import _moments
from skopt_suite.training import _rows, _shared_moments

N_SAMPLES, N_FEATURES = 420, 4
ALPHAS = [1e-3, 0.3]


@pytest.fixture
def n_rows(monkeypatch):
    """Count the rows that moments are found of, beside those of the refit."""
    counted = []

    def moments(columns, weight, centred):
        counted.append(len(columns[0]))
        return _moments.moments(columns, weight, centred)

    for module in (_rows, _shared_moments):
        monkeypatch.setattr(module, "moments", moments)
    return counted


def data(dtype="float64"):
    """Return rows whose means and scales differ from fold to fold, far from 0."""
    rng = np.random.default_rng(0)
    drift = np.linspace(1, 3, N_SAMPLES)[:, None]
    X = 50 + drift * rng.normal(size=(N_SAMPLES, N_FEATURES)) + 4 * drift
    y = X @ rng.normal(size=N_FEATURES) + rng.normal(size=N_SAMPLES)
    return X.astype(dtype), y


def searches(model, cv):
    grid = {"penalty__alpha": ALPHAS}
    kinds = FusedGridSearchCV, GridSearchCV
    return [kind(model, grid, cv=cv, refit=False, error_score="raise") for kind in kinds]


@pytest.mark.parametrize(
    "cv",
    [
        KFold(5),
        KFold(3, shuffle=True, random_state=0),
        ShuffleSplit(2, random_state=0),
    ],
    ids=["folds", "shuffled", "overlapping"],
)
@pytest.mark.parametrize(
    "penalty, dtype", [("l1", "float64"), ("l2", "float64"), ("l2", "float32")]
)
def test_each_row_is_seen_once_and_scores_are_those_of_fits_alone(n_rows, cv, penalty, dtype):
    X, y = data(dtype)
    fused, alone = searches(LinearRegressor(penalty=penalty, tol=1e-8), cv)
    fused.fit(X, y)
    in_some = np.unique(np.concatenate([train for train, _ in cv.split(X)]))
    assert sum(n_rows) == len(in_some)
    alone.fit(X, y)
    assert_allclose(
        fused.cv_results_["mean_test_score"],
        alone.cv_results_["mean_test_score"],
        rtol=1e-10 if dtype == "float64" else 1e-5,
    )


def test_threads_find_them_together(n_rows):
    X, y = data()
    fused, alone = searches(LinearRegressor(), KFold(5))
    fused.set_params(n_jobs=2).fit(X, y)
    assert sum(n_rows) == N_SAMPLES
    alone.fit(X, y)
    found, expected = (search.cv_results_["mean_test_score"] for search in (fused, alone))
    assert_allclose(found, expected, rtol=1e-10)


def test_classes_share_moments_of_inputs():
    X, y = data()
    y = np.digitize(y, np.quantile(y, [0.4, 0.7]))
    fused, alone = searches(LinearClassifier(optimizer="lbfgs", tol=1e-9), KFold(5, shuffle=True))
    for search in (fused, alone):
        search.set_params(cv=KFold(5, shuffle=True, random_state=0), scoring="neg_log_loss")
        search.fit(X, y)
    found, expected = (search.cv_results_["mean_test_score"] for search in (fused, alone))
    assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "why", ["weights", "a step before", "early stopping", "many parts", "rows twice"]
)
def test_folds_that_cannot_share_find_their_own(n_rows, why):
    X, y = data()
    model, cv, params = LinearRegressor(optimizer="closed_form", penalty="l2"), KFold(5), {}
    name = "penalty__alpha"
    if why == "weights":
        params["sample_weight"] = np.random.default_rng(1).uniform(0.5, 2, N_SAMPLES)
    if why == "a step before":
        model, name = make_pipeline(StandardScaler(), model), "linearregressor__penalty__alpha"
    if why == "early stopping":
        model.set_params(optimizer="lbfgs", early_stopping=True, random_state=0)
    if why == "many parts":
        cv = RepeatedKFold(n_splits=5, n_repeats=4, random_state=0)
    if why == "rows twice":
        cv = [(np.r_[train, train[:40]], test) for train, test in KFold(5).split(X)]
    splits = cv if isinstance(cv, list) else list(cv.split(X))
    found = {}
    for kind in (FusedGridSearchCV, GridSearchCV):
        search = kind(model, {name: ALPHAS}, cv=splits, refit=False, error_score="raise")
        found[kind] = search.fit(X, y, **params).cv_results_["mean_test_score"]
        if kind is FusedGridSearchCV and why != "early stopping":
            assert sum(n_rows) == sum(len(train) for train, _ in splits)
    assert_allclose(found[FusedGridSearchCV], found[GridSearchCV], rtol=1e-6)


def test_targets_of_several_columns_go_along(n_rows):
    X, y = data()
    Y = np.column_stack([y, np.sin(y)])
    fused = FusedGridSearchCV(
        LinearRegressor(penalty="l2"), {"penalty__alpha": ALPHAS}, cv=KFold(5), refit=False
    )
    fused.fit(X, Y)
    assert sum(n_rows) == N_SAMPLES
    n_train = N_SAMPLES * 4 // 5
    for k, alpha in enumerate(ALPHAS):
        scores = [
            Ridge(alpha * n_train, solver="cholesky")
            .fit(X[train], Y[train])
            .score(X[test], Y[test])
            for train, test in KFold(5).split(X)
        ]
        assert_allclose(fused.cv_results_["mean_test_score"][k], np.mean(scores), rtol=1e-8)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    "cv", [KFold(5), ShuffleSplit(2, random_state=0)], ids=["folds", "overlapping"]
)
def test_the_refit_asks_only_for_rows_that_no_fold_has_trained_on(n_rows, cv, n_jobs):
    X, y = data()
    model, grid = LinearRegressor(penalty="l1", tol=1e-8), {"penalty__alpha": ALPHAS}
    search = FusedGridSearchCV(model, grid, cv=cv, n_jobs=n_jobs).fit(X, y)
    assert sum(n_rows) == N_SAMPLES
    alone = LinearRegressor(penalty=search.best_estimator_.penalty_, tol=1e-8).fit(X, y)
    assert_allclose(search.best_estimator_.coef_, alone.coef_, rtol=1e-8)
    assert search.best_estimator_.fit(X[:300], y[:300]).intercept_ != alone.intercept_
    assert sum(n_rows) == 2 * N_SAMPLES + 300


def test_classes_of_all_rows_share_moments_of_inputs_with_folds(n_rows):
    X, y = data()
    y = np.digitize(y, np.quantile(y, [0.4, 0.7]))
    model = LinearClassifier(optimizer="lbfgs", tol=1e-9)
    search = FusedGridSearchCV(model, {"penalty__alpha": ALPHAS}, cv=KFold(5)).fit(X, y)
    assert sum(n_rows) == N_SAMPLES
    alone = LinearClassifier(optimizer="lbfgs", penalty=search.best_estimator_.penalty_, tol=1e-9)
    found, expected = (one.predict_proba(X) for one in (search.best_estimator_, alone.fit(X, y)))
    assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_what_is_told_of_rows_is_forgotten_where_a_fit_fails():
    X, y = data()
    shared, model = SharedRows(), LinearRegressor()
    shared.of_splits(X, list(KFold(5).split(X)))
    with told_parts(model, shared.whole):
        assert model._parts is not None
    assert model._parts is None
    with pytest.raises(TypeError, match="colour"), told_parts(model, shared.whole):
        model.fit(X, y, colour="red")
    assert model._parts is None
