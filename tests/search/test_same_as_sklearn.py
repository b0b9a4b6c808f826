"""Replacing the class name changes nothing but the time."""

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    RandomizedSearchCV,
    RepeatedKFold,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedGridSearchCV, FusedRandomizedSearchCV
from skopt_suite.optimizers import Adam, Nesterov
from skopt_suite.penalties import L1, L2
from skopt_suite.schedules import Step, Warmup

from .problems import CLASSES, GROUPS, NUMBERS, WEIGHTS, assert_same_results, both

MLP = {"hidden_layer_sizes": (8,), "batch_size": 32, "max_iter": 5, "random_state": 0}
TIGHT = {"tol": 1e-9, "max_iter": 5000}


SEARCHES = {
    "learning rate and alpha of an MLP": (
        MLPClassifier(**MLP),
        {"optimizer__learning_rate": [1e-3, 1e-2, 1e-1], "penalty__alpha": [1e-4, 1e-2]},
        CLASSES,
    ),
    "components by name and as objects": (
        MLPClassifier(**MLP),
        {
            "optimizer": ["sgd", Adam(1e-2), "momentum", Nesterov(0.05, momentum=0.8)],
            "schedule": ["constant", "cosine", Step(2, 0.3), Warmup("exponential", 2.0)],
            "penalty": ["none", L1(1e-3), L2(1e-2)],
        },
        CLASSES,
    ),
    "optimizer with its own parameters": (
        MLPRegressor(**MLP),
        [
            {"optimizer": ["adamw"], "optimizer__weight_decay": [0.0, 0.1]},
            {"optimizer": ["nesterov"], "optimizer__momentum": [0.5, 0.9]},
        ],
        NUMBERS,
    ),
    "architecture, dropout and activation": (
        MLPClassifier(**MLP),
        {
            "hidden_layer_sizes": [(8,), (4, 4), ()],
            "dropout": [0.0, 0.2, 0.4],
            "activation": ["relu", "tanh"],
        },
        CLASSES,
    ),
    "solvers": (
        LinearClassifier(**TIGHT),
        {"penalty": ["l2", "l1", "elastic_net"], "penalty__alpha": [1e-3, 1e-2, 1e-1]},
        CLASSES,
    ),
    "losses with parameters": (
        LinearRegressor(**TIGHT),
        [{"loss": ["huber"], "loss__delta": [0.5, 1.0]}, {"loss": ["squared_error"]}],
        NUMBERS,
    ),
    "class weights, tolerance and patience": (
        LinearClassifier(optimizer=Adam(0.05), max_iter=30, random_state=0, batch_size=40),
        {
            "class_weight": [None, "balanced", {0: 5, 1: 1, 2: 1}],
            "tol": [1e-4, 1e-1],
            "n_iter_no_change": [1, 3],
            "max_iter": [3, 30],
        },
        CLASSES,
    ),
    "early stopping": (
        MLPClassifier(**{**MLP, "max_iter": 30}, early_stopping=True, n_iter_no_change=3),
        {"optimizer__learning_rate": [1e-3, 1e-1], "validation_fraction": [0.1, 0.3]},
        CLASSES,
    ),
    "early stopping with class weights, which the held-out rows carry": (
        MLPClassifier(**{**MLP, "max_iter": 30}, early_stopping=True, n_iter_no_change=2),
        {
            "class_weight": [None, {0: 20, 1: 1, 2: 1}, {0: 1, 1: 1, 2: 20}],
            "optimizer__learning_rate": [1e-2, 1e-1],
            "validation_fraction": [0.3],
        },
        CLASSES,
    ),
    "an estimator that is not ours": (LogisticRegression(), {"C": [0.1, 1.0]}, CLASSES),
    "steps before that change": (
        Pipeline(
            [
                ("scale", StandardScaler()),
                ("select", SelectKBest(k=3)),
                ("mlp", MLPClassifier(**MLP)),
            ]
        ),
        {"select__k": [2, 4], "scale": [StandardScaler(), MinMaxScaler(), "passthrough"],
         "mlp__penalty__alpha": [1e-4, 1e-1]},
        CLASSES,
    ),
    "nested Pipelines": (
        make_pipeline(
            StandardScaler(),
            make_pipeline(PolynomialFeatures(2), LinearRegressor(penalty=L2(), **TIGHT)),
        ),
        {"pipeline__linearregressor__penalty__alpha": [1e-2, 1.0],
         "pipeline__polynomialfeatures__degree": [1, 2]},
        NUMBERS,
    ),
    "columns": (
        make_pipeline(
            ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", "passthrough", [3])]),
            MLPRegressor(**MLP),
        ),
        {"mlpregressor__optimizer__learning_rate": [1e-3, 1e-2]},
        NUMBERS,
    ),
    "last steps of several kinds": (
        Pipeline([("scale", StandardScaler()), ("last", Ridge())]),
        [
            {"last": [Ridge(), LinearRegressor(**TIGHT), MLPRegressor(**MLP)]},
            {"last": [MLPRegressor(**MLP)], "last__penalty__alpha": [1e-3, 1e-1]},
        ],
        NUMBERS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SEARCHES)
def test_same_results(case):
    fused, plain = both(*SEARCHES[case])
    assert_same_results(fused, plain, tolerance=1e-6)
    X = SEARCHES[case][2][0]
    np.testing.assert_allclose(fused.predict(X), plain.predict(X), rtol=1e-5, atol=1e-5)


def count_coefficients(estimator, X, y):
    """Return a score that looks into the estimator."""
    return float((estimator[-1].coef_ != 0).sum())


PIPELINE = make_pipeline(StandardScaler(), LinearRegressor(penalty=L1(0.01), **TIGHT))
ALPHAS = {"linearregressor__penalty__alpha": [0.01, 0.1, 0.5]}


SETTINGS = {
    "a score by name": {"scoring": "neg_mean_absolute_error"},
    "a scorer": {"scoring": make_scorer(mean_absolute_error, greater_is_better=False)},
    "scores by name": {"scoring": ["r2", "neg_max_error"], "refit": "r2"},
    "scores of two kinds": {"scoring": {"a": "r2", "b": count_coefficients}, "refit": False},
    "a function": {"scoring": count_coefficients},
    "a function with two scores": {
        "scoring": lambda e, X, y: {"one": e.score(X, y), "two": 1.0},
        "refit": "one",
    },
    "refit by function": {"refit": lambda results: int(np.argmin(results["mean_test_score"]))},
    "no refit": {"refit": False},
    "training scores": {"return_train_score": True},
    "repeated folds": {"cv": RepeatedKFold(n_splits=2, n_repeats=2, random_state=0)},
    "given splits": {"cv": [(np.arange(100), np.arange(100, 150))]},
    "two threads": {"n_jobs": 2},
    "little memory": {"max_memory": "100KB"},
}


@pytest.mark.parametrize("case", SETTINGS)
def test_same_results_with_settings(case):
    settings = {"cv": 3, **SETTINGS[case]}
    ours = FusedGridSearchCV(PIPELINE, ALPHAS, **settings).fit(*NUMBERS)
    settings.pop("max_memory", None)
    theirs = GridSearchCV(PIPELINE, ALPHAS, **settings).fit(*NUMBERS)
    assert_same_results(ours, theirs, tolerance=1e-6)


def test_groups_and_sample_weight():
    estimator = LinearClassifier(**TIGHT)
    grid = {"penalty__alpha": [1e-3, 1e-1]}
    fit_params = {"sample_weight": WEIGHTS, "groups": GROUPS}
    fused, plain = both(estimator, grid, CLASSES, fit_params, cv=GroupKFold(3))
    assert_same_results(fused, plain, tolerance=1e-6)
    unweighted, _ = both(estimator, grid, CLASSES, {"groups": GROUPS}, cv=GroupKFold(3))
    assert (unweighted.cv_results_["mean_test_score"] != fused.cv_results_["mean_test_score"]).any()


def test_sample_weight_of_the_last_step():
    pipeline = make_pipeline(StandardScaler(), LinearClassifier(**TIGHT))
    grid = {"linearclassifier__penalty__alpha": [1e-3, 1e-1]}
    fused, plain = both(pipeline, grid, CLASSES, {"linearclassifier__sample_weight": WEIGHTS})
    assert fused.fusion_report_.n_alone == 0
    assert_same_results(fused, plain, tolerance=1e-6)


def test_randomized_search():
    settings = {
        "param_distributions": {
            "optimizer__learning_rate": loguniform(1e-4, 1e-1),
            "penalty__alpha": loguniform(1e-5, 1e-1),
        },
        "n_iter": 12,
        "cv": 3,
        "random_state": 0,
    }
    fused = FusedRandomizedSearchCV(MLPClassifier(**MLP), **settings).fit(*CLASSES)
    plain = RandomizedSearchCV(MLPClassifier(**MLP), **settings).fit(*CLASSES)
    assert_same_results(fused, plain, tolerance=1e-6)
    assert fused.fusion_report_.n_groups == 1
