"""There are as many epochs and members as there is time for."""

import time

import numpy as np
import pytest

from skopt_suite.tabular import TabularMLPRegressor
from skopt_suite.tabular._time import fitting

from .tables import raw_table


@pytest.mark.parametrize(
    "n_epochs, planned",
    [(100, (8, 60)), (60, (8, 60)), (30, (8, 30)), (10, (8, 10)), (5, (4, 10)), (1, (1, 8))],
)
def test_epochs_are_fewer_first_then_members(n_epochs, planned):
    assert fitting(n_epochs, 8, 60) == planned


@pytest.mark.parametrize("n_epochs", range(1, 12))
def test_there_is_no_more_work_than_there_is_time_for(n_epochs):
    for n_members in (1, 3, 8):
        fewer, epochs = fitting(n_epochs, n_members, 60)
        assert 1 <= fewer <= n_members
        assert 1 <= fewer * epochs <= n_members * n_epochs


def test_a_short_time_is_kept():
    X, price, _ = raw_table(3000)
    reg = TabularMLPRegressor(max_time=0.5, n_jobs=1, random_state=0)
    reg.set_params(estimator__max_iter=100_000, n_estimators=2)
    TabularMLPRegressor(n_estimators=2, max_time=0.1, n_jobs=1).fit(X, price)  # compiles
    started = time.perf_counter()
    reg.fit(X, price)
    assert time.perf_counter() - started < 10  # where other work takes most of the processor
    assert 1 <= reg.estimators_[0].n_iter_ < 10_000


def test_enough_time_changes_nothing():
    X, price, _ = raw_table(400)
    plain = TabularMLPRegressor(n_estimators=1, n_jobs=1, random_state=0)
    plain.set_params(estimator__max_iter=2).fit(X, price)
    timed = TabularMLPRegressor(n_estimators=1, n_jobs=1, random_state=0, max_time=1e6)
    timed.set_params(estimator__max_iter=2).fit(X, price)
    np.testing.assert_array_equal(timed.predict(X), plain.predict(X))
