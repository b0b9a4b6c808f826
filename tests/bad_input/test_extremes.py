"""Numbers beyond what can be computed with are one clear error, without warnings of NumPy."""

import re
import warnings
from fractions import Fraction

import dask.array
import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import make_classification

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.exceptions import DivergenceError
from skopt_suite.optimizers import SGD

X, y = make_classification(n_samples=60, random_state=0)
ALL = [LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor]
HUGE = 10**400


class OnlyArray:
    """What NumPy can turn into an array, and nothing else."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("learning_rate", [1e10, 1e30])
def test_divergence_is_an_error_without_warnings(estimator, activation, learning_rate):
    diverging = estimator((8,), activation, optimizer=SGD(learning_rate), random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(DivergenceError):
            diverging.fit(100 * X, y)
    assert not caught


@pytest.mark.parametrize("optimizer", ["fista", "lbfgs", "closed_form"])
def test_fits_of_large_numbers_succeed_without_warnings(optimizer):
    """Products overflow on the way; predictions are those of scaled numbers."""
    model = LinearRegressor(optimizer=optimizer, penalty="none")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        expected = model.fit(X, y).predict(X)
        np.testing.assert_allclose(model.fit(1e140 * X, y).predict(1e140 * X), expected, atol=0.05)


@pytest.mark.parametrize("size", [1e154, 1e200, 1e300])
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "fista", "gradient_descent"])
@pytest.mark.parametrize("estimator", ALL)
def test_x_whose_squares_overflow_is_refused(estimator, optimizer, size):
    model = estimator(optimizer=optimizer, dtype="float64")
    with pytest.raises(ValueError, match=f"{estimator.__name__}: X must not exceed 1e.152"):
        model.fit(size * X, y)


def test_sparse_x_whose_squares_overflow_is_refused():
    with pytest.raises(ValueError, match="LinearClassifier: X must not exceed"):
        LinearClassifier().fit(scipy.sparse.csr_array(1e200 * X), y)


def test_x_too_large_for_float32_says_what_helps():
    with pytest.raises(ValueError, match=r"X must not exceed .* or take dtype='float64'"):
        MLPRegressor().fit(1e30 * X, y)


@pytest.mark.parametrize("estimator", ALL)
@pytest.mark.parametrize("value", [HUGE, -HUGE, Fraction(HUGE)], ids=["int", "minus", "fraction"])
@pytest.mark.parametrize("parameter", ["tol", "max_iter", "validation_fraction"])
def test_numbers_beyond_a_float_are_refused(estimator, parameter, value):
    with pytest.raises((ValueError, TypeError), match=f"{estimator.__name__}: {parameter} must be"):
        estimator(**{parameter: value}).fit(X, y)


def test_class_weights_beyond_a_float_are_refused():
    with pytest.raises(ValueError, match=r"class_weight of class 1 must be .* \d+ bits"):
        LinearClassifier(class_weight={1: HUGE}).fit(X, y)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    "parameter, value",
    [("hidden_layer_sizes", np.array(3)), ("activation", np.array("relu"))],
)
def test_arrays_without_a_dimension_are_refused(estimator, parameter, value):
    text = rf"{estimator.__name__}: .*{parameter} .*{re.escape(repr(value))}"
    with pytest.raises((TypeError, ValueError), match=text):
        estimator(**{parameter: value}).fit(X, y)


@pytest.mark.parametrize("estimator", ALL)
@pytest.mark.parametrize("value", [-1, 2**32, "a"])
def test_a_seed_that_is_none_names_the_parameter(estimator, value):
    text = rf"{estimator.__name__}: random_state must be .*; got {value!r}"
    with pytest.raises(ValueError, match=text):
        estimator(random_state=value).fit(X, y)


@pytest.mark.parametrize("lazy", [dask.array.from_array, OnlyArray])
@pytest.mark.parametrize("estimator", ALL)
def test_what_numpy_can_read_is_taken(estimator, lazy):
    model = estimator(random_state=0, tol=0.1)
    expected = model.fit(X, y, np.ones(60)).predict(X)
    model.fit(lazy(X), lazy(y), lazy(np.ones(60)))
    # what says no precision is taken in that of the fit
    np.testing.assert_allclose(model.predict(lazy(X)), expected, atol=1e-6)
    assert model.score(lazy(X), y) == pytest.approx(model.score(X, y), rel=1e-6)


@pytest.mark.parametrize("estimator", ALL)
@pytest.mark.parametrize("method", ["fit", "predict", "score"])
def test_a_wrong_call_names_no_internal_class(estimator, method):
    text = rf"^{method}\(\) got an unexpected keyword argument 'weights'"
    with pytest.raises(TypeError, match=text):
        getattr(estimator(), method)(X, weights=y)
