"""Parameters are checked once for all fits that have them in common, and never confused."""

import numpy as np
import pytest

from skopt_suite import LinearRegressor
from skopt_suite.losses import Huber
from skopt_suite.optimizers import Adam
from skopt_suite.penalties import L1, WeightedL1

from .problems import NUMBERS

X, Y = NUMBERS


def test_what_a_fit_shows_is_its_own():
    def fitted():
        given = {"loss": Huber(), "optimizer": Adam(), "max_iter": 3, "tol": None}
        return LinearRegressor(**given, random_state=0).fit(X, Y)

    first = fitted()
    first.optimizer_.learning_rate = 1e-9
    first.loss_function_.delta = 1e-9
    first.penalty_.alpha = 1e9
    first.schedule_.name = "changed"
    second = fitted()
    np.testing.assert_array_equal(second.coef_, first.coef_)
    assert second.optimizer_.learning_rate == Adam().learning_rate
    assert second.loss_function_.delta == Huber().delta
    assert second.schedule_.name == "constant"


@pytest.mark.parametrize(
    "name, right, wrong", [("max_iter", 1, True), ("warm_start", True, 1), ("tol", 1.0, True)]
)
def test_equal_values_of_another_type_are_refused_as_ever(name, right, wrong):
    LinearRegressor(**{name: right}).fit(X, Y)
    with pytest.raises(TypeError, match=name):
        LinearRegressor(**{name: wrong}).fit(X, Y)


def test_strengths_that_change_in_place():
    strengths = np.full(X.shape[1], 0.01)
    before = LinearRegressor(penalty=WeightedL1(1.0, strengths)).fit(X, Y).coef_
    strengths[:] = 1e6
    again = LinearRegressor(penalty=WeightedL1(1.0, np.full(X.shape[1], 0.01))).fit(X, Y).coef_
    np.testing.assert_array_equal(again, before)
    assert not LinearRegressor(penalty=WeightedL1(1.0, strengths)).fit(X, Y).coef_.any()


def test_a_component_that_changes_between_fits():
    penalty = L1(0.01)
    model = LinearRegressor(penalty=penalty).fit(X, Y)
    assert model.coef_.any()
    penalty.alpha = 1e6
    assert not model.fit(X, Y).coef_.any()
