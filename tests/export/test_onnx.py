"""What is exported to ONNX predicts, in onnxruntime, what the model does."""

import sys

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import scipy.sparse
import skl2onnx
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.ensemble import FusedBaggingClassifier, FusedBaggingRegressor
from skopt_suite.export import register_onnx_converters, to_onnx
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, LogLoss, Quantile
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.models import ACTIVATIONS
from skopt_suite.tabular import TabularMLPRegressor

rng = np.random.RandomState(0)
X = rng.normal(size=(40, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] / 2
TWO_NUMBERS = np.c_[NUMBERS, X[:, 0] - NUMBERS]
LABELS = (TWO_NUMBERS > 0).astype(int)
WORDS = np.array(["ash", "beech", "cedar"])[np.digitize(NUMBERS, [-0.5, 0.5])]
CLASSES = {
    "two numbers": np.where(NUMBERS > 0, 7, 3),
    "two bools": NUMBERS > 0,
    "two words": np.where(NUMBERS > 0, "oak", "elm").astype(object),
    "three words": WORDS,
    "three floats": np.digitize(NUMBERS, [-0.5, 0.5]).astype(float),
}
TARGETS = {"one": NUMBERS, "column": NUMBERS[:, None], "two": TWO_NUMBERS}
SHORT = {"max_iter": 2, "random_state": 0, "standardize": True}
TOLERANCE = {"float32": 1e-5, "float64": 1e-7}


def run(onnx_model, inputs):
    """Return what onnxruntime makes of inputs."""
    session = onnxruntime.InferenceSession(onnx_model.SerializeToString())
    return session.run(None, inputs)


def assert_same(model, X=X, dtype="float32"):
    """Check that labels, probabilities, scores and predictions are those of the model."""
    X = X.astype(dtype)
    got = run(to_onnx(model, X), {"X": X})
    assert got[-1].dtype == dtype
    if hasattr(model, "classes_"):
        np.testing.assert_array_equal(got[0], model.predict(X))
    np.testing.assert_allclose(got[-1], expected(model, X), atol=TOLERANCE[dtype])


def expected(model, X):
    """Return what the last output is to be."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)
    if not hasattr(model, "classes_"):
        return model.predict(X).reshape(shape_of_predictions(model))
    scores = model.decision_function(X)
    return np.c_[-scores, scores] if scores.ndim == 1 else scores


def shape_of_predictions(model):
    """Return the shape that ONNX has: a column where predictions are a vector."""
    shape = model.predict(X).shape
    return shape if len(shape) > 1 else (*shape, 1)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, dtype):
    model = MLPRegressor((6, 5), activation, **SHORT).fit(X, NUMBERS)
    assert_same(model, 3 * X, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalization", ["none", "layer", "batch"])
def test_kinds_of_layers(normalization, residual, dtype):
    kinds = {"residual": residual, "normalization": normalization}
    model = MLPClassifier((5, 5, 3), ("relu", "tanh", "elu"), **kinds, **SHORT).fit(X, WORDS)
    assert_same(model, X, dtype)


@pytest.mark.parametrize("y", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("loss", [*CLASSIFICATION_LOSSES])
def test_losses_of_classes(loss, y):
    assert_same(LinearClassifier(loss=loss).fit(X, y))


@pytest.mark.parametrize("loss", [*CLASSIFICATION_LOSSES])
def test_losses_of_labels(loss):
    assert_same(MLPClassifier((), loss=loss, **SHORT).fit(X, LABELS))


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("loss", [*REGRESSION_LOSSES, Quantile([0.2, 0.5, 0.9])], ids=str)
def test_losses_of_numbers(loss, y):
    has_link = loss in ("poisson", "gamma", "tweedie")
    model = LinearRegressor(loss=loss).fit(X, np.exp(y) if has_link else y)
    assert_same(model)


def test_classes_that_no_class_is_like():
    model = LinearClassifier(loss="modified_huber").fit(X, WORDS)
    model.intercept_ = model.intercept_ - 100.0
    assert_same(model)


def test_quantiles_that_cross():
    model = LinearRegressor(loss=Quantile([0.2, 0.9])).fit(X, NUMBERS)
    model.intercept_ = np.array([1.0, -1.0])
    assert (np.diff(model.predict(X)) > 1).all()
    assert_same(model)


def test_no_intercept():
    assert_same(LinearRegressor(fit_intercept=False).fit(X, NUMBERS))


def test_columns_far_from_zero():
    """Single precision has no digits for the columns, but for what is left of them."""
    far = X + 1e4
    model = MLPRegressor((6,), **SHORT).fit(far, NUMBERS)
    assert_same(model, far)


def test_models_of_sparse_rows():
    model = LinearClassifier(penalty="l1").fit(scipy.sparse.csr_array(X), WORDS)
    rows = X.astype("float32")
    labels, _ = run(to_onnx(model, scipy.sparse.csr_array(rows)), {"X": rows})
    np.testing.assert_array_equal(labels, model.predict(rows))


def test_an_input_for_every_column_of_a_frame():
    frame = pd.DataFrame({"a": X[:, 0], "b": np.arange(40), "c": X[:, 1].astype("float32")})
    model = LinearRegressor().fit(frame, NUMBERS)
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    (got,) = run(to_onnx(model, frame), inputs)
    np.testing.assert_allclose(got[:, 0], model.predict(frame), atol=1e-12)


def test_whole_numbers_are_computed_with_in_double():
    rows = rng.randint(0, 2**20, size=(40, 4))
    model = LinearRegressor(standardize=True).fit(rows, NUMBERS)
    (got,) = run(to_onnx(model, rows), {"X": rows})
    np.testing.assert_allclose(got[:, 0], model.predict(rows), atol=1e-9)


def test_pipelines_of_frames():
    frame = pd.DataFrame({"number": NUMBERS, "word": WORDS})
    columns = make_column_transformer(
        (StandardScaler(), ["number"]), (OneHotEncoder(sparse_output=False), ["word"])
    )
    pipe = make_pipeline(columns, MLPClassifier((4,), **SHORT)).fit(frame, LABELS)
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    _, probabilities = run(to_onnx(pipe, frame), inputs)
    np.testing.assert_allclose(probabilities, pipe.predict_proba(frame), atol=1e-5)


def test_converters_of_skl2onnx_find_the_models():
    register_onnx_converters()
    members = [("ours", LinearClassifier()), ("theirs", LogisticRegression())]
    votes = VotingClassifier(members, voting="soft", flatten_transform=False)
    pipe = make_pipeline(StandardScaler(), votes).fit(X, WORDS)
    rows = X.astype("float32")
    labels, probabilities = run(skl2onnx.to_onnx(pipe, rows[:1]), {"X": rows})
    np.testing.assert_array_equal(labels, pipe.predict(rows))
    got = pd.DataFrame(probabilities)[pipe.classes_]  # a dict for every row
    np.testing.assert_allclose(got, pipe.predict_proba(rows), atol=1e-5)


def test_what_a_search_has_found():
    search = FusedGridSearchCV(LinearClassifier(), {"penalty__alpha": [0.1, 1.0]}, cv=2)
    assert_same(search.fit(X, WORDS).best_estimator_)
    labels, _ = run(to_onnx(search, X), {"X": X})
    np.testing.assert_array_equal(labels, search.predict(X))


@pytest.mark.parametrize("max_features", [0.5, 1.0])
def test_ensembles(max_features):
    settings = {"n_estimators": 3, "max_features": max_features, "random_state": 0}
    member = MLPClassifier((4,), **SHORT)
    assert_same(FusedBaggingClassifier(member, **settings).fit(X, WORDS))
    assert_same(FusedBaggingRegressor(LinearRegressor(), **settings).fit(X, NUMBERS))


def test_scores_in_place_of_probabilities():
    model = LinearClassifier().fit(X, WORDS)
    _, scores = run(to_onnx(model, X, options={"raw_scores": True}), {"X": X})
    np.testing.assert_allclose(scores, model.decision_function(X), atol=1e-12)


@pytest.mark.parametrize("opset", [17, 21])
def test_versions_of_operators(opset):
    model = MLPClassifier((4,), "gelu", normalization="layer", **SHORT).fit(X, WORDS)
    onnx_model = to_onnx(model, X, target_opset=opset)
    assert [one.version for one in onnx_model.opset_import if one.domain == ""] == [opset]
    np.testing.assert_array_equal(run(onnx_model, {"X": X})[0], model.predict(X))


def test_versions_that_are_too_old():
    model = LinearRegressor().fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"LinearRegressor: target_opset must be .* 17 .* got 15"):
        to_onnx(model, X, target_opset=15)


def test_what_is_not_fitted():
    with pytest.raises(NotFittedError):
        to_onnx(LinearRegressor(), X)


@pytest.mark.parametrize("rows", [None, X[0], X.tolist()], ids=["none", "one row", "list"])
def test_rows_that_have_no_type(rows):
    with pytest.raises(TypeError, match=r"to_onnx: X must be an array of shape .* got "):
        to_onnx(LinearRegressor().fit(X, NUMBERS), rows)


def test_models_on_raw_tables():
    model = TabularMLPRegressor().fit(X, NUMBERS)
    match = "TabularMLPRegressor cannot be exported to ONNX: its encoder"
    with pytest.raises(TypeError, match=match):
        to_onnx(model, X)
    register_onnx_converters()
    with pytest.raises(TypeError, match=match):
        skl2onnx.to_onnx(model, X[:1])


def test_labels_that_onnx_has_not():
    dates = np.array(["2026-01-01", "2026-07-01"], dtype="datetime64[D]")[LABELS[:, 0]]
    model = LinearClassifier().fit(X, dates)
    with pytest.raises(ValueError, match=r"labels must be numbers or texts .* got .*datetime64"):
        to_onnx(model, X)


class Cubed(LogLoss):
    """Gives probabilities in its own way."""

    def probability(self, raw):
        return super().probability(raw) ** 3


class Twice(LogLoss):
    """Gives probabilities as its parent does."""

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return 2 * value, 2 * gradient


def test_losses_of_users():
    assert_same(LinearClassifier(loss=Twice()).fit(X, WORDS))
    model = LinearClassifier(loss=Cubed()).fit(X, WORDS)
    with pytest.raises(ValueError, match=r"loss 'cubed' .* a way of its own, Cubed.probability"):
        to_onnx(model, X)


@pytest.mark.parametrize(
    "model, y, match",
    [
        (LinearClassifier(loss="hinge"), WORDS, "if its members give probabilities"),
        (LinearRegressor(), TWO_NUMBERS, "with one target and one quantile"),
    ],
)
def test_ensembles_that_skl2onnx_cannot_convert(model, y, match):
    ensemble = FusedBaggingRegressor if y.ndim > 1 else FusedBaggingClassifier
    fitted = ensemble(model, n_estimators=2).fit(X, y)
    with pytest.raises(ValueError, match=match):
        to_onnx(fitted, X)


def test_without_skl2onnx_the_error_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'skopt-suite\[onnx\]'"):
        to_onnx(LinearRegressor().fit(X, NUMBERS), X)
