"""Fused bagging is scikit-learn's bagging of the same members."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import d2_log_loss_score
from sklearn.tree import DecisionTreeClassifier

from skopt_suite import (
    DivergenceError,
    LinearClassifier,
    LinearRegressor,
    MLPClassifier,
    MLPRegressor,
)
from skopt_suite.ensemble import FusedBaggingClassifier, FusedBaggingRegressor
from skopt_suite.estimators._ensemble import Members
from skopt_suite.optimizers import Adam, GradientDescent

CLASSES = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
CLASSES = CLASSES[0], np.array(["a", "b", "c"])[CLASSES[1]]
BINARY = make_classification(120, 6, random_state=0)
NUMBERS = make_regression(120, 6, noise=5.0, random_state=0)
NUMBERS = NUMBERS[0], NUMBERS[1] / NUMBERS[1].std()
FULL_BATCH = {"optimizer": "lbfgs", "max_iter": 5, "dtype": "float64", "standardize": False}
IN_ORDER = {
    "max_iter": 5,
    "batch_size": 32,
    "shuffle": False,
    "dtype": "float64",
    "standardize": False,
}
CASES = [
    (MLPClassifier((8,), **IN_ORDER), CLASSES),
    (MLPClassifier((8, 8), normalization="batch", **IN_ORDER), BINARY),
    (MLPClassifier((8,), "tanh", class_weight="balanced", **IN_ORDER), CLASSES),
    (MLPClassifier((8,), loss="hinge", **IN_ORDER), BINARY),
    (LinearClassifier(dtype="float64"), CLASSES),
    (MLPRegressor((8,), **IN_ORDER), NUMBERS),
    (
        MLPRegressor((8,), **FULL_BATCH),
        NUMBERS,
    ),
    (LinearRegressor(dtype="float64", optimizer="closed_form"), NUMBERS),
]
every = pytest.mark.parametrize("estimator, data", CASES, ids=lambda one: type(one).__name__)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def pair_of(estimator, **params):
    """Return our ensemble and scikit-learn's."""
    params = {"n_estimators": 4, "random_state": 0, **params}
    if hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function"):
        classes = FusedBaggingClassifier, BaggingClassifier
    else:
        classes = FusedBaggingRegressor, BaggingRegressor
    return [cls(estimator, **params) for cls in classes]


def parameters_of(model):
    coefs, intercepts = model._layers()
    return np.concatenate([np.ravel(part) for part in [*coefs, *intercepts, *model._others()]])


def assert_same_members(ours, theirs, **tolerance):
    assert len(ours.estimators_) == len(theirs.estimators_)
    for one, other in zip(ours.estimators_, theirs.estimators_, strict=True):
        np.testing.assert_allclose(parameters_of(one), parameters_of(other), **tolerance)
    for name in ("estimators_samples_", "estimators_features_"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


@pytest.mark.parametrize("n_jobs", [None, 2])
@every
def test_members_and_predictions_are_those_of_scikit_learn(estimator, data, n_jobs):
    ours, theirs = pair_of(estimator)
    ours.set_params(n_jobs=n_jobs).fit(*data)
    theirs.fit(*data)
    assert ours.reason_trained_alone_ == ""
    assert_same_members(ours, theirs, rtol=1e-6, atol=1e-8)
    assert len({parameters_of(one).tobytes() for one in ours.estimators_}) == 4
    assert Members(ours.estimators_, ours.estimators_features_).can_predict_together()
    X = data[0][:30]
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        if hasattr(theirs, method) and hasattr(theirs.estimators_[0], method):
            expected = getattr(theirs, method)(X)
            np.testing.assert_allclose(getattr(ours, method)(X), expected, rtol=1e-5, atol=1e-7)
    if isinstance(data[1][0], str):
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    else:
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5, atol=1e-7)


def test_a_member_is_the_same_fit_alone():
    X, y = NUMBERS
    ensemble, _ = pair_of(MLPRegressor((8,), **IN_ORDER))
    ensemble.fit(X, y)
    for member, rows in zip(ensemble.estimators_, ensemble.estimators_samples_, strict=True):
        counts = np.bincount(rows, minlength=len(y))
        alone = clone(member).fit(X, y, sample_weight=counts)
        np.testing.assert_allclose(parameters_of(member), parameters_of(alone), rtol=1e-6)


def test_the_order_of_rows_is_that_of_the_first_member():
    network = MLPRegressor((8,), max_iter=5, batch_size=32, dtype="float64", standardize=False)
    ours, theirs = (one.fit(*NUMBERS) for one in pair_of(network))
    same = [
        np.allclose(parameters_of(one), parameters_of(other))
        for one, other in zip(ours.estimators_, theirs.estimators_, strict=True)
    ]
    assert same == [True, False, False, False]


def test_columns_are_standardised_by_all_rows():
    X, y = NUMBERS[0] * 3 + 100, NUMBERS[1] + 5
    network = MLPRegressor((8,), **IN_ORDER).set_params(standardize=True)
    given = {"X": (X.mean(axis=0), X.std(axis=0)), "y": (y.mean(), y.std())}
    ours = pair_of(network)[0].fit(X, y)
    theirs = pair_of(clone(network).set_params(standardize=given))[1].fit(X, y)
    assert_same_members(ours, theirs, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5)


def test_inputs_far_from_zero_in_single_precision():
    X = (NUMBERS[0] + 1e4).astype(np.float32)
    ensemble = pair_of(MLPRegressor((8,), max_iter=5))[0].fit(X, NUMBERS[1])
    alone = np.mean([member.predict(X) for member in ensemble.estimators_], axis=0)
    np.testing.assert_allclose(ensemble.predict(X), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("estimator, data", [CASES[0], CASES[5]], ids=["classes", "numbers"])
def test_out_of_bag_scores(estimator, data):
    ours, theirs = (one.fit(*data) for one in pair_of(estimator, n_estimators=20, oob_score=True))
    assert ours.oob_score_ == pytest.approx(theirs.oob_score_)
    name = "oob_decision_function_" if hasattr(ours, "classes_") else "oob_prediction_"
    np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-5, atol=1e-7)


def test_weights_are_what_rows_are_drawn_by():
    X, y = CLASSES
    weight = np.where(np.arange(len(y)) < 60, 1.0, 0.0)
    ours, theirs = (one.fit(X, y, weight) for one in pair_of(CASES[0][0], max_samples=40))
    assert max(map(max, ours.estimators_samples_)) < 60
    assert_same_members(ours, theirs, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("drawn", [{"max_features": 3}, {"bootstrap_features": True}])
@pytest.mark.parametrize(
    "estimator, data", [CASES[0], CASES[1], CASES[6]], ids=["compiled", "definition", "full batch"]
)
def test_members_of_different_features_share_a_pass(estimator, data, drawn):
    drawn = {"oob_score": True, "max_samples": 20, **drawn}
    ours, theirs = (one.fit(*data) for one in pair_of(estimator, **drawn))
    assert ours.reason_trained_alone_ == ""
    assert_same_members(ours, theirs, rtol=1e-5, atol=1e-7)
    widths = [one.n_features_in_ for one in ours.estimators_]
    assert widths == [one.n_features_in_ for one in theirs.estimators_]
    assert ours.oob_score_ == pytest.approx(theirs.oob_score_)
    method = "predict_proba" if hasattr(ours, "classes_") else "predict"
    X = data[0]
    np.testing.assert_allclose(
        getattr(ours, method)(X), getattr(theirs, method)(X), rtol=1e-5, atol=1e-7
    )


def test_members_of_different_features_standardise_them_and_stop_early():
    X, y = NUMBERS[0] * np.arange(1, 7) + 100, NUMBERS[1] + 5
    network = MLPRegressor((8,), "tanh", optimizer=Adam(0.1), input_dropout=0.2, dropout=0.1)
    network.set_params(early_stopping=True, n_iter_no_change=3, max_iter=20, dtype="float64")
    drawn = {"max_features": 0.5, "bootstrap": False, "bootstrap_features": True}
    ours, theirs = (one.fit(X, y) for one in pair_of(network, **drawn))
    one, other = ours.estimators_[0], theirs.estimators_[0]
    assert ours.reason_trained_alone_ == ""
    assert one.n_iter_ == other.n_iter_ < 20
    np.testing.assert_allclose(parameters_of(one), parameters_of(other), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "estimator, of, reason",
    [
        (MLPClassifier((4,), max_iter=2), csr_array, "different features of sparse rows"),
        (LinearClassifier(max_iter=2), np.asarray, "different features and are no networks"),
        (
            MLPClassifier((4,), max_iter=2, standardize={"X": (0, 1)}),
            np.asarray,
            "different features, and standardize is given",
        ),
        (
            MLPClassifier((4,), max_iter=2, early_stopping=True, scoring="roc_auc_ovr"),
            np.asarray,
            "different features, and scoring='roc_auc_ovr' sees",
        ),
    ],
    ids=["sparse", "linear", "standardize", "scoring"],
)
def test_what_keeps_members_of_different_features_apart(estimator, of, reason):
    X, y = of(CLASSES[0]), CLASSES[1]
    ours, theirs = (one.fit(X, y) for one in pair_of(estimator, n_estimators=2, max_features=3))
    assert reason in ours.reason_trained_alone_
    assert_same_members(ours, theirs)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-5)


def test_members_stop_early_by_rows_that_they_have_not_drawn():
    X, y = CLASSES
    network = MLPClassifier((4,), optimizer=Adam(0.1), early_stopping=True)
    network.set_params(validation_fraction=0.4, n_iter_no_change=5)
    ensemble = FusedBaggingClassifier(network, n_estimators=4, random_state=0).fit(X, y)
    assert ensemble.reason_trained_alone_ == ""
    for member, drawn in zip(ensemble.estimators_, ensemble.estimators_samples_, strict=True):
        left_out = np.setdiff1d(np.arange(len(y)), drawn)
        score = d2_log_loss_score(y[left_out], member.predict_proba(X[left_out]))
        assert score == pytest.approx(member.best_validation_score_, abs=1e-5)


@pytest.mark.parametrize("scoring", ["loss", "roc_auc"])
def test_members_that_draw_all_rows_hold_out_the_same(scoring):
    X, y = BINARY
    network = MLPClassifier((4,), optimizer=Adam(0.1), early_stopping=True, scoring=scoring)
    ensemble = FusedBaggingClassifier(network, n_estimators=3, bootstrap=False, random_state=0)
    first = ensemble.fit(X, y).estimators_[0]
    alone = clone(first).fit(X, y)
    np.testing.assert_allclose(alone.predict_proba(X), first.predict_proba(X), rtol=1e-5)
    assert alone.n_iter_ == first.n_iter_


@pytest.mark.parametrize(
    "estimator, reason",
    [
        (LogisticRegression(), "LogisticRegression is not an estimator of skopt_suite"),
        (DecisionTreeClassifier(), "DecisionTreeClassifier is not an estimator of skopt_suite"),
    ],
    ids=["linear", "tree"],
)
def test_others_are_trained_as_scikit_learn_does(estimator, reason):
    ours, theirs = (one.fit(*CLASSES) for one in pair_of(estimator))
    assert ours.reason_trained_alone_ == reason
    X = CLASSES[0]
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)


def test_warm_start_adds_members():
    ensemble, _ = pair_of(CASES[0][0], n_estimators=2, warm_start=True)
    first = list(ensemble.fit(*CLASSES).estimators_)
    ensemble.set_params(n_estimators=4).fit(*CLASSES)
    whole, _ = pair_of(CASES[0][0])
    assert ensemble.estimators_[:2] == first
    for one, other in zip(ensemble.estimators_, whole.fit(*CLASSES).estimators_, strict=True):
        np.testing.assert_allclose(parameters_of(one), parameters_of(other), rtol=1e-6, atol=1e-8)


def test_a_fit_that_fails_leaves_the_ensemble_as_it_was():
    diverges = MLPRegressor((8,), optimizer=GradientDescent(1e6), max_iter=5, penalty="none")
    with pytest.raises(NotFittedError):
        _after_failure(pair_of(diverges)[0]).predict(NUMBERS[0])
    ensemble = pair_of(CASES[5][0])[0].fit(*NUMBERS)
    before = ensemble.predict(NUMBERS[0])
    _after_failure(ensemble.set_params(estimator=diverges))
    np.testing.assert_array_equal(ensemble.predict(NUMBERS[0]), before)


def _after_failure(ensemble):
    with pytest.raises(DivergenceError):
        ensemble.fit(*NUMBERS)
    return ensemble


def test_bad_parameters_are_told_before_training():
    with pytest.raises(ValueError, match=r"max_iter .* got 0"):
        FusedBaggingClassifier(MLPClassifier(max_iter=0)).fit(*CLASSES)
    with pytest.raises(ValueError, match="'n_estimators' parameter"):
        FusedBaggingClassifier(MLPClassifier(), n_estimators=0).fit(*CLASSES)


def test_clone_and_pickle():
    ensemble = pair_of(CASES[0][0])[0].fit(*CLASSES)
    loaded = pickle.loads(pickle.dumps(ensemble))
    X = CLASSES[0]
    np.testing.assert_array_equal(loaded.predict_proba(X), ensemble.predict_proba(X))
    copy = clone(ensemble)
    assert not hasattr(copy, "estimators_")
    assert repr(copy) == repr(ensemble)


def test_default_members_are_networks():
    assert type(FusedBaggingClassifier()._get_estimator()) is MLPClassifier
    assert type(FusedBaggingRegressor()._get_estimator()) is MLPRegressor


def test_multi_output():
    X, y = NUMBERS[0], np.column_stack([NUMBERS[1], -NUMBERS[1]])
    ours, theirs = (one.fit(X, y) for one in pair_of(MLPRegressor((8,), **IN_ORDER)))
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5, atol=1e-7)
