"""Scores of a whole stack are those of scikit-learn's scorers, model by model."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skopt_suite.model_selection._engine.scoring as scoring_module
from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.domains import Real
from skopt_suite.losses import RegressionLoss
from skopt_suite.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS
from skopt_suite.model_selection import FusedGridSearchCV

from .problems import CLASSES, NUMBERS, WEIGHTS, assert_same_results

MLP = {"hidden_layer_sizes": (8,), "batch_size": 32, "max_iter": 4, "random_state": 0}
ALPHAS = {"penalty__alpha": [1e-3, 1e-1, 10.0]}
CLASSIFIER = MLPClassifier(**MLP, optimizer="momentum")
REGRESSOR = MLPRegressor(**MLP)


def both_ways(monkeypatch, estimator, data, scoring, cv=3, **fit_params):
    """Search with scores of stacks, and with scikit-learn's scorers."""
    counted = []

    def counting(*args):
        counted.append(args)
        return stack_scores(*args)

    def by_scorer(estimator, X, y):
        return get_scorer(scoring)(estimator, X, y)

    stack_scores = scoring_module.stack_scores
    monkeypatch.setattr(scoring_module, "stack_scores", counting)
    settings = {"cv": cv, "return_train_score": True}
    fast = FusedGridSearchCV(estimator, ALPHAS, scoring=scoring, **settings)
    fast.fit(*data, **fit_params)
    n_fast = len(counted)
    slow_scoring = by_scorer if scoring else (lambda e, X, y: type(e).score(e, X, y))
    slow = FusedGridSearchCV(estimator, ALPHAS, scoring=slow_scoring, **settings)
    slow.fit(*data, **fit_params)
    assert len(counted) == n_fast
    return fast, slow, n_fast


def binary(labels):
    X, y = make_classification(90, 5, flip_y=0.2, random_state=0)
    return X, np.asarray(labels)[y]


LABELS = make_multilabel_classification(90, 5, n_classes=3, random_state=0)
TARGETS = make_regression(90, 5, n_targets=3, noise=10.0, random_state=0)
TARGETS = TARGETS[0], TARGETS[1] / TARGETS[1].std(axis=0) * [1, 10, 0.1]

CLASSIFIED = {
    "three classes": CLASSES,
    "two classes": binary([0, 1]),
    "text": binary(["no", "yes"]),
    "objects": binary(np.array(["no", "yes"], dtype=object)),
    "bool": binary([False, True]),
    "float": binary([-1.0, 1.0]),
    "lists": (CLASSES[0].tolist(), CLASSES[1].tolist()),
    "float32": (CLASSES[0].astype("float32"), CLASSES[1]),
    "labels": (LABELS[0] / 5, LABELS[1]),
}
MEASURED = {
    "one target": NUMBERS,
    "targets": TARGETS,
    "a column": (NUMBERS[0], NUMBERS[1][:, None]),
    "whole numbers": (NUMBERS[0], np.round(10 * NUMBERS[1]).astype(int)),
    "float32": tuple(array.astype("float32") for array in NUMBERS),
    "lists": (NUMBERS[0].tolist(), NUMBERS[1].tolist()),
    "far from 0": (NUMBERS[0], NUMBERS[1] + 1e4),
}


@pytest.mark.parametrize("scoring", [None, *CLASSIFICATION_METRICS])
@pytest.mark.parametrize("case", CLASSIFIED)
def test_classification(monkeypatch, case, scoring):
    fast, slow, n_fast = both_ways(monkeypatch, CLASSIFIER, CLASSIFIED[case], scoring)
    assert n_fast == 3 * 2
    assert_same_results(fast, slow, tolerance=1e-12)


@pytest.mark.parametrize("scoring", [None, *REGRESSION_METRICS])
@pytest.mark.parametrize("case", MEASURED)
def test_regression(monkeypatch, case, scoring):
    fast, slow, n_fast = both_ways(monkeypatch, REGRESSOR, MEASURED[case], scoring)
    assert n_fast == 3 * 2
    assert_same_results(fast, slow, tolerance=1e-6 if case == "float32" else 1e-9)


@pytest.mark.parametrize("missing_from", ["training", "test"])
def test_a_missing_class(monkeypatch, missing_from):
    X, y = CLASSES
    with_it, without = np.flatnonzero(y == 2), np.flatnonzero(y != 2)
    here, there = without[:60], np.r_[without[60:], with_it]
    cv = [(here, there) if missing_from == "training" else (there, here)]
    fast, slow, _ = both_ways(monkeypatch, CLASSIFIER, (X, y), "accuracy", cv)
    assert_same_results(fast, slow, tolerance=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, -7.3])
@pytest.mark.parametrize("targets", [1, 2])
def test_constant_targets(monkeypatch, value, targets):
    """R² is 0 or 1 there by convention, or anything by rounding."""
    X, y = NUMBERS
    y = np.stack([y, y[::-1]][:targets], axis=1)
    y[:20, 0] = value
    cv = [(np.arange(20, 150), np.arange(20))]
    fast, slow, _ = both_ways(monkeypatch, LinearRegressor(), (X, y), "r2", cv)
    for key in ("mean_test_score", "mean_train_score"):
        np.testing.assert_allclose(fast.cv_results_[key], slow.cv_results_[key], rtol=1e-6)


def test_exact_predictions_of_constant_targets(monkeypatch):
    X = np.zeros((40, 2))
    cv = [(np.arange(20), np.arange(20, 40))]
    fast, slow, _ = both_ways(monkeypatch, LinearRegressor(), (X, np.zeros(40)), "r2", cv)
    assert fast.best_score_ == slow.best_score_ == 1


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
def test_one_row_is_left_to_scikit_learn():
    cv = [(np.arange(1, 150), np.arange(1))]
    with pytest.warns(UndefinedMetricWarning, match="not well-defined with less than two"):
        search = FusedGridSearchCV(LinearRegressor(), ALPHAS, cv=cv).fit(*NUMBERS)
    assert np.isnan(search.cv_results_["mean_test_score"]).all()
    search = FusedGridSearchCV(LinearRegressor(), ALPHAS, scoring="neg_mean_squared_error", cv=cv)
    assert np.isfinite(search.fit(*NUMBERS).cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("estimator", [CLASSIFIER, make_pipeline(StandardScaler(), CLASSIFIER)])
def test_little_memory_changes_nothing(estimator):
    name = "" if estimator is CLASSIFIER else "mlpclassifier__"
    grid = {f"{name}penalty__alpha": np.logspace(-4, 1, 12)}
    whole = FusedGridSearchCV(estimator, grid, return_train_score=True).fit(*CLASSES)
    cut = clone(whole).set_params(max_memory="20KB").fit(*CLASSES)
    assert_same_results(cut, whole)


@pytest.mark.parametrize(
    "scoring",
    [
        ["accuracy"],
        ("accuracy", "f1_macro"),
        {"a": "accuracy"},
        {"a": "accuracy", "b": "accuracy"},
        {"a": get_scorer("accuracy")},
        "f1_macro",
        "neg_log_loss",
        "roc_auc_ovr",
        "balanced_accuracy",
    ],
)
def test_kinds_of_scoring(scoring):
    settings = {"scoring": scoring, "cv": 3, "refit": False, "return_train_score": True}
    fused = FusedGridSearchCV(CLASSIFIER, ALPHAS, **settings).fit(*CLASSES)
    plain = GridSearchCV(CLASSIFIER, ALPHAS, **settings).fit(*CLASSES)
    assert_same_results(fused, plain, tolerance=1e-9)


def test_weights_reach_scores():
    """Without routing, scikit-learn's searches score with the weights they train with."""
    fused = FusedGridSearchCV(CLASSIFIER, ALPHAS, cv=3).fit(*CLASSES, sample_weight=WEIGHTS)
    plain = GridSearchCV(CLASSIFIER, ALPHAS, cv=3).fit(*CLASSES, sample_weight=WEIGHTS)
    assert_same_results(fused, plain)


class Shifted(LinearRegressor):
    def predict(self, X):
        return super().predict(X) + 1


class Cautious(MLPClassifier):
    def predict(self, X):
        return np.zeros(len(X), dtype=int)


class OwnScore(MLPClassifier):
    def score(self, X, y, sample_weight=None):
        return 0.25


class OwnDecision(MLPClassifier):
    def decision_function(self, X):
        return -super().decision_function(X)

    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]


class Sober(MLPRegressor):
    def fit(self, X, y, sample_weight=None):
        return super().fit(np.zeros_like(X), y, sample_weight)


@pytest.mark.parametrize(
    ("estimator", "data", "scores"),
    [
        (Shifted(), NUMBERS, [None, "r2", ["r2", "neg_mean_absolute_error"]]),
        (Cautious(**MLP), CLASSES, [None, "accuracy", ["accuracy"]]),
        (OwnScore(**MLP), CLASSES, [None, "accuracy", ["accuracy"]]),
        (OwnDecision(**MLP), binary([0, 1]), [None, "accuracy", "roc_auc", "neg_log_loss"]),
        (Sober(**MLP), NUMBERS, [None, "r2"]),
    ],
)
def test_methods_of_subclasses_count(estimator, data, scores):
    for scoring in scores:
        settings = {"scoring": scoring, "cv": 3, "refit": False}
        fused = FusedGridSearchCV(estimator, ALPHAS, **settings).fit(*data)
        plain = GridSearchCV(estimator, ALPHAS, **settings).fit(*data)
        assert_same_results(fused, plain, tolerance=1e-6)
        assert fused.fusion_report_.n_alone == 3 * isinstance(estimator, Sober)


class Powered(RegressionLoss):
    """Squared error of a raw prediction times a number, which candidates may differ in."""

    parameters = {"power": Real(0, fusable=True)}

    def __init__(self, power=1.0):
        self.power = power

    def prediction(self, raw):
        return self.power * raw

    def value_and_gradient(self, y, raw):
        error = self.power * raw - y
        return 0.5 * (error**2).sum(axis=-1), self.power * error


def test_losses_with_predictions_of_their_own():
    estimator = LinearRegressor(loss=Powered(), max_iter=3)
    grid = {"loss__power": [0.1, 1.0, 3.0]}
    fused = FusedGridSearchCV(estimator.set_params(optimizer="adam", random_state=0), grid)
    plain = GridSearchCV(estimator, grid)
    assert_same_results(fused.fit(*NUMBERS), plain.fit(*NUMBERS), tolerance=1e-9)
    assert fused.fusion_report_.n_groups == 1


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_predictions_that_are_not_finite():
    """Rows far from those of training overflow; scikit-learn decides what that is worth."""
    X, y = NUMBERS
    X = X.copy()
    X[:5] *= 1e308
    cv = [(np.arange(5, 150), np.arange(5))]
    with pytest.warns(UserWarning, match="Scoring failed"):
        fused = FusedGridSearchCV(LinearRegressor(), ALPHAS, cv=cv, refit=False).fit(X, y)
    assert np.isnan(fused.cv_results_["mean_test_score"]).all()


def test_scorers_that_give_no_number():
    for scoring in (lambda e, X, y: "good", lambda e, X, y: {"a": None}):
        search = FusedGridSearchCV(LinearClassifier(), ALPHAS, scoring=scoring, refit=False)
        with pytest.raises(ValueError, match="must return a number"):
            search.fit(*CLASSES)


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
def test_scorers_that_fail():
    def failing(estimator, X, y):
        raise KeyError("no such score")

    search = FusedGridSearchCV(LinearClassifier(), ALPHAS, scoring=failing, refit=False)
    with pytest.warns(UserWarning, match="Scoring failed"):
        search.fit(*CLASSES)
    assert np.isnan(search.cv_results_["mean_test_score"]).all()
    with pytest.raises(KeyError, match="no such score"):
        search.set_params(error_score="raise").fit(*CLASSES)
