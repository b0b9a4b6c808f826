"""Seeds, and stopping when the score on held-out rows no longer improves."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.optimizers import Adam

from .problems import CLASSES, data_of, every, parameters_of


@every
def test_a_seed_gives_the_same_model_twice(estimator):
    X, y = data_of(estimator)
    first, again, other = (clone(estimator).set_params(random_state=s).fit(X, y) for s in (0, 0, 1))
    np.testing.assert_array_equal(parameters_of(first), parameters_of(again))
    assert not np.allclose(parameters_of(first), parameters_of(other))
    state = np.random.RandomState(0)
    shared = [clone(estimator).set_params(random_state=state).fit(X, y) for _ in range(2)]
    assert not np.allclose(*map(parameters_of, shared))


@every
def test_shuffling_matters(estimator):
    X, y = data_of(estimator)
    estimator = clone(estimator).set_params(random_state=0)
    shuffled = clone(estimator).fit(X, y)
    as_they_come = clone(estimator).set_params(shuffle=False).fit(X, y)
    assert not np.allclose(parameters_of(shuffled), parameters_of(as_they_come))


@every
def test_early_stopping_restores_the_best_on_givendata_of(estimator):
    X, y = data_of(estimator)
    # A rate so large that scores go up and down.
    stopped = clone(estimator).set_params(
        early_stopping=True, optimizer=Adam(0.3), random_state=0, n_iter_no_change=4, max_iter=200
    )
    stopped.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert stopped.stop_reason_ == "no_improvement"
    assert stopped.n_iter_ == len(stopped.validation_scores_) < 200
    assert stopped.best_validation_score_ == max(stopped.validation_scores_)
    assert stopped.validation_scores_[-1] < stopped.best_validation_score_
    score = stopped.score(X[100:], y[100:])
    assert score == pytest.approx(stopped.best_validation_score_, abs=1e-5)


@every
def test_early_stopping_holds_out_a_fraction(estimator):
    X, y = data_of(estimator)
    stopped = clone(estimator).set_params(
        early_stopping=True, validation_fraction=0.25, random_state=0, n_iter_no_change=3
    )
    stopped.fit(X, y)
    assert len(stopped.validation_scores_) == stopped.n_iter_
    if hasattr(stopped, "class_weight"):  # scores are shares of the 50 rows that are held out
        shares = np.array(stopped.validation_scores_) * 50
        np.testing.assert_allclose(shares, shares.round(), atol=1e-4)


def test_validation_scores_are_given_without_early_stopping():
    X, y = CLASSES
    fitted = LinearClassifier(optimizer="adam", max_iter=5).fit(X, y, X_val=X[:50], y_val=y[:50])
    assert len(fitted.validation_scores_) == 5
    assert fitted.validation_scores_[-1] == pytest.approx(fitted.score(X[:50], y[:50]))
    assert LinearClassifier(optimizer="adam", max_iter=5).fit(X, y).validation_scores_ is None


def test_held_out_rows_count_by_their_weight():
    X, y = CLASSES
    stopped = LinearClassifier(
        optimizer=Adam(0.1), early_stopping=True, class_weight={0: 1e6, 1: 1e-6}, random_state=0
    ).fit(X, y)
    # Only class 0 counts, in training and in what is best.
    assert stopped.best_validation_score_ == pytest.approx(1, abs=1e-6)
    assert stopped.score(X[y == 0], y[y == 0]) > 0.9
    assert stopped.score(X, y) < 0.8


@pytest.mark.parametrize("scale", [1e-310, 1e-50, 1e38, 1e300])
@every
def test_held_out_weights_count_by_their_ratios(estimator, scale):
    X, y = data_of(estimator)
    X, weight = X.astype(np.float32), np.linspace(1, 3, len(y))
    stopped = clone(estimator).set_params(early_stopping=True, random_state=0, max_iter=5)
    plain = clone(stopped).fit(X, y, sample_weight=weight)
    scaled = clone(stopped).fit(X, y, sample_weight=scale * weight)
    np.testing.assert_allclose(scaled.validation_scores_, plain.validation_scores_, atol=1e-4)


def test_few_samples_of_many_classes_can_be_held_out():
    X, y = load_digits(return_X_y=True)
    few = MLPClassifier((8,), early_stopping=True, max_iter=3, random_state=0)
    few.fit(X[:40], y[:40])  # a tenth would be four rows for ten classes
    assert few.n_iter_ == 3
