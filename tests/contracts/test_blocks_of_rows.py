"""Passes over all rows go through blocks of them where a stack has much to compute of a row."""

import threading
import warnings

import numpy as np
import pytest

from skopt_suite import LinearRegressor, MLPClassifier
from skopt_suite._component import stack
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Placement, in_threads
from skopt_suite.losses import Focal, LogLoss
from skopt_suite.models import Context, DropoutDraws, Network
from skopt_suite.training import _blocks
from skopt_suite.training._blocks import rows_of_block
from skopt_suite.training._data_term import DataTerm, WholeTerm
from skopt_suite.training._rows import InMemory, Rows, Weights

N_ROWS, N_FEATURES = 1003, 5
LINEAR = Network((N_FEATURES, 1))
NETWORK = Network((N_FEATURES, 7, 1), ("tanh",))
rng = np.random.default_rng(0)
X = rng.normal(size=(N_ROWS, N_FEATURES))
Y = rng.integers(0, 2, size=(N_ROWS, 1)).astype("float64")


@pytest.fixture
def small_blocks(monkeypatch):
    """Let blocks have a hundred rows of a stack of some fits."""
    monkeypatch.setattr(_blocks, "_WORK", 1)
    monkeypatch.setattr(_blocks, "_CACHE", 8 * 100 * (N_FEATURES + 3 * 4))


def losses(n_fits):
    specifications = [Focal(gamma) for gamma in np.linspace(0.5, 2, n_fits)]
    of_stack = stack(specifications, Placement(np), ndim=3)
    return of_stack.on(TargetType("labels", 1))


@pytest.mark.parametrize("network", [LINEAR, NETWORK])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("weighted", [False, True])
def test_values_and_gradients_are_those_of_all_rows(small_blocks, network, dtype, order, weighted):
    inputs, y = np.array(X, dtype=dtype, order=order), Y.astype(dtype)
    params = rng.normal(size=(4, network.n_params)).astype(dtype)
    weight = rng.uniform(0, 2, size=(4, N_ROWS)).astype(dtype) if weighted else None
    whole = DataTerm(network, losses(4), Rows(inputs, y, weight))
    term = WholeTerm(network, losses(4), InMemory(inputs, y), Weights(weight))
    assert rows_of_block(network, Context(), params, inputs) < N_ROWS / 4
    for found, expected in zip(
        (term.value(params), *term.value_and_gradient(params)),
        (whole.value(params), *whole.value_and_gradient(params)),
        strict=True,
    ):
        assert found.dtype == dtype
        rtol = 1e-12 if dtype == "float64" else 1e-4
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


def test_what_needs_all_rows_has_them(small_blocks):
    params = np.zeros((4, NETWORK.n_params))
    drawn = Context(dropout=DropoutDraws(np.full((4, 1), 0.5), seed=0))
    normalized = Network(NETWORK.sizes, NETWORK.activations, normalization="batch")
    assert rows_of_block(NETWORK, Context(), params, X) < N_ROWS
    assert rows_of_block(NETWORK, drawn, params, X) == N_ROWS
    assert rows_of_block(normalized, Context(), params, X) == N_ROWS


@pytest.mark.parametrize("n_fits, n_rows", [(1, 90_000), (100, 3000)])
def test_blocks_have_so_many_rows_that_they_are_worth_it(n_fits, n_rows):
    network = Network((20, 1))
    params = np.zeros((n_fits, network.n_params))
    assert rows_of_block(network, Context(), params, np.zeros((n_rows, 20))) == n_rows


@pytest.mark.parametrize(
    "model, y",
    [
        (LinearRegressor(optimizer="fista", penalty="l1", loss="huber", tol=1e-10), X[:, 0]),
        (MLPClassifier((7,), optimizer="lbfgs", dtype="float64", max_iter=5, tol=None), Y[:, 0]),
    ],
)
def test_fits_end_where_they_would(model, y, monkeypatch):
    def fitted():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.set_params(random_state=0).fit(X, y).predict(X).astype("float64")

    expected = fitted()
    monkeypatch.setattr(_blocks, "_WORK", 1)
    monkeypatch.setattr(_blocks, "_CACHE", 2**13)
    np.testing.assert_allclose(fitted(), expected, rtol=1e-6, atol=1e-8)


def test_threads_have_the_settings_of_their_caller_and_keep_the_order():
    gate = threading.Barrier(2, timeout=10)  # so that both are there at once

    def overflow(i):
        gate.wait()
        return i, float(np.float64(1e300) * np.float64(1e300)), threading.get_ident()

    with np.errstate(all="ignore"):
        found = in_threads(overflow, [0, 1])
    assert [(i, value) for i, value, _ in found] == [(0, np.inf), (1, np.inf)]
    assert len({thread for *_, thread in found}) == 2


def test_errors_of_threads_are_raised():
    def fail(i):
        if i == 1:
            raise ValueError("of the second")

    with pytest.raises(ValueError, match="of the second"):
        in_threads(fail, [0, 1])


def test_log_loss_of_many_fits_is_that_of_each(small_blocks):
    loss = LogLoss().on(TargetType("labels", 1))
    params = rng.normal(size=(30, LINEAR.n_params))
    term = WholeTerm(LINEAR, loss, InMemory(X, Y), Weights())
    value, gradient = term.value_and_gradient(params)
    for k in (0, 29):
        alone, slope = term.value_and_gradient(params[k : k + 1])
        np.testing.assert_allclose(value[k], alone[0], rtol=1e-12)
        np.testing.assert_allclose(gradient[k], slope[0], rtol=1e-10, atol=1e-13)
