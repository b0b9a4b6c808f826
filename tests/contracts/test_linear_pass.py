"""Which stacks of linear models go through rows with all fits at once, and what that gives."""

import os

import numpy as np
import pytest

from skopt_suite._component import stack
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Placement
from skopt_suite.losses import Huber, LogLoss, Poisson, SquaredError
from skopt_suite.models import Context, DropoutDraws, Network
from skopt_suite.training import _data_term
from skopt_suite.training._data_term import DataTerm
from skopt_suite.training._linear_pass import rows_of_pass, takes_linear_pass
from skopt_suite.training._rows import Rows

N_FITS, N_ROWS, N_FEATURES = 3, 601, 5
LINEAR = Network((N_FEATURES, 1))
rng = np.random.default_rng(0)
X = rng.normal(size=(N_ROWS, N_FEATURES))
Y = rng.integers(0, 2, size=(N_ROWS, 1)).astype("float64")

with_kernels = pytest.mark.skipif(
    os.environ.get("SKOPT_SUITE_FUSED_KERNELS") == "0", reason="definitions run"
)


def on(loss, n_outputs=1):
    return loss.on(TargetType(loss.kinds[-1], n_outputs))


def params_of(network, n_fits=N_FITS, dtype="float64"):
    return rng.normal(size=(n_fits, network.n_params)).astype(dtype)


@with_kernels
@pytest.mark.parametrize("loss", [LogLoss(), SquaredError(), Huber(0.7)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rows_of_one_piece_each_are_taken(loss, dtype):
    given = LINEAR, Context(), on(loss), params_of(LINEAR, dtype=dtype)
    assert takes_linear_pass(*given, X.astype(dtype))


@pytest.mark.parametrize(
    "why", ["columns", "precision", "one fit", "outputs", "hidden layer", "dropout", "features"]
)
def test_other_stacks_are_not(why):
    network, context, n_outputs, n_fits, inputs = LINEAR, Context(), 1, N_FITS, X
    if why == "columns":
        inputs = np.asfortranarray(X)
    if why == "precision":
        inputs = X.astype("float32")
    if why == "one fit":
        n_fits = 1
    if why == "outputs":
        n_outputs, network = 2, Network((N_FEATURES, 2))
    if why == "hidden layer":
        network = Network((N_FEATURES, 3, 1), ("relu",))
    if why == "dropout":
        context = Context(dropout=DropoutDraws(np.full((N_FITS, 1), 0.5), seed=0))
    if why == "features":
        context = Context(columns=np.zeros((N_FITS, N_FEATURES), dtype=int))
    loss, params = on(SquaredError(), n_outputs), params_of(network, n_fits)
    assert not takes_linear_pass(network, context, loss, params, inputs)


class Doubled(SquaredError):
    """A loss of a user's, which no kernel knows."""

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        return 2 * value, 2 * gradient


@pytest.mark.parametrize("loss", [Doubled(), Poisson()])
def test_losses_that_are_fast_only_as_definitions_are_not(loss):
    assert not takes_linear_pass(LINEAR, Context(), on(loss), params_of(LINEAR), X)


@pytest.mark.parametrize("weighted", ["no", "shared", "of each fit"])
@pytest.mark.parametrize("has_bias", [True, False])
def test_values_and_gradients_are_those_of_the_network(has_bias, weighted, monkeypatch):
    network = Network((N_FEATURES, 1), output_bias=has_bias)
    specifications = [Huber(delta) for delta in (0.3, 0.8, 2.0)]
    loss, params = on(stack(specifications, Placement(np), ndim=3)), params_of(network)
    n_weights = {"no": 0, "shared": 1, "of each fit": N_FITS}[weighted]
    weight = rng.uniform(0, 2, size=(n_weights, N_ROWS)) if n_weights else None
    term = DataTerm(network, loss, Rows(X, Y, weight))
    found = term.value(params), *term.value_and_gradient(params)
    monkeypatch.setattr(_data_term, "takes_linear_pass", lambda *given: False)
    expected = term.value(params), *term.value_and_gradient(params)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n_features, n_fits", [(5, 2), (100, 20), (5000, 100), (2, 5000)])
@pytest.mark.parametrize("n_samples", [1, 255, 1000, 100_001])
def test_blocks_are_even(n_features, n_fits, n_samples):
    n_rows = rows_of_pass(n_features, n_fits, 8, n_samples)
    n_blocks = -(-n_samples // n_rows)
    assert 1 <= n_rows <= n_samples
    assert n_blocks * n_rows - n_samples < n_blocks
