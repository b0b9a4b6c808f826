"""Every kind of target and of label goes in and comes out as scikit-learn's estimators have it."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification
from sklearn.linear_model import LinearRegression

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import Adam

FAST = {"optimizer": Adam(0.02), "max_iter": 100, "random_state": 0}
IRIS = load_iris(return_X_y=True)
LABELLED = make_multilabel_classification(n_samples=200, n_classes=4, random_state=0)

CLASSIFIERS = [
    LinearClassifier(),
    LinearClassifier(loss="squared_hinge"),
    LinearClassifier(loss="hinge", optimizer=Adam(0.02)),
    MLPClassifier((16,), **FAST),
    MLPClassifier((16,), **FAST, loss="hinge"),
]


def _label(estimator):
    return f"{type(estimator).__name__}-{estimator.loss}"


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=_label)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "names",
    [
        np.array([0, 1, 2]),
        np.array([-1, 1, 5]),
        np.array([2.0, 1.0, 3.0]),
        np.array(["b", "a", "c"]),
        np.array(["b", "a", "c"], dtype=object),
        np.array([True, False]),
    ],
    ids=["integers", "gaps", "floats", "strings", "objects", "bools"],
)
def test_labels(estimator, n_classes, names):
    n_classes = min(n_classes, len(names))
    X, codes = IRIS[0][: 50 * n_classes], IRIS[1][: 50 * n_classes]
    y = names[codes]
    fitted = estimator.fit(X, y)
    np.testing.assert_array_equal(fitted.classes_, np.unique(y))
    predicted = fitted.predict(X)
    assert predicted.dtype == fitted.classes_.dtype
    assert np.mean(predicted == y) > 0.85
    assert fitted.score(X, y) == np.mean(predicted == y)
    raw = fitted.decision_function(X)
    assert raw.shape == ((100,) if n_classes == 2 else (150, 3))
    if estimator.loss == "log_loss":
        probability = fitted.predict_proba(X)
        assert probability.shape == (50 * n_classes, n_classes)
        np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-6)
        np.testing.assert_array_equal(fitted.classes_[probability.argmax(axis=1)], predicted)
        np.testing.assert_allclose(np.exp(fitted.predict_log_proba(X)), probability, rtol=1e-6)


@pytest.mark.parametrize("loss", ["log_loss", "hinge", "squared_hinge"])
def test_multi_label(loss):
    X, Y = LABELLED
    fitted = MLPClassifier((32,), loss=loss, **FAST).fit(X, Y)
    assert fitted.predict(X).shape == Y.shape
    assert np.mean(fitted.predict(X) == Y) > 0.9
    assert fitted.score(X, Y) == np.mean((fitted.predict(X) == Y).all(axis=1))
    if loss == "log_loss":
        probability = fitted.predict_proba(X)
        np.testing.assert_array_equal(probability > 0.5, fitted.predict(X))
        assert not np.allclose(probability.sum(axis=1), 1)


def test_one_label_column_is_a_binary_problem_with_a_column():
    X, Y = LABELLED
    together = MLPClassifier((), optimizer="lbfgs", penalty="none", max_iter=30, tol=0.01)
    alone = MLPClassifier((), optimizer="lbfgs", penalty="none", max_iter=30, tol=0.01)
    together.fit(X, Y)
    alone.fit(X, Y[:, 0])
    # Labels are independent problems: both reach the same optimum, up to their tolerance.
    agreement = np.mean(together.predict(X)[:, 0] == alone.predict(X))
    assert agreement > 0.97


@pytest.mark.parametrize("estimator", [LinearRegressor(), MLPRegressor((32,), **FAST)])
@pytest.mark.parametrize("shape", [(80,), (80, 1), (80, 3)])
def test_targets_keep_their_shape(estimator, shape):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 4))
    y = (X @ rng.normal(size=(4, 3)))[:, : shape[-1] if len(shape) == 2 else 1].reshape(shape)
    fitted = estimator.fit(X, y)
    assert fitted.predict(X).shape == shape
    assert fitted.score(X, y) > 0.9
    if hasattr(fitted, "coef_"):
        theirs = LinearRegression().fit(X, y)
        assert fitted.coef_.shape == theirs.coef_.shape
        assert np.shape(fitted.intercept_) == np.shape(theirs.intercept_)


def test_many_targets_are_independent_problems():
    rng = np.random.RandomState(0)
    X, Y = rng.normal(size=(50, 4)), rng.normal(size=(50, 3))
    together = LinearRegressor(tol=1e-9).fit(X, Y)
    for k in range(3):
        alone = LinearRegressor(tol=1e-9).fit(X, Y[:, k])
        np.testing.assert_allclose(together.coef_[k], alone.coef_, atol=1e-6)
        np.testing.assert_allclose(together.intercept_[k], alone.intercept_, atol=1e-6)


def test_shapes_of_parameters():
    X, y = make_classification(n_samples=60, n_features=7, random_state=0)
    linear = LinearClassifier().fit(X, y)
    assert linear.coef_.shape == (1, 7)
    assert linear.intercept_.shape == (1,)
    assert LinearClassifier().fit(*IRIS).coef_.shape == (3, 4)
    assert not LinearClassifier(fit_intercept=False).fit(*IRIS).intercept_.any()
    network = MLPClassifier((5, 4), max_iter=2).fit(*IRIS)
    assert [w.shape for w in network.coefs_] == [(4, 5), (5, 4), (4, 3)]
    assert [b.shape for b in network.intercepts_] == [(5,), (4,), (3,)]
    assert (network.n_layers_, network.n_outputs_) == (4, 3)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8, bool])
def test_integers_are_classes_whatever_their_kind(dtype):
    y = (np.arange(30) % 2).astype(dtype)
    model = MLPClassifier(max_iter=2, random_state=0).fit(np.eye(30), y)
    assert model.classes_.dtype == dtype
    np.testing.assert_array_equal(model.classes_, [0, 1])
