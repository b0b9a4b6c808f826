"""A fit that is not done, or cannot tell whether it is, warns."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.optimizers import Adam, GradientDescent

from .problems import CLASSES, NUMBERS


def test_what_auto_chose_warns_if_it_was_not_done():
    X, y = NUMBERS
    model = LinearRegressor(loss="absolute_error")
    with pytest.warns(ConvergenceWarning, match="'adam' .the choice of 'auto'. was not done after"):
        model.fit(X, 100 * y)
    assert model.stop_reason_ == "max_iter"
    model.set_params(optimizer=Adam(0.5)).fit(X, 100 * y)  # no warning
    assert model.score(X, 100 * y) > 0.9


@pytest.mark.parametrize("penalty", ["none", "l1"])
@pytest.mark.parametrize("container", [np.asarray, scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_a_solver_warns_where_tol_is_as_large_as_the_gradient(penalty, container):
    X, y = NUMBERS
    text = "may be far from the optimum: gradients of data this small are about .* lower tol"
    for scale_X, scale_y in ((1e-5, 1), (1, 1e-5)):
        with pytest.warns(ConvergenceWarning, match=text):
            LinearRegressor(penalty=penalty).fit(container(X * scale_X), y * scale_y)
    LinearRegressor(penalty=penalty, tol=1e-9).fit(container(X), y * 1e-5)
    LinearRegressor(penalty=penalty).fit(container(X), y)
    with pytest.warns(ConvergenceWarning, match=text):
        LinearClassifier(penalty=penalty).fit(container(CLASSES[0] * 1e-5), CLASSES[1])


def test_data_with_nothing_to_learn_do_not_warn():
    X, y = NUMBERS
    LinearRegressor().fit(X, np.full(len(y), 5.0))
    LinearRegressor().fit(np.ones_like(X), y)


def test_partial_fit_does_not_ask_whether_one_epoch_was_enough():
    X, y = NUMBERS
    model = LinearRegressor(optimizer=GradientDescent(0.05))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(model).partial_fit(X, y).partial_fit(X, y)
