"""A raw table in, a model out."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import OneHotEncoder

from skopt_suite import LinearClassifier, MLPClassifier, MLPRegressor
from skopt_suite.tabular import TabularEncoder, TabularMLPClassifier, TabularMLPRegressor
from skopt_suite.tabular._temperature import at_temperature, best_temperature

from .tables import raw_table

X, PRICE, IS_HIGH = raw_table(500)
TRAIN, TEST = slice(400), slice(400, None)
SMALL = {
    "estimator__hidden_layer_sizes": (16,),
    "estimator__max_iter": 30,
    "estimator__batch_size": 32,
}


def classifier(**params):
    given = {"n_estimators": 2, "n_jobs": 1, "random_state": 0, **SMALL, **params}
    return TabularMLPClassifier().set_params(**given)


def regressor(**params):
    given = {"n_estimators": 2, "n_jobs": 1, "random_state": 0, **SMALL, **params}
    return TabularMLPRegressor().set_params(**given)


@pytest.fixture(scope="module")
def clf():
    return classifier().fit(X[TRAIN], IS_HIGH[TRAIN])


@pytest.fixture(scope="module")
def reg():
    return regressor().fit(X[TRAIN], PRICE[TRAIN])


def test_classes_are_learnt(clf):
    assert clf.score(X[TEST], IS_HIGH[TEST]) > 0.8
    probability = clf.predict_proba(X[TEST])
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    prior = DummyClassifier(strategy="prior").fit(X[TRAIN], IS_HIGH[TRAIN])
    ours, its = (log_loss(IS_HIGH[TEST], p) for p in (probability, prior.predict_proba(X[TEST])))
    assert ours < 0.75 * its
    np.testing.assert_allclose(np.exp(clf.predict_log_proba(X[TEST])), probability)


def test_numbers_are_learnt(reg):
    assert reg.score(X[TEST], PRICE[TEST]) > 0.85


def test_several_numbers():
    both = np.c_[PRICE, -PRICE]
    reg = regressor().fit(X[TRAIN], both[TRAIN])
    assert reg.score(X[TEST], both[TEST]) > 0.8
    assert reg.predict_interval(X[TEST]).shape == (100, 2, 2)


def test_without_parameters():
    clf = TabularMLPClassifier(random_state=1).fit(X[TRAIN], IS_HIGH[TRAIN])
    assert len(clf.estimators_) == 8
    assert clf.score(X[TEST], IS_HIGH[TEST]) > 0.8


def test_unknown_categories_and_missing_values_are_predicted(clf):
    strange = X[TEST].assign(colour="unheard of", size=None, plan=None, sold=pd.NaT)
    assert np.isfinite(clf.predict_proba(strange)).all()


def test_other_columns_are_refused(clf):
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(X[X.columns[::-1]])
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(X.drop(columns="size"))


def test_a_frame_of_polars_is_predicted_alike(clf):
    np.testing.assert_allclose(clf.predict_proba(pl.from_pandas(X)), clf.predict_proba(X))


def test_arrays_and_sparse_arrays():
    given = np.random.default_rng(0).standard_normal((400, 4))
    y = given @ [1.0, -1.0, 0.5, 0.0]
    assert regressor().fit(given[:300], y[:300]).score(given[300:], y[300:]) > 0.9
    rows = sparse.csr_array(np.where(np.abs(given) < 0.3, 0, given))
    assert regressor().fit(rows[:300], y[:300]).score(rows[300:], y[300:]) > 0.8


def test_members_differ_and_train_on_the_same_rows(clf):
    one, other = clf.estimators_
    assert (one.coefs_[0] != other.coefs_[0]).all()
    assert clf.n_held_out_ == 60
    assert len(one.validation_scores_) == 30
    assert one.best_validation_score_ == max(one.validation_scores_)


def test_members_predict_what_each_was_best_with(reg):
    encoded = reg.encoder_.transform(X[TEST]).astype(np.float64)
    alone = [one.predict(encoded) for one in reg.estimators_]
    np.testing.assert_allclose(reg.predict(X[TEST]), np.mean(alone, axis=0), rtol=1e-5)


def test_equal_seeds_give_equal_models(reg):
    again = regressor().fit(X[TRAIN], PRICE[TRAIN])
    np.testing.assert_array_equal(again.predict(X), reg.predict(X))
    shared = regressor(n_jobs=2).fit(X[TRAIN], PRICE[TRAIN])
    np.testing.assert_allclose(shared.predict(X), reg.predict(X), rtol=1e-3)
    other = regressor(random_state=1).fit(X[TRAIN], PRICE[TRAIN])
    assert (other.predict(X) != reg.predict(X)).all()


def test_saved_and_loaded(clf, reg):
    for one in (clf, reg):
        loaded = pickle.loads(pickle.dumps(one))
        np.testing.assert_array_equal(loaded.predict(X), one.predict(X))


def test_few_rows_are_all_trained_on():
    small = classifier().fit(X[:100], IS_HIGH[:100])
    assert small.n_held_out_ == 0
    assert small.temperature_ == 1.0
    assert len(small.estimators_[0].loss_curve_) == 30
    with pytest.raises(ValueError, match="predict_interval needs held-out rows"):
        regressor().fit(X[:100], PRICE[:100]).predict_interval(X)


def test_rows_of_no_weight_are_not_trained_on():
    wrong = np.where(np.arange(400) % 2, PRICE[TRAIN], 1e3)
    weight = np.arange(400) % 2
    reg = regressor().fit(X[TRAIN], wrong, sample_weight=weight)
    assert reg.score(X[TEST], PRICE[TEST]) > 0.5


def test_weights_that_are_all_the_same_change_nothing(clf):
    again = classifier().fit(X[TRAIN], IS_HIGH[TRAIN], sample_weight=np.full(400, 2.0))
    np.testing.assert_allclose(again.predict_proba(X), clf.predict_proba(X), rtol=1e-3)


def test_held_out_rows_count_by_their_weights():
    rows = np.random.default_rng(0).standard_normal((400, 2))
    y = np.where(np.arange(400) < 200, rows[:, 0], 3 * rows[:, 1])
    weight = np.where(np.arange(400) < 200, 1.0, 1e-6)
    reg = regressor().fit(rows, y, sample_weight=weight)
    assert reg.score(rows[:200], y[:200]) > 0.9


# ------------------------------------------------------------------ nested parameters


def test_nested_parameters_reach_network_and_encoder():
    clf = TabularMLPClassifier().set_params(estimator__dropout=0.1, encoder__max_categories=7)
    assert isinstance(clf.estimator, MLPClassifier)
    assert clf.estimator.max_iter == 60  # the others are those of the default
    fitted = clone(clf).set_params(n_estimators=1, **SMALL).fit(X, IS_HIGH)
    assert fitted.estimators_[0].dropout == 0.1
    assert fitted.encoder_.max_categories == 7


def test_the_network_that_is_given_stays_as_it_is():
    network = MLPRegressor((8,), max_iter=5, tol=None, early_stopping=False)
    reg = TabularMLPRegressor(network, n_estimators=2, n_jobs=1).fit(X, PRICE)
    assert reg.estimators_[0].hidden_layer_sizes == (8,)
    assert network.random_state is None
    assert not hasattr(network, "coefs_")


def test_any_transformer_may_encode():
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    given = X[["rooms", "plan"]]
    clf = classifier().set_params(encoder=encoder).fit(given, IS_HIGH)
    assert clf.score(given, IS_HIGH) > 0.6


def test_transformers_may_return_frames(clf):
    with config_context(transform_output="pandas"):
        again = classifier().fit(X[TRAIN], IS_HIGH[TRAIN])
        np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_in_a_grid_search():
    grid = {"estimator__hidden_layer_sizes": [(4,), (8,)], "encoder__n_bins": [0, 4]}
    search = GridSearchCV(classifier(estimator__max_iter=3), grid, cv=2).fit(X, IS_HIGH)
    assert set(search.best_params_) == set(grid)


@pytest.mark.parametrize(
    "params, error, message",
    [
        ({"estimator": MLPRegressor()}, TypeError, "estimator must be None or an object of MLPC"),
        ({"estimator": LinearClassifier()}, TypeError, "estimator must be None or an object of M"),
        ({"n_estimators": 0}, ValueError, "n_estimators must"),
        ({"validation_fraction": 1.0}, ValueError, "validation_fraction must"),
        ({"max_time": 0}, ValueError, "max_time must"),
        ({"calibrate": "yes"}, TypeError, "calibrate must"),
        ({"estimator__max_iter": 0}, ValueError, "MLPClassifier: max_iter must"),
        ({"encoder": TabularEncoder(min_frequency=0)}, ValueError, "min_frequency must"),
    ],
)
def test_parameters_are_checked(params, error, message):
    with pytest.raises(error, match=message):
        TabularMLPClassifier().set_params(**params).fit(X, IS_HIGH)


def test_before_fit_and_after_a_fit_that_fails(clf):
    with pytest.raises(NotFittedError):
        TabularMLPClassifier().predict(X)
    kept = pickle.loads(pickle.dumps(clf))
    with pytest.raises(ValueError, match="at least 2 classes"):
        kept.fit(X[["size"]], np.ones(500))
    np.testing.assert_array_equal(kept.predict(X), clf.predict(X))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        classifier().fit(X, IS_HIGH[:10])


# --------------------------------------------------------------- what held-out rows tell


def test_calibration_lowers_the_log_loss_of_a_model_that_is_too_sure():
    random = np.random.default_rng(0)
    given = random.standard_normal((900, 8))
    y = (given[:, 0] + 2 * random.standard_normal(900) > 0).astype(int)
    last_epoch = {"estimator__early_stopping": False, "estimator__max_iter": 100}
    pair = [classifier(calibrate=c, **last_epoch).fit(given[:600], y[:600]) for c in (True, False)]
    losses = [log_loss(y[600:], one.predict_proba(given[600:])) for one in pair]
    assert losses[0] < 0.9 * losses[1]
    assert pair[0].temperature_ > 1.2
    np.testing.assert_array_equal(*(one.predict(given) for one in pair))


def test_the_temperature_is_found():
    random = np.random.default_rng(0)
    raw = random.standard_normal((20_000, 3))
    probability = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    y = (probability.cumsum(axis=1) < random.random((20_000, 1))).sum(axis=1)
    sharp = at_temperature(probability, 0.5)
    assert best_temperature(sharp, y, None) == pytest.approx(2, rel=0.05)
    np.testing.assert_allclose(at_temperature(sharp, 2.0), probability, rtol=1e-6)
    assert best_temperature(sharp[:20], y[:20], None) == 1.0


def test_intervals_hold_as_many_targets_as_asked_for(reg):
    low, high = reg.predict_interval(X[TEST], coverage=0.8).T
    np.testing.assert_allclose((low + high) / 2, reg.predict(X[TEST]))
    assert 0.7 < ((low <= PRICE[TEST]) & (PRICE[TEST] <= high)).mean() < 0.95
    assert np.isinf(reg.predict_interval(X[TEST], coverage=0.999)).all()
    with pytest.raises(ValueError, match="coverage must"):
        reg.predict_interval(X, coverage=1.0)


def test_importances_are_of_raw_columns(reg):
    found = reg.permutation_importance(X[TEST], PRICE[TEST], n_repeats=3)
    mean = dict(zip(X.columns, found.importances_mean, strict=True))
    assert found.importances.shape == (8, 3)
    assert min(mean["rooms"], mean["colour"], mean["sold"]) > 0.1
    assert mean["unit"] == mean["id"] == 0
    assert abs(mean["garden"]) < 0.05
    same = reg.permutation_importance(pl.from_pandas(X[TEST]), PRICE[TEST], n_repeats=3)
    np.testing.assert_allclose(same.importances, found.importances, atol=1e-12)
