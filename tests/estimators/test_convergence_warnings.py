"""A fit that is not done, or cannot tell whether it is, warns."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.losses import AbsoluteError
from skopt_suite.optimizers import SGD, GradientDescent

from .problems import NUMBERS

DIABETES = load_diabetes(return_X_y=True)
SLOW = MLPRegressor(
    (100,),
    dropout=0.0,
    optimizer="adam",
    schedule="constant",
    max_iter=200,
    batch_size=200,
    standardize=False,
    random_state=0,
)


def test_a_network_that_was_still_improving_warns():
    model = clone(SLOW)
    with pytest.warns(
        ConvergenceWarning, match="'adam' was still improving when it ended after 200"
    ) as caught:
        model.fit(*DIABETES)
    assert caught[0].filename == __file__
    assert model.stop_reason_ == "max_iter"


@pytest.mark.parametrize("factor", [1e-2, 1e-3])
def test_small_targets_are_learnt(factor):
    X, y = StandardScaler().fit_transform(DIABETES[0]), factor * DIABETES[1]
    model = MLPRegressor(early_stopping=False, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.6


@pytest.mark.parametrize(
    "factor, what", [(1e-6, "and the best constant prediction one of"), (1e6, "has learnt nothing")]
)
def test_targets_of_a_scale_that_the_learning_rate_cannot_reach_warn(factor, what):
    X, y = DIABETES
    model = clone(SLOW)
    with pytest.warns(ConvergenceWarning, match=what):
        model.fit(StandardScaler().fit_transform(X), factor * y)


def test_a_network_that_is_done_does_not_warn():
    X, y = load_digits(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MLPClassifier(random_state=0, batch_size=32, max_iter=40).fit(X / 16, y)
    assert model.score(X / 16, y) > 0.99


def test_small_improvements_add_up():
    """Less than `tol` in one epoch, but more in the epochs that are waited for."""
    X, y = NUMBERS
    model = LinearRegressor(optimizer=SGD(2e-4), tol=1e-3, max_iter=30, random_state=0)
    model.fit(X, y)
    falls = -np.diff(model.loss_curve_)
    assert 0 < falls.max() < 1e-3 * np.var(y) / 2 < 10 * falls.max()
    assert model.stop_reason_ == "max_iter"


def test_what_auto_chose_warns_if_it_was_not_done():
    class Own(AbsoluteError):
        """Kinks that nobody knows how to smooth."""

        def value_and_gradient(self, y, raw):
            return super().value_and_gradient(y, raw)

    X, y = NUMBERS
    model = LinearRegressor(loss=Own(), max_iter=300, n_iter_no_change=300)
    with pytest.warns(ConvergenceWarning, match="'adam' .the choice of 'auto'. was not done after"):
        model.set_params(random_state=0).fit(X, y / 10)


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
