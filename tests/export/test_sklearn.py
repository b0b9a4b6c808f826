"""scikit-learn's estimators that models become predict what these do."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.export import to_sklearn
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, Quantile, Tweedie
from skopt_suite.model_selection import FusedGridSearchCV

rng = np.random.RandomState(0)
X = StandardScaler().fit_transform(rng.normal(size=(40, 4)))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] / 2 + 1
TWO_NUMBERS = np.c_[NUMBERS, X[:, 0] - NUMBERS]
LABELS = (TWO_NUMBERS > 0).astype(int)
WORDS = np.array(["ash", "beech", "cedar"])[np.digitize(NUMBERS, [0.5, 1.5])]
CLASSES = {"two bools": NUMBERS > 1, "three words": WORDS}
TARGETS = {"one": NUMBERS, "column": NUMBERS[:, None], "two": TWO_NUMBERS}
SHORT = {"max_iter": 2, "random_state": 0}
LINEAR = {
    "log_loss": "LogisticRegression",
    "focal": "LogisticRegression",
    "modified_huber": "SGDClassifier",
    "hinge": "LinearSVC",
    "squared_hinge": "LinearSVC",
    "poisson": "PoissonRegressor",
    "gamma": "GammaRegressor",
    "tweedie": "TweedieRegressor",
}


def assert_same(model, name):
    """Check what a model becomes, and that it predicts the same."""
    estimator = to_sklearn(model)
    assert type(estimator).__name__ == name
    assert type(estimator).__module__.startswith("sklearn.")
    if hasattr(model, "classes_"):
        np.testing.assert_array_equal(estimator.classes_, model.classes_)
        np.testing.assert_array_equal(estimator.predict(X), model.predict(X))
    method = "predict_proba" if hasattr(model, "classes_") else "predict"
    assert hasattr(estimator, method) == hasattr(model, method)
    if hasattr(model, method):
        got, expected = getattr(estimator, method)(X), getattr(model, method)(X)
        np.testing.assert_allclose(got, expected, atol=1e-6)
    return estimator


@pytest.mark.parametrize("y", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("loss", [*CLASSIFICATION_LOSSES])
def test_linear_classifiers(loss, y):
    model = LinearClassifier(loss=loss).fit(X, y)
    estimator = assert_same(model, LINEAR[loss])
    scores = estimator.decision_function(X)
    np.testing.assert_allclose(scores, model.decision_function(X), atol=1e-6)


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("loss", sorted(set(REGRESSION_LOSSES) - set(LINEAR)))
def test_linear_regressors(loss, y):
    assert_same(LinearRegressor(loss=loss).fit(X, y), "LinearRegression")


@pytest.mark.parametrize("loss", ["poisson", "gamma", Tweedie(1.2), Tweedie(-1.0)], ids=str)
def test_generalised_linear_models(loss):
    y = np.exp(TWO_NUMBERS)
    name = LINEAR[getattr(loss, "name", loss)]
    model = LinearRegressor(loss=loss).fit(X, y[:, 0])
    assert_same(model, name)
    assert_same(LinearRegressor(loss=loss).fit(X, y), "MLPRegressor")
    column = to_sklearn(LinearRegressor(loss=loss).fit(X, y[:, :1]))
    np.testing.assert_allclose(column.predict(X), to_sklearn(model).predict(X), rtol=1e-6)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_networks(activation):
    classifier = MLPClassifier((5, 3), activation, **SHORT)
    for y in (*CLASSES.values(), LABELS):
        assert_same(classifier.fit(X, y), "MLPClassifier")
    regressor = MLPRegressor((5, 3), activation, **SHORT)
    for y in (NUMBERS, TWO_NUMBERS):
        assert_same(regressor.fit(X, y), "MLPRegressor")
    regressor.set_params(loss="poisson").fit(X, np.exp(TWO_NUMBERS))
    assert_same(regressor, "MLPRegressor")


def test_networks_without_hidden_layers():
    assert_same(MLPClassifier((), **SHORT).fit(X, WORDS), "LogisticRegression")
    assert_same(MLPClassifier((), **SHORT).fit(X, LABELS), "MLPClassifier")


def test_parameters_are_copies():
    model = LinearRegressor().fit(X, NUMBERS)
    before = model.predict(X)
    estimator = to_sklearn(model)
    estimator.coef_ *= 2
    np.testing.assert_array_equal(model.predict(X), before)
    assert estimator.tol == type(estimator)().tol


def test_a_pickle_is_little_larger_than_parameters():
    model = MLPClassifier((100,), **SHORT).fit(X, WORDS)
    n_bytes = sum(part.nbytes for part in [*model.coefs_, *model.intercepts_])
    state_of_random_numbers = 5600
    n_pickled = len(pickle.dumps(to_sklearn(model)))
    assert n_pickled < n_bytes + state_of_random_numbers + 2500


def test_names_of_columns_are_kept():
    frame = pd.DataFrame(X, columns=list("abcd"))
    estimator = to_sklearn(LinearRegressor().fit(frame, NUMBERS))
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(frame[list("dcba")])


def test_what_a_search_has_found():
    search = FusedGridSearchCV(LinearRegressor(), {"penalty__alpha": [0.1, 1.0]}, cv=2)
    got = to_sklearn(search.fit(X, NUMBERS)).predict(X)
    np.testing.assert_allclose(got, search.predict(X))


@pytest.mark.parametrize(
    "model, reason",
    [
        (MLPRegressor((5,), normalization="layer"), "neither normalisation nor residual"),
        (MLPRegressor((5, 5), residual=True), "neither normalisation nor residual"),
        (MLPRegressor((5,), "gelu"), "one activation of identity, logistic, tanh, relu"),
        (MLPRegressor((5, 5), ("relu", "tanh")), "one activation of identity, logistic"),
        (MLPRegressor((5,), loss=Quantile([0.1, 0.9])), "as with the loss 'quantile'"),
        (LinearRegressor(loss=Quantile([0.1, 0.9])), "predict one quantile of a target"),
        (MLPClassifier((5,), loss="hinge"), "as with the loss 'hinge'"),
        (MLPClassifier((5,), loss="modified_huber"), "as with the loss 'modified_huber'"),
    ],
    ids=str,
)
def test_what_scikit_learn_has_not(model, reason):
    if isinstance(model, (MLPClassifier, MLPRegressor)):
        model.set_params(**SHORT)
    model.fit(X, WORDS if hasattr(model, "class_weight") else NUMBERS)
    with pytest.raises(ValueError, match=f"scikit-learn has no equivalent of it: .*{reason}"):
        to_sklearn(model)


class Doubled(LinearRegressor):
    """Predicts in its own way."""

    def predict(self, X):
        return 2 * super().predict(X)


class Lasso(LinearRegressor):
    """Has another default."""

    def __init__(self, penalty="l1"):
        super().__init__(penalty=penalty)


def test_subclasses_of_users():
    assert_same(Lasso().fit(X, NUMBERS), "LinearRegression")
    with pytest.raises(TypeError, match="got Doubled"):
        to_sklearn(Doubled().fit(X, NUMBERS))


def test_what_is_no_model():
    with pytest.raises(TypeError, match=r"equivalents of LinearClassifier.*got Ridge"):
        to_sklearn(Ridge().fit(X, NUMBERS))
    with pytest.raises(NotFittedError):
        to_sklearn(LinearRegressor())
