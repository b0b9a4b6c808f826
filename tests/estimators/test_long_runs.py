"""Processes that train for weeks keep the memory that they had."""

import gc
import sys
from itertools import count

import numpy as np
import pytest
from sklearn.base import clone

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite._hashable import Recent
from skopt_suite.model_selection import FusedGridSearchCV

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = (X[:, 0] > 0).astype(int)


def stream():
    model = MLPClassifier((2,), random_state=0).partial_fit(X, Y, classes=[0, 1])
    model.loss_curve_ = [float(k) for k in range(10_000)]  # as after as many calls
    return lambda: model.partial_fit(X, Y)


def anew(estimator):
    return lambda: clone(estimator).fit(X, Y)


def numbered(estimator):
    """Never the same numbers, so that what is kept by their value adds up."""
    numbers = count(1)

    def fit():
        number = next(numbers)
        rate = {"optimizer__learning_rate": 1e-4 * number, "penalty__alpha": 1e-5 * number}
        clone(estimator).set_params(**rate).fit(X, Y)

    return fit


SHORT = {"max_iter": 1, "tol": None, "random_state": 0}
RATES = {"optimizer__learning_rate": [0.1, 0.2]}
SEARCH = FusedGridSearchCV(LinearClassifier(optimizer="adam", **SHORT), RATES, cv=2)
_clear_caches = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
LOOPS = {
    "partial fits": stream,
    "fits of networks": lambda: anew(MLPClassifier((2,), **SHORT)),
    "fits with other numbers": lambda: numbered(LinearClassifier(optimizer="adam", **SHORT)),
    "searches": lambda: anew(SEARCH),
}


@pytest.mark.parametrize("name", LOOPS)
def test_memory_stays_flat(name):
    again, recent = LOOPS[name](), Recent()
    n_times = recent.n_most if name == "fits with other numbers" else 10
    before, after = blocks_after(again, n_times), blocks_after(again, n_times)
    assert after - before < 10  # a leak is at least one, every time


def blocks_after(again, n_times):
    """Return how many blocks of memory Python's objects take after so many calls."""
    for _ in range(n_times):
        again()
    gc.collect()
    _clear_caches()  # which hold the names that compiled code looked attributes up by
    return sys.getallocatedblocks()


def test_the_last_losses_of_a_stream_are_kept():
    model = LinearClassifier(optimizer="sgd", random_state=0).partial_fit(X, Y, classes=[0, 1])
    model.loss_curve_ *= 9_999
    model.n_iter_ = 9_999
    curve = model.loss_curve_
    for n_calls in range(10_000, 10_003):
        model.partial_fit(X, Y)
        assert model.n_iter_ == n_calls
        assert len(model.loss_curve_) == 10_000
        assert model.loss_curve_[-1] == model.loss_
    assert model.loss_curve_ is curve  # adding to it does not copy it
    assert model.loss_curve_[-4] != model.loss_curve_[-1]
