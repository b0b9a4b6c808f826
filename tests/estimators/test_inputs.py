"""Frames, precision and weights of the input."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.estimators import _inputs
from skopt_suite.optimizers import Adam, GradientDescent
from skopt_suite.penalties import L2

ALL = [
    LinearClassifier(),
    LinearRegressor(),
    MLPClassifier((8,), max_iter=10),
    MLPRegressor((8,), max_iter=10),
]
X, y = make_classification(n_samples=80, n_features=5, random_state=0)
every = pytest.mark.parametrize("estimator", ALL, ids=lambda e: type(e).__name__)


def _parameters(fitted):
    if hasattr(fitted, "coef_"):
        return [fitted.coef_, fitted.intercept_]
    return [*fitted.coefs_, *fitted.intercepts_]


@every
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames(estimator, frame):
    names = ["a", "b", "c", "d", "e"]
    table = frame({name: X[:, i] for i, name in enumerate(names)})
    fitted = clone(estimator).set_params(random_state=0).fit(table, y)
    assert fitted.feature_names_in_.tolist() == names
    plain = clone(estimator).set_params(random_state=0).fit(X, y)
    assert not hasattr(plain, "feature_names_in_")
    np.testing.assert_allclose(fitted.predict(table), plain.predict(X), rtol=1e-5)
    with pytest.raises(ValueError, match="The feature names should match"):
        fitted.predict(table[names[::-1]])


def test_arrays_after_frames():
    model = LinearRegressor().fit(pd.DataFrame(X, columns=list("abcde")), y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)
    model.fit(X[:, :3], y)
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 3
    with pytest.raises(ValueError, match="X has 5 features, but LinearRegressor is expecting 3"):
        model.predict(X)


@every
@pytest.mark.parametrize("column", [pd.Series, pl.Series])
def test_columns_as_targets(estimator, column):
    fitted = clone(estimator).set_params(random_state=0).fit(X, column(y))
    plain = clone(estimator).set_params(random_state=0).fit(X, y)
    np.testing.assert_array_equal(fitted.predict(X), plain.predict(X))


@every
@pytest.mark.parametrize(
    "given, parameter, trained",
    [
        ("float32", "auto", "float32"),
        ("float64", "auto", None),  # as X in linear models, float32 in perceptrons
        ("float64", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("int32", "auto", None),
    ],
)
def test_precision(estimator, given, parameter, trained):
    model = clone(estimator).set_params(dtype=parameter, standardize=False)
    fitted = model.fit((3 * X).astype(given), y)
    trained = trained or ("float64" if hasattr(fitted, "coef_") else "float32")
    assert {part.dtype.name for part in _parameters(fitted)} == {trained}


@every
def test_predictions_have_the_precision_of_X(estimator):
    fitted = clone(estimator).fit(X, y)
    method = "predict_proba" if hasattr(fitted, "predict_proba") else "predict"
    for dtype in ("float32", "float64"):
        assert getattr(fitted, method)(X.astype(dtype)).dtype == dtype


@pytest.mark.parametrize("estimator", [LinearClassifier, LinearRegressor])
def test_weights_are_repetition_and_only_their_ratios_count(estimator):
    model = estimator(penalty=L2(0.1), tol=1e-9)
    weight = np.random.RandomState(0).randint(0, 4, size=len(y))
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(X.repeat(weight, axis=0), y.repeat(weight))
    scaled = clone(model).fit(X, y, sample_weight=100.0 * weight)
    unweighted = clone(model).fit(X, y)
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)
    np.testing.assert_allclose(weighted.coef_, scaled.coef_, atol=1e-7)
    assert not np.allclose(weighted.coef_, unweighted.coef_, atol=1e-3)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 5}, {1: 3}])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_class_weight_is_scikit_learns(class_weight, is_weighted):
    cancer, target = load_breast_cancer(return_X_y=True)
    cancer = StandardScaler().fit_transform(cancer)
    weight = np.random.RandomState(0).uniform(0.5, 2, len(target)) if is_weighted else None
    ours = LinearClassifier(penalty=L2(0.01), class_weight=class_weight, tol=1e-9)
    ours.fit(cancer, target, sample_weight=weight)
    # scikit-learn adds the weights up, we divide by their sum.
    total = _total_weight(target, class_weight, weight)
    theirs = LogisticRegression(C=1 / (0.01 * total), class_weight=class_weight, tol=1e-10)
    theirs.set_params(max_iter=10_000).fit(cancer, target, sample_weight=weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


def _total_weight(target, class_weight, weight):
    from sklearn.utils.class_weight import compute_class_weight

    per_class = compute_class_weight(
        class_weight, classes=np.array([0, 1]), y=target, sample_weight=weight
    )
    return np.sum(per_class[target] * (1 if weight is None else weight))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1, 1: 20}])
def test_class_weight_moves_the_perceptron_towards_the_rare(class_weight):
    rare = make_classification(n_samples=400, weights=[0.95], flip_y=0.1, random_state=0)
    model = MLPClassifier((8,), optimizer=Adam(0.01), max_iter=50, random_state=0)
    plain = clone(model).fit(*rare)
    weighted = clone(model).set_params(class_weight=class_weight).fit(*rare)
    assert weighted.predict(rare[0]).sum() > plain.predict(rare[0]).sum()


def test_class_weight_of_classes_without_weight_is_no_division_by_zero():
    weight = (y == 1).astype(float)
    fitted = LinearClassifier(class_weight="balanced").fit(X, y, sample_weight=weight)
    assert fitted.predict(X).all()


def test_huge_and_tiny_targets_train():
    regression = make_regression(n_samples=60, n_features=4, noise=1.0, random_state=0)
    for scale in (1e-6, 1e6):
        fitted = LinearRegressor(tol=1e-6 * scale).fit(regression[0], regression[1] * scale)
        assert fitted.score(regression[0], regression[1] * scale) > 0.99


@pytest.mark.parametrize("scale", [1e308, 1e-320])
def test_huge_and_tiny_weights_count_by_their_ratios(scale):
    weight = np.random.RandomState(0).randint(1, 4, size=len(y)) / 4
    for class_weight in (None, {0: 1.0, 1: 3.0}):
        model = LinearClassifier(class_weight=class_weight, penalty=L2(1e-4), tol=1e-9)
        plain = clone(model).fit(X, y, sample_weight=weight)
        scaled = clone(model).fit(X, y, sample_weight=weight * scale)
        # denormal numbers have few digits
        np.testing.assert_allclose(scaled.coef_, plain.coef_, rtol=1e-8 if scale > 1 else 0.02)
    model = LinearClassifier(class_weight={0: 1e308, 1: 3e307}).fit(X, y, sample_weight=10 * weight)
    assert np.isfinite(model.coef_).all()


def test_one_row_with_nearly_all_weight_is_no_divergence():
    rng = np.random.RandomState(0)
    many = rng.normal(size=(30_000, 2))
    target, weight = np.zeros(30_000), np.full(30_000, 1e-9)
    target[2000], weight[2000] = 1000.0, 1.0
    model = LinearRegressor(optimizer=GradientDescent(0.1), penalty="none", max_iter=50)
    with pytest.warns(ConvergenceWarning, match="max_iter=50 iterations"):
        model.fit(many, target, sample_weight=weight)
    assert model.predict(many[2000:2001]) == pytest.approx(1000.0, rel=0.01)


@pytest.mark.parametrize("scale", [1.0, 1e160])
def test_dense_X_is_read_once_to_be_checked(monkeypatch, scale):
    """Squares say whether numbers are finite, and small enough, in one pass."""
    read, squares = [], _inputs._squares

    def counted(values):
        read.append(values.shape)
        return squares(values)

    monkeypatch.setattr(_inputs, "_squares", counted)
    table = np.asfortranarray(X * scale)
    if scale > 1:
        with pytest.raises(ValueError, match="X must not exceed"):
            LinearRegressor().fit(table, y.astype(float))
    else:
        LinearRegressor().fit(table, y.astype(float))
        assert read.count(X.shape) == 1
