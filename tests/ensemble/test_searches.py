"""Ensembles in a fused search: members of all candidates are one stack, and the same as alone."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from skopt_suite import MLPClassifier, MLPRegressor
from skopt_suite.ensemble import FusedBaggingClassifier, FusedBaggingRegressor
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedRandomizedSearchCV,
    fused_cross_validate,
)
from skopt_suite.model_selection._engine import members
from skopt_suite.optimizers import Adam, GradientDescent

CLASSES = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
NUMBERS = make_regression(120, 6, noise=5.0, random_state=0)
PLAIN = {"max_iter": 4, "batch_size": 16, "dtype": "float64", "standardize": False}
RATES = {"estimator__optimizer__learning_rate": [1e-3, 1e-1]}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def bagging(**params):
    network = MLPClassifier((5,), optimizer=Adam(), **PLAIN)
    return FusedBaggingClassifier(network, n_estimators=3, random_state=0).set_params(**params)


@pytest.fixture
def stacks(monkeypatch):
    """How many fits every stack has."""
    sizes, train = [], members.train

    def counting(jobs, *args, **kwargs):
        sizes.append(len(jobs))
        return train(jobs, *args, **kwargs)

    monkeypatch.setattr(members, "train", counting)
    return sizes


def assert_same_search(ours, X, y, **fit_params):
    """The same as scikit-learn's search, which trains candidate by candidate."""
    grid = ours.param_grid
    theirs = GridSearchCV(clone(ours.estimator), grid, cv=2, return_train_score=True)
    theirs.fit(X, y, **fit_params)
    for name in ("split0_test_score", "split1_test_score", "mean_train_score"):
        np.testing.assert_allclose(ours.cv_results_[name], theirs.cv_results_[name], rtol=1e-6)
    assert ours.best_params_ == theirs.best_params_


@pytest.mark.parametrize(
    "params, grid",
    [
        ({}, {**RATES, "max_samples": [0.5, None], "n_estimators": [1, 3]}),
        ({"oob_score": True, "n_estimators": 12, "max_features": 0.5}, RATES),
        ({"estimator__early_stopping": True, "bootstrap_features": True}, RATES),
    ],
    ids=["draws", "features", "early stopping"],
)
def test_candidates_share_a_pass(params, grid, stacks):
    search = FusedGridSearchCV(bagging(**params), grid, cv=2, return_train_score=True)
    search.fit(*CLASSES)
    report, n_members = search.fusion_report_, sum(m.members for m in search.fusion_report_.entries)
    assert (report.n_groups, report.n_alone) == (1, 0)
    assert f"candidates of {n_members} members, compiled steps" in repr(report)
    assert stacks[:2] == [n_members, n_members]  # then one to refit
    assert_same_search(search, *CLASSES)


def test_pipelines_and_weights(stacks):
    weight = np.where(np.arange(120) < 90, 1.0, 0.0)
    pipeline = make_pipeline(StandardScaler(), bagging())
    name = "fusedbaggingclassifier"
    grid = {f"{name}__estimator__alpha": [1e-3, 1.0], f"{name}__max_samples": [20, 30]}
    grid = {key.replace("alpha", "penalty__alpha"): value for key, value in grid.items()}
    pipeline.set_params(**{f"{name}__estimator__penalty": "l2"})
    search = FusedGridSearchCV(pipeline, grid, cv=2, return_train_score=True)
    given = {f"{name}__sample_weight": weight}
    search.fit(*CLASSES, **given)
    assert stacks[:2] == [12, 12]
    assert_same_search(search, *CLASSES, **given)


def test_early_stopping_shares_a_pass_where_members_draw_the_same():
    ensemble = bagging(estimator__early_stopping=True, random_state=1)
    grid = {**RATES, "max_samples": [0.5, 0.7]}
    search = FusedGridSearchCV(ensemble, grid, cv=2, return_train_score=True, refit=False)
    search.fit(*CLASSES)
    assert [entry.group for entry in search.fusion_report_.entries] == [0, 1, 0, 1]
    theirs = GridSearchCV(ensemble, grid, cv=2, refit=False).fit(*CLASSES)
    ours = search.cv_results_["mean_test_score"]
    np.testing.assert_allclose(ours, theirs.cv_results_["mean_test_score"], rtol=1e-6)


def test_without_a_seed_all_candidates_get_the_same_one():
    ensemble = bagging(random_state=None)
    values = {"estimator__optimizer__learning_rate": [1e-2, 1e-2]}
    search = FusedGridSearchCV(ensemble, values, cv=2, refit=False).fit(*CLASSES)
    one, other = search.cv_results_["mean_test_score"]
    assert one == other
    assert search.fusion_report_.n_groups == 1
    found = fused_cross_validate(ensemble, *CLASSES, cv=2, return_estimator=True)
    assert [one.random_state for one in found["estimator"]] == [None, None]


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_candidate_that_fails_leaves_the_others():
    network = MLPRegressor((5,), optimizer=GradientDescent(1e-4), penalty="none", **PLAIN)
    ensemble = FusedBaggingRegressor(network, n_estimators=2, random_state=0)
    grid = {"estimator__optimizer__learning_rate": [1e-4, 1e9], "max_samples": [0.5, -1]}
    search = FusedGridSearchCV(ensemble, grid, cv=2, refit=False)
    with pytest.warns(match="6 fits failed out of a total of 8"):
        search.fit(*NUMBERS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).tolist() == [True, *[False] * 3]


def test_estimators_are_those_of_scikit_learn():
    network = MLPRegressor((5,), optimizer="adam", **PLAIN)
    ensemble = FusedBaggingRegressor(network, n_estimators=12, random_state=0, oob_score=True)
    ours = fused_cross_validate(ensemble, *NUMBERS, cv=2, return_estimator=True)
    theirs = cross_validate(ensemble, *NUMBERS, cv=2, return_estimator=True)
    np.testing.assert_allclose(ours["test_score"], theirs["test_score"], rtol=1e-6)
    for one, other in zip(ours["estimator"], theirs["estimator"], strict=True):
        assert one.oob_score_ == pytest.approx(other.oob_score_)
        assert vars(one).keys() == vars(other).keys()
        np.testing.assert_array_equal(one.estimators_samples_, other.estimators_samples_)


def test_members_of_others_are_trained_the_ordinary_way():
    grid = {"estimator": [DecisionTreeRegressor(), MLPRegressor((5,), **PLAIN)]}
    ensemble = FusedBaggingRegressor(n_estimators=2, random_state=0)
    search = FusedRandomizedSearchCV(ensemble, grid, n_iter=2, cv=2, random_state=0)
    reasons = {entry.reason for entry in search.fit(*NUMBERS).fusion_report_.entries}
    assert reasons == {
        "DecisionTreeRegressor is not an estimator of skopt_suite",
        "no other candidate could share its pass",
    }
