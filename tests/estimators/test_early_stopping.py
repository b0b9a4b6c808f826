"""Seeds, and stopping when the score on held-out rows no longer improves."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.metrics import d2_log_loss_score, get_scorer, make_scorer, r2_score
from sklearn.model_selection import GridSearchCV

from skopt_suite import LinearClassifier, MLPClassifier, MLPRegressor
from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import Adam
from skopt_suite.schedules import Cosine, OneCycle, WarmupStableDecay

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
    assert stopped.best_validation_score_ == pytest.approx(explained(stopped, X, y), abs=1e-5)


def explained(fitted, X, y):
    """Return the share of the loss of the best constant for later rows that is explained."""
    if hasattr(fitted, "classes_"):
        return d2_log_loss_score(y[100:], fitted.predict_proba(X[100:]))
    return r2_score(y[100:], fitted.predict(X[100:]))


@every
def test_early_stopping_holds_out_a_fraction(estimator):
    X, y = data_of(estimator)
    stopped = clone(estimator).set_params(
        early_stopping=True, validation_fraction=0.25, random_state=0, n_iter_no_change=3
    )
    if hasattr(stopped, "class_weight"):
        stopped.set_params(scoring="accuracy")
    stopped.fit(X, y)
    assert len(stopped.validation_scores_) == stopped.n_iter_
    if hasattr(stopped, "class_weight"):  # scores are shares of the 50 rows that are held out
        shares = np.array(stopped.validation_scores_) * 50
        np.testing.assert_allclose(shares, shares.round(), atol=1e-4)


def test_validation_scores_are_given_without_early_stopping():
    X, y = CLASSES
    model = LinearClassifier(optimizer="adam", max_iter=5, scoring="accuracy")
    fitted = model.fit(X, y, X_val=X[:50], y_val=y[:50])
    assert len(fitted.validation_scores_) == 5
    assert fitted.validation_scores_[-1] == pytest.approx(fitted.score(X[:50], y[:50]))
    assert LinearClassifier(optimizer="adam", max_iter=5).fit(X, y).validation_scores_ is None


def test_held_out_rows_count_by_their_weight():
    X, y = CLASSES
    stopped = LinearClassifier(
        optimizer=Adam(0.1), early_stopping=True, class_weight={0: 1e6, 1: 1e-6}, random_state=0
    )
    stopped.set_params(scoring="accuracy").fit(X, y)
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
    stopped.set_params(penalty__alpha=1e-4)
    plain = clone(stopped).fit(X, y, sample_weight=weight)
    scaled = clone(stopped).fit(X, y, sample_weight=scale * weight)
    np.testing.assert_allclose(scaled.validation_scores_, plain.validation_scores_, atol=1e-4)


def test_few_samples_of_many_classes_can_be_held_out():
    X, y = load_digits(return_X_y=True)
    few = MLPClassifier((8,), early_stopping=True, max_iter=3, random_state=0)
    few.fit(X[:40], y[:40])  # a tenth would be four rows for ten classes
    assert few.n_iter_ == 3


def test_the_only_row_of_a_class_is_trained_on():
    X, y = load_digits(return_X_y=True)
    y = np.where(np.arange(len(y)) == 7, 10, y)
    fitted = MLPClassifier((8,), max_iter=12, random_state=0).fit(X, y)
    assert fitted.validation_scores_ is not None
    assert len(fitted.classes_) == 11


MANY = make_classification(n_samples=1000, n_features=6, random_state=0)


@pytest.mark.parametrize(
    "model, n_samples, stops",
    [
        (MLPClassifier((4,)), 300, True),
        (MLPClassifier((4,)), 299, False),
        (MLPRegressor((4,)), 300, True),
        (MLPClassifier((4,), early_stopping=False), 1000, False),
        (MLPClassifier((4,), early_stopping=True), 200, True),
        (MLPClassifier((4,), tol=None), 1000, False),
        (MLPClassifier((4,), n_iter_no_change=12), 1000, False),
        (MLPClassifier((4,), optimizer="lbfgs"), 1000, False),
        (LinearClassifier(optimizer="adam"), 1000, False),
    ],
    ids=lambda value: " ".join(repr(value).split()),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_auto_holds_rows_out_where_there_are_enough(model, n_samples, stops):
    X, y = MANY[0][:n_samples], MANY[1][:n_samples]
    fitted = clone(model).set_params(max_iter=12, random_state=0).fit(X, y)
    assert (fitted.validation_scores_ is not None) is stops
    if stops:
        same = clone(fitted).set_params(early_stopping=True).fit(X, y)
        np.testing.assert_array_equal(parameters_of(fitted), parameters_of(same))


def test_auto_counts_the_rows_that_weigh_something():
    X, y = MANY[0][:300], MANY[1][:300]
    model = MLPClassifier((4,), max_iter=12, random_state=0)
    weight = np.r_[np.zeros(1), np.ones(299)]
    assert model.fit(X, y, sample_weight=weight).validation_scores_ is None


def test_auto_stops_by_rows_that_are_given():
    X, y = CLASSES
    fitted = MLPClassifier((4,), optimizer=Adam(0.1), random_state=0)
    fitted.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert fitted.n_iter_ < 200
    score = d2_log_loss_score(y[100:], fitted.predict_proba(X[100:]))
    assert score == pytest.approx(max(fitted.validation_scores_), abs=1e-5)


def test_auto_is_off_in_partial_fit():
    fitted = MLPClassifier((4,)).partial_fit(*MANY, classes=[0, 1])
    assert fitted.validation_scores_ is None


SCORERS = ["accuracy", "roc_auc", "neg_log_loss", "f1", make_scorer(r2_score)]


@pytest.mark.parametrize("scoring", SCORERS, ids=str)
@every
def test_scorers_of_scikit_learn(estimator, scoring):
    if not hasattr(estimator, "class_weight"):
        scoring = {"roc_auc": "r2", "f1": "neg_max_error"}.get(scoring, "neg_mean_absolute_error")
    X, y = data_of(estimator)
    weight = None if scoring == "neg_max_error" else np.linspace(1, 3, 100)
    fitted = clone(estimator).set_params(
        early_stopping=True, scoring=scoring, optimizer=Adam(0.1), random_state=0
    )
    fitted.fit(X[:100], y[:100], sample_weight=weight, X_val=X[100:], y_val=y[100:])
    score = get_scorer(scoring)(fitted, X[100:], y[100:])
    assert score == pytest.approx(fitted.best_validation_score_, abs=1e-6)


def test_scorers_see_targets_and_inputs_as_they_are():
    """In units of their own, with the names of classes, whatever is standardised inside."""
    X, y = MANY
    seen = []

    def scorer(estimator, rows, targets):
        seen.append((rows, targets))
        return float(np.mean(estimator.predict(rows) == targets))

    labels = np.array(["no", "yes"])[y]
    model = MLPClassifier((4,), optimizer=Adam(0.05), scoring=scorer, max_iter=12, random_state=0)
    model.fit(1e3 * X + 5, labels)
    rows, targets = seen[-1]
    assert set(targets) == {"no", "yes"}
    assert all((row == 1e3 * X + 5).all(axis=1).any() for row in rows[:5])
    assert max(model.validation_scores_) > 0.8


@pytest.mark.parametrize(
    "scoring, n_classes, cause",
    [("neg_log_loss", 2, AttributeError), ("roc_auc", 3, ValueError)],
)
def test_a_scorer_that_cannot_be_is_an_error_before_work_starts(
    scoring, n_classes, cause, monkeypatch
):
    monkeypatch.setattr(f"{TrainableEstimator.__module__}.train", lambda *_: pytest.fail("it did"))
    model = LinearClassifier(loss="hinge", optimizer="adam", early_stopping=True, scoring=scoring)
    X, y = CLASSES
    with pytest.raises(ValueError, match=f"LinearClassifier: scoring='{scoring}'") as caught:
        model.fit(X, np.arange(len(y)) % n_classes)
    assert isinstance(caught.value.__cause__, cause)
    assert str(caught.value.__cause__).rstrip(".") in str(caught.value)


def test_one_lucky_epoch_does_not_stop_a_fit_that_improves_on_average():
    """It would take twenty epochs to beat the sixth, and four to beat the mean of five with it."""
    calls = []

    def scorer(estimator, rows, targets):
        calls.append(estimator)
        epoch = len(calls) - 1  # it is tried before the first one
        return 0.005 * epoch + (0.1 if epoch == 6 else 0.0)

    model = MLPClassifier((4,), schedule="constant", early_stopping=True, scoring=scorer)
    model.set_params(max_iter=40, n_iter_no_change=10, random_state=0).fit(*CLASSES)
    assert model.n_iter_ == 40


@pytest.mark.parametrize("schedule", [Cosine(), OneCycle(), WarmupStableDecay(0.1, 0.3)], ids=repr)
def test_a_decaying_schedule_reaches_its_low_rates(schedule):
    """A rate that is far too high at first never improves on the first epochs."""
    X, y = CLASSES
    model = MLPClassifier((8,), optimizer=Adam(0.5), schedule=schedule, max_iter=60)
    model.set_params(early_stopping=True, n_iter_no_change=5, random_state=0).fit(X, y)
    factors = schedule.factor_at(None, np.arange(61.0)[None], np.full((1, 1), 60.0))
    assert factors[0, model.n_iter_] <= factors.max() / 2
    constant = clone(model).set_params(schedule="constant").fit(X, y)
    assert constant.n_iter_ < model.n_iter_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("scoring", ["loss", "roc_auc"])
def test_fused_is_alone(scoring):
    """Also where one fold has rows enough, and the other one has not."""
    X, y = MANY[0], MANY[1]
    model = MLPClassifier((4,), max_iter=15, n_iter_no_change=3, scoring=scoring, random_state=0)
    grid = {"optimizer__learning_rate": [0.003, 0.3], "penalty": ["none", "l2"]}
    folds = [(np.arange(300), np.arange(100)), (np.arange(250), np.arange(900, 1000))]
    alone, fused = (
        search(model, grid, cv=folds).fit(X, y) for search in (GridSearchCV, FusedGridSearchCV)
    )
    for split in ("split0_test_score", "split1_test_score"):
        np.testing.assert_allclose(alone.cv_results_[split], fused.cv_results_[split], atol=1e-6)
