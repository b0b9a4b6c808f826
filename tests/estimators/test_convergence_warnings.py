"""A fit that is not done, or cannot tell whether it is, warns."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearRegressor
from skopt_suite.optimizers import Adam, GradientDescent

from .problems import NUMBERS


def test_what_auto_chose_warns_if_it_was_not_done():
    X, y = NUMBERS
    model = LinearRegressor(loss="absolute_error")
    with pytest.warns(ConvergenceWarning, match="'adam' .the choice of 'auto'. was not done after"):
        model.fit(X, 100 * y)
    assert model.stop_reason_ == "max_iter"
    model.set_params(optimizer=Adam(0.5)).fit(X, 100 * y)  # no warning
    assert model.score(X, 100 * y) > 0.9


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
