"""What batch normalisation keeps of batches, and where that goes."""

import dataclasses
import pickle

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skopt_suite import MLPClassifier, MLPRegressor
from skopt_suite.backends import Placement
from skopt_suite.estimators._prepare import prepare
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.training import train

from .problems import CLASSES, NUMBERS

X, Y = NUMBERS
SETTINGS = {
    "normalization": "batch",
    "activation": "tanh",
    "optimizer": "adam",
    "schedule": "constant",
    "batch_size": 40,
    "max_iter": 6,
    "dtype": "float64",
    "random_state": 0,
}


def model_of(estimator=MLPRegressor, hidden=(7, 4), **settings):
    return estimator(hidden).set_params(**SETTINGS | settings)


def predicted(model, x):
    """What a network predicts of what it shows."""
    parts = (model.coefs_, model.intercepts_, model.gains_, model.means_, model.variances_)
    for weights, bias, gain, mean, variance in zip(*parts, strict=False):
        x = np.tanh(gain * (x @ weights - mean) / np.sqrt(variance + 1e-5) + bias)
    return (x @ model.coefs_[-1] + model.intercepts_[-1])[:, 0]


def test_predictions_are_of_what_is_shown_and_not_of_the_batch():
    model = model_of().fit(X, Y)
    np.testing.assert_allclose(model.predict(X), predicted(model, X), rtol=1e-10)
    np.testing.assert_allclose(model.predict(X[:1]), model.predict(X)[:1], rtol=1e-10)


@pytest.mark.parametrize("n_samples, ends", [(200, [40, 80, 120, 160]), (81, [40]), (41, [])])
def test_running_means_of_batches(n_samples, ends):
    """Of a network that does not move, whose batches are the same; none of them is one row."""
    still = {"optimizer": "sgd", "optimizer__learning_rate": 1e-300, "shuffle": False}
    still |= {"standardize": False, "penalty": "none"}
    model = model_of(hidden=(7,), **still).fit(X[:n_samples], Y[:n_samples])
    z, mean, variance = X[:n_samples] @ model.coefs_[0], np.zeros(7), np.ones(7)
    for _ in range(model.n_iter_):
        for batch in np.split(z, ends):
            mean = 0.9 * mean + 0.1 * batch.mean(axis=0)
            variance = 0.9 * variance + 0.1 * batch.var(axis=0, ddof=1)
    np.testing.assert_allclose(model.means_[0], mean, rtol=1e-9)
    np.testing.assert_allclose(model.variances_[0], variance, rtol=1e-9)


@pytest.mark.parametrize("optimizer", ["lbfgs", "gradient_descent"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_where_steps_see_all_rows_predictions_are_what_is_trained(optimizer):
    model = model_of(hidden=(7,), optimizer=optimizer, penalty="none", max_iter=20).fit(X, Y)
    z = X @ model.coefs_[0]
    np.testing.assert_allclose(model.means_[0], z.mean(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.variances_[0], z.var(axis=0, ddof=1), rtol=1e-9)


@pytest.mark.parametrize("optimizer", ["schedule_free_adamw", "average_weights"])
def test_what_is_shown_but_not_trained_has_moments_of_its_own(optimizer):
    """As if batches had been passed once more through the average."""
    model = model_of(hidden=(7,), optimizer=optimizer, shuffle=False).fit(X, Y)
    batches = np.split(X @ model.coefs_[0], 5)
    mean = np.mean([batch.mean(axis=0) for batch in batches], axis=0)
    variance = np.mean([batch.var(axis=0, ddof=1) for batch in batches], axis=0)
    np.testing.assert_allclose(model.means_[0], mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.variances_[0], variance, rtol=1e-9)
    assert model.partial_fit(X, Y).loss_ < model.loss_curve_[0]


def test_the_best_epoch_is_shown_with_what_it_had_kept():
    settings = {"early_stopping": True, "max_iter": 30, "n_iter_no_change": 4}
    model = model_of(**settings, optimizer__learning_rate=0.1)
    model.fit(X[:120], Y[:120], None, X[120:], Y[120:])
    assert max(model.validation_scores_) > model.validation_scores_[-1]
    assert model.score(X[120:], Y[120:]) == pytest.approx(model.best_validation_score_, rel=1e-9)


def job_of(**settings):
    prepared = prepare(model_of(**settings), X, Y)
    return prepared.job, prepared.data


def test_a_fit_that_stops_goes_on_as_if_it_had_not():
    (longer, data), (shorter, _) = job_of(max_iter=6), job_of(max_iter=3)
    (whole,) = train([longer], data, Placement(np))
    (half,) = train([shorter], data, Placement(np), keep="paused")
    assert half.paused is not None
    (rest,) = train([dataclasses.replace(longer, paused=half.paused)], data, Placement(np))
    np.testing.assert_allclose(rest.params, whole.params, rtol=1e-10)
    np.testing.assert_allclose(rest.loss_curve, whole.loss_curve, rtol=1e-10)


@pytest.mark.parametrize("optimizer", ["adam", "average_weights"])
def test_a_row_that_is_left_over_is_in_every_epoch_of_stacks_and_partial_fits(optimizer):
    rows, model = slice(0, 81), model_of(optimizer=optimizer, max_iter=3)
    grid = {"penalty__alpha": [1e-4, 1e-1]}
    splits = [(np.arange(81), np.arange(81, 200))]
    search = FusedGridSearchCV(model, grid, cv=splits, refit=False).fit(X, Y)
    for k, alpha in enumerate(grid["penalty__alpha"]):
        fitted = model_of(optimizer=optimizer, max_iter=3, penalty__alpha=alpha).fit(
            X[rows], Y[rows]
        )
        np.testing.assert_allclose(search.loss_curves_[k][0], fitted.loss_curve_, rtol=1e-9)
        begun = model_of(optimizer=optimizer, penalty__alpha=alpha)
        for loss in fitted.loss_curve_:
            assert begun.partial_fit(X[rows], Y[rows]).loss_ == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("early", [False, True], ids=["", "early stopping"])
def test_partial_fits_and_warm_starts_go_on(early):
    """Of a saved model, too: what is kept of batches is in the file."""
    model = model_of(warm_start=True, early_stopping=early).fit(X, Y)
    loaded = pickle.loads(pickle.dumps(model))
    means = np.concatenate(model.means_)
    if not early:
        before = model.loss_
        assert model.partial_fit(X, Y).loss_ < before
        np.testing.assert_allclose(loaded.partial_fit(X, Y).predict(X), model.predict(X))
    assert model.fit(X, Y).loss_curve_ == pytest.approx(loaded.fit(X, Y).loss_curve_, rel=1e-9)
    assert not np.allclose(np.concatenate(model.means_), means)


def test_fits_that_leave_a_stack_take_theirs_along():
    model = model_of(MLPClassifier, early_stopping=True, n_iter_no_change=1, max_iter=20)
    grid = {"optimizer__learning_rate": [1e-3, 1e-2, 1e-1, 1.0]}
    search = FusedGridSearchCV(model, grid, cv=2, refit=False).fit(*CLASSES)
    lengths = [len(curve) for curves in search.loss_curves_ for curve in curves]
    assert len(set(lengths)) > 1
    alone = GridSearchCV(model, grid, cv=2, refit=False).fit(*CLASSES)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize("n_samples, batch_size", [(40, 1), (1, 200)])
def test_batches_of_one_row_are_refused(n_samples, batch_size):
    text = f"at least 2 rows in every batch; got n_samples={n_samples} in batches of 1"
    with pytest.raises(ValueError, match=text):
        model_of(batch_size=batch_size).fit(X[:n_samples], Y[:n_samples])
    model_of(batch_size=batch_size, normalization="layer").fit(X[:n_samples], Y[:n_samples])
