"""Searches as scikit-learn's tools and users meet them: attributes, frames, clones, bad input."""

import pickle
import warnings
from collections import Counter

import joblib
import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
)
from skopt_suite.optimizers import Adam
from skopt_suite.penalties import L2

from .problems import CLASSES, NUMBERS, WEIGHTS, assert_same_results, both

MLP = MLPClassifier((8,), batch_size=32, max_iter=3, random_state=0)
ALPHAS = {"penalty__alpha": [1e-3, 1e-1]}
RATES = {"optimizer__learning_rate": [1e-4, 1e-1, 1e-2]}
SEARCHES = {
    "grid": FusedGridSearchCV(MLP, RATES, cv=3),
    "random": FusedRandomizedSearchCV(
        MLP,
        {"penalty__alpha": [1e-3, 1e-2, 1e-1, 1.0]},
        n_iter=3,
        cv=3,
        random_state=0,
        max_time=60,
    ),
    "halving": FusedHalvingGridSearchCV(
        MLP, RATES, cv=3, resource="max_iter", max_resources=6, min_resources=2, factor=2
    ),
    "random halving": FusedHalvingRandomSearchCV(
        MLP, {"penalty__alpha": [1e-3, 1e-2, 1e-1, 1.0]}, n_candidates=4, cv=3, random_state=0
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_clones_copies_and_text(name):
    search = SEARCHES[name]
    assert repr(clone(search)) == repr(search)
    assert type(search).__name__ in repr(search)
    copy = pickle.loads(pickle.dumps(search))
    assert repr(copy) == repr(search)
    assert clone(search).set_params(estimator__max_iter=2, max_memory="1GB").max_memory == "1GB"
    fitted = clone(search).fit(*CLASSES)
    restored = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(restored.predict(CLASSES[0]), fitted.predict(CLASSES[0]))
    assert repr(restored.fusion_report_) == repr(fitted.fusion_report_)
    assert not hasattr(clone(fitted), "cv_results_")
    assert fitted._repr_html_()


@pytest.mark.parametrize("name", SEARCHES)
def test_fitting_changes_no_parameter(name):
    search = clone(SEARCHES[name])
    before = joblib.hash(search.get_params())
    search.fit(*CLASSES)
    assert joblib.hash(search.get_params()) == before


@pytest.mark.parametrize("name", SEARCHES)
def test_fitting_again_gives_the_same(name):
    search = clone(SEARCHES[name]).fit(*CLASSES)
    scores = search.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(search.fit(*CLASSES).cv_results_["mean_test_score"], scores)


@pytest.mark.parametrize("name", SEARCHES)
def test_rows_of_the_frame_are_in_the_order_of_rank(name):
    pytest.importorskip("pandas")
    search = clone(SEARCHES[name]).fit(*CLASSES)
    frame = search.to_frame()
    assert sorted(frame.index) == list(range(len(search.cv_results_["params"])))
    assert list(frame.columns) == list(search.cv_results_)
    assert frame.index[0] == search.best_index_
    if "halving" in name:
        assert frame["iter"].is_monotonic_decreasing
        frame = frame[frame["iter"] == frame["iter"].max()]
    assert frame["rank_test_score"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("refit", "by"), [("f1_macro", "f1_macro"), ("accuracy", "accuracy"), (False, "accuracy")]
)
def test_rows_of_the_frame_of_several_scores(refit, by):
    pytest.importorskip("pandas")
    settings = {"scoring": ["accuracy", "f1_macro"], "refit": refit, "cv": 3}
    frame = FusedGridSearchCV(MLP, RATES, **settings).fit(*CLASSES).to_frame()
    assert frame[f"rank_test_{by}"].is_monotonic_increasing


def test_frame_before_fit():
    with pytest.raises((NotFittedError, AttributeError)):
        FusedGridSearchCV(MLP, RATES).to_frame()


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
def test_curves_and_report_of_candidates_of_all_kinds():
    grid = [
        {"last": [LogisticRegression(), MLP]},
        {"last__optimizer__learning_rate": [1e-2, -1.0]},
        {"last__optimizer": ["sgd"], "last__optimizer__learning_rate": [1e-2, 1e9]},
    ]
    pipeline = Pipeline([("scale", StandardScaler()), ("last", MLP)])
    with pytest.warns(FitFailedWarning):
        search = FusedGridSearchCV(pipeline, grid, cv=3).fit(*CLASSES)
    lengths = [[None if c is None else len(c) for c in row] for row in search.loss_curves_]
    assert lengths == [[None] * 3, [3] * 3, [3] * 3, [None] * 3, [3] * 3, [None] * 3]
    report = search.fusion_report_
    assert [entry.group for entry in report.entries] == [None, 0, 0, None, 1, 1]
    assert [entry.size for entry in report.entries] == [1, 2, 2, 1, 2, 2]
    assert (report.n_groups, report.n_alone) == (2, 2)
    assert str(report).splitlines() == [
        "FusionReport: 4 of 6 candidates fused into 2 passes per fold, 2 alone",
        "  pass 0: 2 candidates, compiled steps",
        "  pass 1: 2 candidates, compiled steps",
        "  alone: 1 candidate: LogisticRegression is not an estimator of skopt_suite",
        "  alone: 1 candidate: its parameters are not accepted",
    ]


def test_curves_are_those_of_the_fits():
    search = FusedGridSearchCV(MLP, {**RATES, "max_iter": [2, 4]}, cv=3).fit(*CLASSES)
    rows, _ = next(search._checked_cv_orig.split(*CLASSES))
    for params, curves in zip(search.cv_results_["params"], search.loss_curves_, strict=True):
        alone = clone(MLP).set_params(**params).fit(CLASSES[0][rows], CLASSES[1][rows])
        np.testing.assert_allclose(curves[0], alone.loss_curve_)
        assert len(curves[0]) == alone.n_iter_


def test_attributes_of_the_refitted_estimator():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(CLASSES[0], columns=list("abcdef"))
    fused, plain = both(MLP, ALPHAS, (X, CLASSES[1]))
    for name in ("n_features_in_", "multimetric_", "n_splits_"):
        assert getattr(fused, name) == getattr(plain, name)
    assert list(fused.feature_names_in_) == list("abcdef")
    np.testing.assert_array_equal(fused.classes_, [0, 1, 2])
    assert is_classifier(fused)
    assert not is_regressor(fused)
    assert is_regressor(FusedGridSearchCV(LinearRegressor(), ALPHAS))
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        np.testing.assert_allclose(getattr(fused, method)(X), getattr(plain, method)(X))
    assert fused.score(X, CLASSES[1]) == plain.score(X, CLASSES[1])
    for method in ("transform", "inverse_transform", "score_samples"):
        assert not hasattr(fused, method)
    hinge = FusedGridSearchCV(clone(MLP).set_params(loss="hinge"), ALPHAS).fit(*CLASSES)
    assert not hasattr(hinge, "predict_proba")
    assert not hasattr(FusedGridSearchCV(MLP, ALPHAS, refit=False).fit(*CLASSES), "predict")
    with pytest.raises(NotFittedError):
        FusedGridSearchCV(MLP, ALPHAS).predict(X)


def test_score_of_several_metrics():
    settings = {"scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"}
    fused, plain = both(MLP, ALPHAS, **settings)
    assert fused.score(*CLASSES) == pytest.approx(plain.score(*CLASSES))
    assert set(fused.scorer_) == {"accuracy", "neg_log_loss"}
    for refit in (True, "f1_macro"):
        with pytest.raises(ValueError, match="multi-metric scoring"):
            both(MLP, ALPHAS, **{**settings, "refit": refit})


def test_a_function_that_chooses_the_best():
    fused, plain = both(MLP, RATES, refit=lambda results: int(results["rank_test_score"].argmax()))
    assert fused.best_index_ == plain.best_index_
    assert not hasattr(fused, "best_score_")
    for refit, error in ((lambda results: 7, IndexError), (lambda results: "1", TypeError)):
        with pytest.raises(error, match="best_index_"):
            both(MLP, RATES, refit=refit)


GRIDS = {
    "the same candidate again": {"penalty__alpha": [1e-3, 1e-1, 1e-3]},
    "several grids": [ALPHAS, {**RATES, "shuffle": [True, False]}, {}],
    "nothing to vary": {},
    "seeds": {"random_state": [0, 1, np.random.RandomState(1)]},
    "weights of classes": {"class_weight": [None, "balanced", {0: 1, 1: 5, 2: 1}]},
    "batches": {"batch_size": [16, "auto", 200]},
    "numbers of NumPy": {"penalty__alpha": np.logspace(-3, 0, 3), "max_iter": np.arange(2, 4)},
    "objects": {"optimizer": [Adam(1e-3), Adam(1e-2)], "penalty": [L2(1e-3), L2(1e-1)]},
    "precision": {"dtype": ["float32", "float64", "auto"]},
    "layers": {"hidden_layer_sizes": [(4,), [4], np.array([4, 3]), 5]},
}


@pytest.mark.parametrize("case", GRIDS)
def test_kinds_of_candidates(case):
    fused = FusedGridSearchCV(MLP, GRIDS[case], cv=3).fit(*CLASSES)
    plain = GridSearchCV(MLP, GRIDS[case], cv=3).fit(*CLASSES)
    key = "mean_test_score"
    np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key], atol=1e-9)
    assert list(map(str, fused.cv_results_["params"])) == list(
        map(str, plain.cv_results_["params"])
    )


def test_a_generator_as_random_state():
    estimator = clone(MLP).set_params(random_state=np.random.RandomState(3))
    fused, plain = both(estimator, ALPHAS)
    assert_same_results(fused, plain)
    assert fused.fusion_report_.n_groups == 1


class Signed(Adam):
    """An optimizer of a user, with parameters that nobody declared."""

    def __init__(
        self, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8, signs=(1.0,), wrap=None
    ):
        super().__init__(learning_rate, beta1, beta2, epsilon)
        self.signs = signs
        self.wrap = wrap

    def step(self, state, params, problem, factor):
        return super().step(state, params, problem, factor * self.signs[0])


def test_parameters_that_cannot_be_hashed():
    """Components of users may have lists and functions as parameters: they split the pass."""
    estimator = clone(MLP).set_params(optimizer=Signed())
    grid = [
        {"optimizer__signs": [[1.0], [0.5]], "optimizer__learning_rate": [1e-3, 1e-2]},
        {"optimizer__signs": [[1.0]], "optimizer__wrap": [lambda x: x, lambda x: -x]},
    ]
    fused, plain = both(estimator, grid)
    key = "mean_test_score"
    np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key])
    assert fused.fusion_report_.n_groups == 2
    assert fused.fusion_report_.n_alone == 2  # functions are equal to nothing but themselves


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
@pytest.mark.parametrize(
    ("grid", "n_failed"),
    [
        ({"class_weight": [None, {0: 1, 7: 2}, "balanced"]}, 1),
        ({"class_weight": [{0: 0, 1: 0, 2: 0}, None]}, 1),
        ({"class_weight": [[{0: 1}], None]}, 1),
        ({"class_weight": ["even", None, 3]}, 2),
        ({"hidden_layer_sizes": [(4,), (-1,), "big"]}, 2),
        ({"penalty__alpha": [1e-3, -1, "x", None]}, 3),
        ({"loss": ["log_loss", "squared_error"]}, 1),
        ({"early_stopping": [True, False], "validation_fraction": [0.001, 0.999]}, 1),
        ({"random_state": [0, -1, "a"]}, 2),
        ({"optimizer": ["adam", "newton", 3]}, 2),
    ],
)
def test_candidates_fail_alone(grid, n_failed):
    with pytest.warns(FitFailedWarning, match=f"{3 * n_failed} fits failed out of a total"):
        fused, plain = both(MLP, grid)
    key = "mean_test_score"
    np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key])
    assert np.isnan(fused.cv_results_[key]).sum() == n_failed


@pytest.mark.parametrize(
    ("grid", "error"),
    [
        ({"class_weight": [None, {0: 1, 7: 2}]}, ValueError),
        ({"class_weight": ["even"]}, ValueError),
        ({"penalty__alpha": ["x"]}, ValueError),
        ({"penalty__alpha": [None]}, TypeError),
        ({"optimizer": ["sgd"], "optimizer__learning_rate": [1e9]}, FloatingPointError),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_error_score_raise_keeps_the_error(grid, error):
    for search in (FusedGridSearchCV, GridSearchCV):
        with pytest.raises(error) as caught:
            search(MLP, grid, cv=3, error_score="raise").fit(*CLASSES)
        assert "fits failed" not in str(caught.value)


@pytest.mark.parametrize("search", [FusedGridSearchCV, GridSearchCV])
def test_parameters_that_do_not_exist_are_an_error(search):
    for name in ("alpha", "optimizer__rate", "penalty__l1_ratio"):
        with pytest.raises(ValueError, match="Invalid parameter"):
            search(MLP, {name: [1]}, cv=3).fit(*CLASSES)


def test_warnings_come_as_often_as_with_scikit_learn():
    estimator = LinearClassifier(tol=1e-9)
    grid = {"penalty__alpha": [1e-5, 1e-2], "max_iter": [2, 1000]}
    counts = []
    for search in (FusedGridSearchCV, GridSearchCV):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            search(estimator, grid, cv=3, refit=False).fit(*CLASSES)
        counts.append(Counter((w.category, str(w.message)[:60]) for w in caught))
    assert counts[0] == counts[1]
    assert sum(counts[0].values()) == 6


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
def test_warnings_as_errors_let_only_their_fits_fail():
    estimator = LinearClassifier(tol=1e-6)

    def strictly():
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            return both(estimator, {"max_iter": [2, 1000]})

    with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6"):
        fused, plain = strictly()
    assert_same_results(fused, plain, tolerance=1e-6)
    assert fused.loss_curves_[0] == [None] * 3
    with pytest.raises(ConvergenceWarning):
        both(estimator, {"max_iter": [2]}, error_score="raise")


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
def test_a_fit_that_overflows_does_not_end_the_others():
    grid = {"optimizer": ["sgd"], "optimizer__learning_rate": [1e-2, 1e15]}
    search = FusedGridSearchCV(MLP, grid, cv=3)
    with (
        np.errstate(over="raise", invalid="raise"),
        pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6"),
    ):
        search.fit(*CLASSES)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]


def test_scores_of_a_search():
    search = FusedGridSearchCV(MLP, RATES, cv=3)
    ours = cross_val_score(search, *CLASSES, cv=3)
    theirs = cross_val_score(GridSearchCV(MLP, RATES, cv=3), *CLASSES, cv=3)
    np.testing.assert_allclose(ours, theirs)


def test_a_search_as_a_step():
    search = FusedGridSearchCV(MLP, RATES, cv=3)
    pipeline = make_pipeline(StandardScaler(), search).fit(*CLASSES)
    plain = make_pipeline(StandardScaler(), GridSearchCV(MLP, RATES, cv=3)).fit(*CLASSES)
    assert pipeline[-1].best_params_ == plain[-1].best_params_
    np.testing.assert_array_equal(pipeline.predict(CLASSES[0]), plain.predict(CLASSES[0]))


def test_a_search_in_a_search():
    inner = FusedGridSearchCV(MLP, RATES, cv=3)
    outer = FusedGridSearchCV(inner, {"estimator__hidden_layer_sizes": [(2,), (8,)]}, cv=3)
    outer.fit(*CLASSES)
    assert set(outer.best_estimator_.best_params_) == set(RATES)
    assert outer.fusion_report_.n_alone == 2


def test_searches_of_users():
    class Twice(GridSearchCV):
        def _run_search(self, evaluate_candidates):
            first = evaluate_candidates([{"penalty__alpha": 1e-3}, {"penalty__alpha": 1.0}])
            best = first["params"][int(first["mean_test_score"].argmax())]
            evaluate_candidates([{**best, "max_iter": 5}], more_results=None)

    class FusedTwice(FusedGridSearchCV):
        _run_search = Twice._run_search

    fused, plain = (search(MLP, {}, cv=3).fit(*CLASSES) for search in (FusedTwice, Twice))
    assert_same_results(fused, plain)


def test_rows_are_not_written_to():
    X, y, weights = (np.array(values) for values in (*CLASSES, WEIGHTS))
    for array in (X, y, weights):
        array.flags.writeable = False
    search = FusedGridSearchCV(make_pipeline(StandardScaler(), MLP), {}, cv=3)
    search.fit(X, y, mlpclassifier__sample_weight=weights)
    FusedGridSearchCV(MLPRegressor(max_iter=2), ALPHAS, cv=3).fit(X, NUMBERS[1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cv": "five"}, "The 'cv' parameter of FusedGridSearchCV must be"),
        ({"cv": 1}, "The 'cv' parameter of FusedGridSearchCV must be|k-fold"),
        ({"n_jobs": "all"}, "The 'n_jobs' parameter of FusedGridSearchCV must be"),
        ({"scoring": "acuracy"}, "The 'scoring' parameter of"),
        ({"error_score": "nan"}, "The 'error_score' parameter of FusedGridSearchCV must be"),
        ({"refit": 2.5}, "The 'refit' parameter of FusedGridSearchCV must be"),
        ({"param_grid": [1]}, "param_grid|Parameter grid"),
        ({"param_grid": {"tol": 1e-4}}, "Parameter grid for parameter 'tol' needs to be a list"),
        ({"estimator": "mlp"}, "The 'estimator' parameter of FusedGridSearchCV must be"),
    ],
)
def test_bad_settings(settings, message):
    search = FusedGridSearchCV(**{"estimator": MLP, "param_grid": ALPHAS, **settings})
    with pytest.raises((ValueError, TypeError), match=message):
        search.fit(*CLASSES)
