"""Fits that are at the same point of the same objective are evaluated once."""

import numpy as np
import pytest

from skopt_suite._component import stack
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Placement
from skopt_suite.losses import Focal
from skopt_suite.models import Context, DropoutDraws, Network
from skopt_suite.training._data_term import DataTerm, WholeTerm
from skopt_suite.training._rows import InMemory, Rows, Weights

N_FITS, N_ROWS, N_FEATURES = 4, 103, 5
LINEAR = Network((N_FEATURES, 1))
NETWORK = Network((N_FEATURES, 7, 1), ("tanh",))
rng = np.random.default_rng(0)
X = rng.normal(size=(N_ROWS, N_FEATURES))
Y = rng.integers(0, 2, size=(N_ROWS, 1)).astype("float64")


@pytest.fixture
def n_evaluated(monkeypatch):
    """Count the fits that are evaluated at once."""
    counted, value_and_gradient = [], DataTerm.value_and_gradient

    def counting(self, params):
        counted.append(len(params))
        return value_and_gradient(self, params)

    monkeypatch.setattr(DataTerm, "value_and_gradient", counting)
    return counted


def loss_of(*gammas):
    of_stack = stack([Focal(gamma) for gamma in gammas], Placement(np), ndim=3)
    return of_stack.on(TargetType("labels", 1))


def same_point(network):
    return np.tile(network.initialise(seed=0) + 0.1, (N_FITS, 1))


@pytest.mark.parametrize("network", [LINEAR, NETWORK])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_stands_for_all(n_evaluated, network, weighted):
    params, loss = same_point(network), loss_of(*[1.5] * N_FITS)
    weight = rng.uniform(0, 2, size=(1, N_ROWS)) if weighted else None
    expected = DataTerm(network, loss, Rows(X, Y, weight)).value_and_gradient(params)
    n_evaluated.clear()
    term = WholeTerm(network, loss, InMemory(X, Y), Weights(weight))
    found = term.value_and_gradient(params)
    assert n_evaluated == [1]
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    found[1][0] = 7  # they share no memory
    assert (found[1][1:] != 7).all()


@pytest.mark.parametrize("why", ["point", "loss", "weights", "dropout"])
def test_fits_that_differ_are_evaluated_each(n_evaluated, why):
    params, loss, context = same_point(NETWORK), loss_of(*[1.5] * N_FITS), Context()
    weight = None
    if why == "point":
        params[1, 3] += 1e-9
    if why == "loss":
        loss = loss_of(1.5, 1.5, 2.0, 1.5)
    if why == "weights":
        weight = rng.uniform(0, 2, size=(N_FITS, N_ROWS))
    if why == "dropout":
        context = Context(dropout=DropoutDraws(np.full((N_FITS, 1), 0.5), seed=0))
    WholeTerm(NETWORK, loss, InMemory(X, Y), Weights(weight), context).value_and_gradient(params)
    assert n_evaluated == [N_FITS]
