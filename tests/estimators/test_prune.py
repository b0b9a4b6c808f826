"""Pruned networks lack the units that say nothing, and predict the same."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skopt_suite import MLPClassifier, MLPRegressor
from skopt_suite.models import ACTIVATIONS
from skopt_suite.penalties import GroupLasso

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
Y = np.column_stack([X[:, 0], X[:, 1] - X[:, 2]])
CLASSES = (X[:, 0] > 0) + 0


def trained(estimator, y, hidden=(7, 6), **settings):
    model = estimator(hidden, max_iter=2, random_state=0, dtype="float64", **settings)
    return model.fit(X, y)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_units_without_input_or_output_go(activation):
    model = trained(MLPRegressor, Y, activation=(activation, "tanh"))
    model.coefs_[0][:, [0, 2]] = 0  # constant
    model.intercepts_[0][:] = RNG.normal(size=7)
    model.coefs_[1][3] = 0  # without output
    model.coefs_[1][:, 5] = 0
    before = model.predict(X)
    smaller = model.prune()
    assert smaller.hidden_layer_sizes == (4, 5)
    assert [coef.shape for coef in smaller.coefs_] == [(5, 4), (4, 5), (5, 2)]
    np.testing.assert_allclose(smaller.predict(X), before, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(model.predict(X), before)
    assert [coef.shape for coef in model.coefs_] == [(5, 7), (7, 6), (6, 2)]


def test_what_becomes_useless_goes_too():
    """A unit that only fed a unit without output, and one that only saw a constant one."""
    model = trained(MLPRegressor, Y, hidden=(4, 4, 4), activation="tanh")
    model.coefs_[2][0] = 0  # so unit 0 of the second layer goes
    model.coefs_[1][1] = [1, 0, 0, 0]  # and what only it sees
    model.coefs_[1][:, 3] = [0, 0, 0, 1]
    model.coefs_[0][:, 3] = 0  # so unit 3 of the second layer is constant
    smaller = model.prune()
    assert smaller.hidden_layer_sizes == (2, 2, 4)
    np.testing.assert_allclose(smaller.predict(X), model.predict(X), rtol=1e-12)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_one_unit_of_every_layer_remains(layer):
    model = trained(MLPRegressor, Y)
    model.coefs_[layer][:] = 0
    smaller = model.prune()
    assert min(smaller.hidden_layer_sizes) == 1
    np.testing.assert_allclose(smaller.predict(X), model.predict(X), rtol=1e-12, atol=1e-14)


def test_nothing_to_prune():
    model = trained(MLPClassifier, CLASSES)
    smaller = model.prune()
    assert smaller.hidden_layer_sizes == (7, 6)
    np.testing.assert_array_equal(smaller.predict_proba(X), model.predict_proba(X))


def test_pruned_networks_train_further_and_are_cloned():
    model = trained(
        MLPClassifier, CLASSES, hidden=7, penalty=GroupLasso(1e-3), dropout=[0.1], optimizer="sgd"
    )
    model.coefs_[1][:3] = 0
    smaller = model.prune()
    assert smaller.partial_fit(X, CLASSES).coefs_[0].shape == (5, 4)
    assert smaller.set_params(warm_start=True).fit(X, CLASSES).coefs_[0].shape == (5, 4)
    assert clone(smaller).fit(X, CLASSES).coefs_[0].shape == (5, 4)
    assert model.partial_fit(X, CLASSES).coefs_[0].shape == (5, 7)


def test_before_fit():
    with pytest.raises(NotFittedError):
        MLPClassifier().prune()


@pytest.mark.parametrize("setting", [{"residual": True}, {"normalization": "layer"}])
def test_units_that_speak_by_other_ways_are_not_taken_out(setting):
    model = trained(MLPRegressor, Y, hidden=(6, 6), **setting)
    with pytest.raises(ValueError, match=r"prune\(\) takes .* residual=False"):
        model.prune()


@pytest.mark.parametrize("setting", [{"residual": True}, {"normalization": "batch"}])
def test_what_counts_is_the_network_that_there_is(setting):
    """Not what is set for the next fit."""
    model = trained(MLPRegressor, Y, hidden=(6, 6), **setting)
    model.set_params(residual=False, normalization="none")
    with pytest.raises(ValueError, match=r"prune\(\) takes .*; got residual=(True|.*'batch')"):
        model.prune()


def test_a_pruned_network_shares_nothing_with_the_other():
    model = trained(MLPRegressor, Y, penalty=GroupLasso(1e-3))
    before, smaller = model.predict(X), model.prune()
    smaller.set_params(penalty__alpha=5.0)
    smaller.intercepts_[-1][:] = 100
    assert model.penalty.alpha == 1e-3
    np.testing.assert_array_equal(model.predict(X), before)
