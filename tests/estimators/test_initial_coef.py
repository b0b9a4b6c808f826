"""Linear models start from the coefficients that `fit` is given."""

import copy
import re

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris, make_regression
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.optimizers import SGD

X, THREE = load_iris(return_X_y=True)
TWO = (THREE == 1).astype(int)
NUMBERS = X @ [1.0, -2.0, 0.5, 3.0] - 1
PAIRS = np.stack([NUMBERS, X[:, 0]], axis=1)
HERE = np.array([0.3, -0.2, 0.1, 0.5])
# A rate so small that a fit stays where it starts, and one epoch.
STAY = {"optimizer": SGD(1e-12), "tol": None, "max_iter": 1, "dtype": "float64", "random_state": 0}


@pytest.mark.parametrize(
    "estimator, y, coef, intercept",
    [
        (LinearClassifier, TWO, HERE, 0.7),
        (LinearClassifier, TWO, HERE[None], [0.7]),
        (LinearClassifier, TWO, HERE.tolist(), np.float32(0.5)),
        (LinearClassifier, THREE, np.arange(12.0).reshape(3, 4) / 10, [0.1, 0.2, -0.3]),
        (LinearRegressor, NUMBERS, HERE, 0.7),
        (LinearRegressor, PAIRS, np.stack([HERE, 2 * HERE]), [0.7, -0.7]),
        (LinearRegressor, NUMBERS[:, None], HERE[None], [0.7]),
    ],
)
def test_a_fit_begins_there(estimator, y, coef, intercept):
    fitted = estimator(**STAY).fit(X, y, coef_init=coef, intercept_init=intercept)
    np.testing.assert_allclose(np.ravel(fitted.coef_), np.ravel(coef), atol=1e-8)
    np.testing.assert_allclose(np.ravel(fitted.intercept_), np.ravel(intercept), atol=1e-8)


def test_what_is_not_given_is_zero():
    only_coef = LinearRegressor(**STAY).fit(X, NUMBERS, coef_init=HERE)
    only_intercept = LinearRegressor(**STAY).fit(X, NUMBERS, intercept_init=3.0)
    assert only_coef.intercept_ == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(only_intercept.coef_, 0, atol=1e-8)


def test_with_a_warm_start_what_is_not_given_is_that_of_the_last_fit():
    model = LinearRegressor(**STAY, warm_start=True)
    model.fit(X, NUMBERS, coef_init=HERE, intercept_init=2.0).fit(X, NUMBERS, intercept_init=5.0)
    np.testing.assert_allclose(model.coef_, HERE, atol=1e-8)
    assert model.intercept_ == pytest.approx(5)


def test_the_arrays_of_the_user_stay_as_they_are():
    coef, intercept = HERE.copy(), np.array([0.7])
    LinearClassifier(optimizer="sgd", tol=None, max_iter=2).fit(
        X, TWO, coef_init=coef, intercept_init=intercept
    )
    np.testing.assert_array_equal(coef, HERE)
    assert intercept == 0.7


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("is_classifier", [True, False])
def test_an_epoch_from_there_is_that_of_scikit_learn(is_classifier):
    start = {"coef_init": HERE if not is_classifier else HERE[None], "intercept_init": [0.7]}
    plain = {"eta0": 0.01, "learning_rate": "constant", "penalty": None, "shuffle": False}
    ours, theirs, y = LinearRegressor, SGDRegressor, NUMBERS
    if is_classifier:
        ours, theirs, y = LinearClassifier, SGDClassifier, TWO
        plain["loss"] = "log_loss"
    model = ours(
        penalty="none", optimizer=SGD(0.01), batch_size=1, shuffle=False, dtype="float64",
        tol=None, max_iter=2,
    )  # fmt: skip
    model.fit(X, y, **start)
    theirs = theirs(**plain, tol=None, max_iter=2).fit(X, y, **copy.deepcopy(start))
    np.testing.assert_allclose(np.ravel(model.coef_), np.ravel(theirs.coef_), rtol=1e-9)
    np.testing.assert_allclose(np.ravel(model.intercept_), theirs.intercept_, rtol=1e-9)


@pytest.mark.parametrize("optimizer", ["lbfgs", "fista"])
def test_from_the_optimum_a_solver_has_little_to_do(optimizer):
    y = make_regression(150, 4, noise=5.0, random_state=0)[1]
    model = LinearRegressor(optimizer=optimizer, loss="huber", dtype="float64").fit(X, y)
    again = clone(model).fit(X, y, coef_init=model.coef_, intercept_init=model.intercept_)
    assert again.n_iter_ <= max(1, model.n_iter_ // 2)
    assert again.loss_ <= model.loss_ * (1 + 1e-9)


def test_start_and_routing_through_a_pipeline():
    with sklearn.config_context(enable_metadata_routing=True):
        model = LinearClassifier(**STAY).set_fit_request(coef_init=True, intercept_init=True)
        pipeline = make_pipeline(StandardScaler(), model)
        pipeline.fit(X, TWO, coef_init=HERE, intercept_init=0.7)
    np.testing.assert_allclose(pipeline[-1].coef_[0], HERE, atol=1e-8)


@pytest.mark.parametrize(
    "settings, y, given, text",
    [
        ({}, TWO, {"coef_init": HERE[:3]}, "coef_init must hold finite numbers in the shape (1, 4) "
         "or (4,); got one of shape (3,)"),
        ({}, THREE, {"coef_init": HERE}, "coef_init must hold finite numbers in the shape (3, 4); "
         "got one of shape (4,)"),
        ({}, TWO, {"coef_init": HERE * np.nan}, "in the shape (1, 4) or (4,); got NaN or infinity"),
        ({}, TWO, {"coef_init": "zero"}, "in the shape (1, 4) or (4,); got 'zero'"),
        ({}, TWO, {"coef_init": [*"1234"]}, "shape (1, 4) or (4,); got ['1', '2', '3', '4']"),
        ({}, TWO, {"coef_init": [1j] * 4}, "shape (1, 4) or (4,); got [1j, 1j, 1j, 1j]"),
        ({}, TWO, {"intercept_init": True}, "in the shape (1,) or (); got True"),
        ({}, THREE, {"intercept_init": 0.1}, "intercept_init must hold finite numbers in the shape "
         "(3,); got one of shape ()"),
        ({"fit_intercept": False}, TWO, {"intercept_init": 0.1},
         "with fit_intercept=False, intercept_init must be None"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(settings, y, given, text):
    model = LinearClassifier(**settings)
    with pytest.raises(ValueError, match=re.escape(text)):
        model.fit(X, y, **given)
    assert not hasattr(model, "n_features_in_")


def test_networks_have_no_such_start():
    with pytest.raises(TypeError, match=re.escape("fit() got an unexpected keyword")):
        MLPClassifier().fit(X, TWO, coef_init=HERE)
