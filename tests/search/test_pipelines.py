"""Pipelines of every kind: what precedes the last step is fitted once, with the same results."""

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KernelCenterer,
    MinMaxScaler,
    PolynomialFeatures,
    StandardScaler,
)

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedGridSearchCV

from .problems import CLASSES, NUMBERS, assert_same_results, both

MLP = MLPClassifier((8,), batch_size=32, max_iter=3, random_state=0)
REGRESSOR = LinearRegressor(tol=1e-9, max_iter=5000)
ALPHAS = [1e-3, 1e-1]


class Own(Pipeline):
    """A user's Pipeline, which may do more than transform."""


class Failing(TransformerMixin, BaseEstimator):
    """Fails in `fit`, or at rows that it was not fitted to."""

    def __init__(self, fails_in="never"):
        self.fails_in = fails_in

    def fit(self, X, y=None):
        if self.fails_in == "fit":
            raise ArithmeticError("no fit")
        self.first_row_ = X[0].copy()
        return self

    def transform(self, X):
        if self.fails_in == "transform" and not (X[0] == self.first_row_).all():
            raise ArithmeticError("no transform")
        return X


def both_with_training_scores(*args, **settings):
    return both(*args, **{"return_train_score": True, **settings})


def scaled(model, **settings):
    return Pipeline([("scale", StandardScaler()), ("last", model)], **settings)


WORDS = np.random.default_rng(0).integers(0, 40, (150, 8))
TEXTS = [" ".join(f"word{word}" for word in row) for row in WORDS]
ODD = ["odd" if odd else "even" for odd in (WORDS % 2).sum(axis=1) > 4]


@pytest.mark.parametrize(
    "model", [MLP, LinearClassifier(optimizer="adam", batch_size=32, max_iter=10, random_state=0)]
)
@pytest.mark.parametrize("vectorizer", [TfidfVectorizer(), HashingVectorizer(n_features=2**12)])
def test_texts_are_sparse_from_end_to_end(vectorizer, model):
    grid = {
        "last__optimizer__learning_rate": [1e-3, 1e-2, 0.1],
        "last__early_stopping": [False, True],
    }
    pipeline = Pipeline([("words", vectorizer), ("last", model)])
    fused, plain = both_with_training_scores(pipeline, grid, (TEXTS, ODD))
    assert_same_results(fused, plain)
    assert fused.fusion_report_.n_alone == 0
    assert fused.best_score_ > 0.7


FUSED = {
    "only the last step": (Pipeline([("last", MLP)]), {}, CLASSES),
    "nothing before": (
        Pipeline([("a", "passthrough"), ("b", None), ("last", MLP)]), {}, CLASSES,
    ),
    "steps that may be left out": (
        Pipeline([("a", StandardScaler()), ("b", PCA(3)), ("last", MLP)]),
        {"a": [None, "passthrough", MinMaxScaler()], "b": ["passthrough", PCA(2)]},
        CLASSES,
    ),
    "a union": (
        make_pipeline(FeatureUnion([("a", StandardScaler()), ("b", PCA(2))]), ("passthrough"),
                      Pipeline([("last", MLP)])),
        {"featureunion__b__n_components": [1, 3]},
        CLASSES,
    ),
    "columns": (
        Pipeline([
            ("columns", ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", "drop", [2])],
                                          remainder="passthrough")),
            ("last", MLP),
        ]),
        {"columns__a__with_mean": [True, False]},
        CLASSES,
    ),
    "three levels": (
        make_pipeline(StandardScaler(), make_pipeline(PCA(4), make_pipeline(MinMaxScaler(), MLP))),
        {"pipeline__pca__n_components": [2, 4]},
        CLASSES,
    ),
    "steps that see y": (
        make_pipeline(FunctionTransformer(), REGRESSOR), {}, NUMBERS,
    ),
    "kernels between rows": (
        make_pipeline(KernelCenterer(), LinearClassifier(tol=1e-6)),
        {},
        (CLASSES[0] @ CLASSES[0].T / 10, CLASSES[1]),
    ),
}  # fmt: skip


def last_name(estimator):
    names = []
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        names.append(name)
    return "__".join(names)


@pytest.mark.parametrize("case", FUSED)
def test_fused(case):
    estimator, grid, data = FUSED[case]
    grid = {**grid, f"{last_name(estimator)}__penalty__alpha": ALPHAS}
    fused, plain = both_with_training_scores(estimator, grid, data)
    assert_same_results(fused, plain, tolerance=1e-6)
    assert fused.fusion_report_.n_alone == 0
    np.testing.assert_allclose(fused.predict(data[0]), plain.predict(data[0]), rtol=1e-6)


ALONE = {
    "a Pipeline of a user": (
        Own([("scale", StandardScaler()), ("last", MLP)]),
        {"last__penalty__alpha": ALPHAS},
        CLASSES,
        "its Pipeline is not of scikit-learn's own class",
    ),
    "a Pipeline of a user inside": (
        make_pipeline(StandardScaler(), Own([("last", MLP)])),
        {"own__last__penalty__alpha": ALPHAS},
        CLASSES,
        "its Pipeline is not of scikit-learn's own class",
    ),
    "an ensemble": (
        BaggingClassifier(LinearClassifier(), 2, random_state=0),
        {"estimator__penalty__alpha": ALPHAS},
        CLASSES,
        "BaggingClassifier is not an estimator of skopt_suite",
    ),
    "a search": (
        GridSearchCV(LinearClassifier(), {"penalty__alpha": ALPHAS}, cv=2),
        {"cv": [2, 3]},
        CLASSES,
        "GridSearchCV is not an estimator of skopt_suite",
    ),
}


@pytest.mark.parametrize("case", ALONE)
def test_alone(case):
    estimator, grid, data, reason = ALONE[case]
    fused, plain = both_with_training_scores(estimator, grid, data)
    assert_same_results(fused, plain, tolerance=1e-6)
    assert {entry.reason for entry in fused.fusion_report_.entries} == {reason}


def test_candidates_that_change_the_last_step():
    inner = make_pipeline(PolynomialFeatures(2), MLPRegressor((4,), max_iter=3, random_state=0))
    grid = [
        {"last": [REGRESSOR, Ridge(), inner], "scale__with_mean": [True, False]},
        {"last": [inner], "last__mlpregressor__penalty__alpha": ALPHAS},
        {"last__penalty__alpha": ALPHAS},
    ]
    fused, plain = both_with_training_scores(scaled(REGRESSOR), grid, NUMBERS)
    assert_same_results(fused, plain, tolerance=1e-6)
    report = repr(fused.fusion_report_)
    assert "2 candidates: Ridge is not an estimator of skopt_suite" in report
    assert "4 candidates: no other candidate could share its pass" in report


def test_candidates_that_change_all_steps():
    grid = {"steps": [[("only", MLP)], [("scale", StandardScaler()), ("other", MLP)]]}
    fused, plain = both_with_training_scores(scaled(MLP), grid)
    assert_same_results(fused, plain, tolerance=1e-6)


def test_values_of_steps_that_cannot_be_hashed():
    class Local(StandardScaler):
        pass

    functions = [FunctionTransformer(lambda X: X + 1), FunctionTransformer(lambda X: X * 2)]
    grid = {"scale": [Local(), *functions], "last__penalty__alpha": ALPHAS}
    fused, plain = both_with_training_scores(scaled(MLP), grid)
    for key in ("mean_test_score", "mean_train_score"):
        np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key])
    assert fused.fusion_report_.n_groups == 3


@pytest.mark.parametrize("kind", [str, joblib.Memory])
def test_memory_keeps_preceding_steps(tmp_path, kind):
    n_fits = tmp_path / "fits"
    n_fits.write_text("")
    memory = str(tmp_path) if kind is str else joblib.Memory(tmp_path, verbose=0)
    pipeline = Pipeline(
        [("count", Counting(str(n_fits))), ("pca", PCA(3)), ("last", MLP)], memory=memory
    )
    grid = {"last__penalty__alpha": ALPHAS, "pca__n_components": [2, 3]}
    search = FusedGridSearchCV(pipeline, grid, cv=3, refit=False)
    first = search.fit(*CLASSES).cv_results_["mean_test_score"]
    assert len(n_fits.read_text()) == 3  # once per fold, though it precedes two settings of PCA
    search.fit(*CLASSES)
    assert len(n_fits.read_text()) == 3
    np.testing.assert_array_equal(first, search.cv_results_["mean_test_score"])
    plain = GridSearchCV(pipeline, grid, cv=3, refit=False).fit(*CLASSES)
    assert len(n_fits.read_text()) == 3  # scikit-learn's own search finds them, too
    assert_same_results(search, plain)


class Counting(StandardScaler):
    """Adds to a file with every fit."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def fit(self, X, y=None, sample_weight=None):
        with open(self.path, "a") as file:
            file.write("x")
        return super().fit(X, y, sample_weight)


@pytest.mark.filterwarnings("ignore:.*(test|train) scores are non-finite")
def test_a_step_that_fails_in_fit():
    pipeline = Pipeline([("step", Failing()), ("last", MLP)])
    grid = {"step__fails_in": ["never", "fit"], "last__penalty__alpha": ALPHAS}
    with pytest.warns(FitFailedWarning, match="6 fits failed out of a total of 12") as caught:
        fused, plain = both_with_training_scores(pipeline, grid)
    assert_same_results(fused, plain)
    messages = [str(w.message) for w in caught if w.category is FitFailedWarning]
    assert all("ArithmeticError: no fit" in message for message in messages)
    with pytest.raises(ArithmeticError, match="no fit"):
        both_with_training_scores(pipeline, grid, error_score="raise")


@pytest.mark.filterwarnings("ignore:.*(test|train) scores are non-finite")
@pytest.mark.parametrize("scoring", [None, "accuracy", ["accuracy"]])
def test_a_step_that_fails_when_rows_are_scored(scoring):
    pipeline = Pipeline([("step", Failing()), ("last", MLP)])
    grid = {"step__fails_in": ["never", "transform"], "last__penalty__alpha": ALPHAS}
    warned = []
    for search in (FusedGridSearchCV, GridSearchCV):
        refit = "accuracy" if isinstance(scoring, list) else True
        settings = {"cv": 3, "scoring": scoring, "refit": refit, "error_score": -1.0}
        with pytest.warns(UserWarning, match="Scoring failed") as caught:
            search = search(pipeline, grid, **settings, return_train_score=True).fit(*CLASSES)
        warned.append((search, sum("Scoring failed" in str(w.message) for w in caught)))
    (fused, n_fused), (plain, n_plain) = warned
    assert_same_results(fused, plain)
    assert n_fused == n_plain
    with pytest.raises(ArithmeticError, match="no transform"):
        both_with_training_scores(pipeline, grid, error_score="raise")


def test_settings_of_the_pipeline_reach_scorers():
    seen = []

    def looking(estimator, X, y):
        seen.append(estimator)
        return float(len(X))

    pipeline = scaled(make_pipeline(PCA(3), MLP), verbose=False)
    grid = {"last__mlpclassifier__penalty__alpha": ALPHAS}
    search = FusedGridSearchCV(pipeline, grid, scoring=looking, cv=3, refit=False).fit(*CLASSES)
    assert search.cv_results_["mean_test_score"].tolist() == [50.0, 50.0]
    for estimator in seen:
        assert type(estimator) is Pipeline
        assert [name for name, _ in estimator.steps] == ["scale", "last"]
        assert estimator[-1][-1].penalty_.alpha in ALPHAS
        alone = clone(estimator)
        alone.set_params(last__mlpclassifier__penalty__alpha=estimator[-1][-1].penalty_.alpha)
        assert repr(alone) == repr(estimator)


def test_frames_pass_through_steps():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(CLASSES[0], columns=list("abcdef"))
    pipeline = make_pipeline(
        ColumnTransformer([("a", StandardScaler(), ["a", "c"])], remainder="passthrough"), MLP
    ).set_output(transform="pandas")
    fused, plain = both_with_training_scores(
        pipeline, {"mlpclassifier__penalty__alpha": ALPHAS}, (X, CLASSES[1])
    )
    assert_same_results(fused, plain)
    assert list(fused.feature_names_in_) == list("abcdef")
    names = fused.best_estimator_[-1].feature_names_in_
    assert list(names) == list(plain.best_estimator_[-1].feature_names_in_)


def test_weights_of_preceding_steps():
    weights = np.random.default_rng(0).random(150)
    fused, plain = both_with_training_scores(
        scaled(MLP), {"last__penalty__alpha": ALPHAS}, fit_params={"scale__sample_weight": weights}
    )
    assert_same_results(fused, plain)
    assert fused.fusion_report_.n_alone == 0


def test_weights_that_the_pipeline_does_not_take_are_an_error():
    with pytest.raises(ValueError, match=r"Pipeline\.fit does not accept the sample_weight"):
        both_with_training_scores(
            scaled(MLP),
            {"last__penalty__alpha": ALPHAS},
            fit_params={"sample_weight": np.ones(150)},
            error_score="raise",
        )


def test_validation_rows_go_through_steps_when_routed():
    import sklearn

    X_val, y_val = CLASSES[0][:30], CLASSES[1][:30]
    with sklearn.config_context(enable_metadata_routing=True):
        model = clone(MLP).set_params(early_stopping=True)
        model.set_fit_request(X_val=True, y_val=True)
        pipeline = scaled(model, transform_input=["X_val"])
        fused, plain = both_with_training_scores(
            pipeline,
            {"last__penalty__alpha": ALPHAS},
            fit_params={"X_val": X_val, "y_val": y_val},
        )
    assert_same_results(fused, plain)
    report = repr(fused.fusion_report_)
    assert "fit parameters ['X_val', 'y_val'] are not weights of samples" in report
