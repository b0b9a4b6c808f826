"""Sums of millions of numbers in single precision."""

import numpy as np
import pytest
import scipy.sparse

import skopt_suite  # noqa: F401  (every definition registers itself when it is imported)
from skopt_suite.backends import input_product_transposed
from skopt_suite.backends.kernels import KERNELS
from skopt_suite.metrics import r2
from skopt_suite.optimizers.algebra._moments import column_moments

N = 4_000_000
AVERAGED = "skopt_suite.backends._products.averaged"
SUMMED = "skopt_suite.backends._products.summed_over_samples"
BACKWARD = "skopt_suite.models._fused.run_backward"


@pytest.fixture(scope="module")
def numbers():
    return np.random.default_rng(0).uniform(0.05, 0.15, N).astype("float32")


@pytest.fixture(params=["fused", "defined"])
def function(request):
    """Return the function that bears a name: its kernel, or its definition."""
    return lambda name: KERNELS[name] if request.param == "fused" else KERNELS[name].definition


def in_pairs(numbers, fits_last):
    """Return two fits, of one output if the fits come after the samples in memory, else of two."""
    if fits_last:
        return np.stack([numbers, 2 * numbers], axis=1).T[:, :, None]
    return np.stack([np.stack([numbers, 2 * numbers], axis=1)] * 2)


@pytest.mark.parametrize("fits_last", [False, True])
def test_sums_over_samples(function, numbers, fits_last):
    delta = in_pairs(numbers, fits_last)
    total = function(SUMMED)(delta)
    assert total.dtype == np.float32
    np.testing.assert_allclose(total[:, 0], delta.sum(axis=1, dtype="float64"), rtol=1e-6)


@pytest.mark.parametrize("fits_last", [False, True])
def test_mean_losses(function, numbers, fits_last):
    delta = in_pairs(numbers, fits_last)
    value = delta[:, :, 0]
    expected = value.mean(axis=1, dtype="float64")
    mean, _ = function(AVERAGED)(value, delta)
    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean, expected, rtol=1e-6)


def test_gradients_of_biases(function, numbers):
    layers, slopes = np.array([[1, 2, 0, 2]]), np.ones(1)  # one input, two outputs
    delta = in_pairs(numbers, fits_last=False)[:1]
    expected = delta.sum(axis=(0, 1), dtype="float64")
    params, gradient = np.ones((2, 1, 4), dtype="float32")
    x, outputs = np.ones((1, N, 1), dtype="float32"), np.ones(2 * N, dtype="float32")
    function(BACKWARD)(gradient, params, x, outputs, delta, layers, slopes, False)
    np.testing.assert_allclose(gradient[0, 2:], expected, rtol=1e-6)


def test_scores(numbers):
    y = in_pairs(numbers, fits_last=False)[0]  # two outputs, which differ from a constant by noise
    raw = np.zeros((1, 1, 2), dtype="float32") + y[None, :, :] * np.float32(0.5)
    spread = y.var(axis=0, dtype="float64")
    expected = np.mean(1 - (np.square(y, dtype="float64").mean(axis=0) / 4) / spread)
    for weight in (None, np.ones((1, N), dtype="float32")):
        np.testing.assert_allclose(r2(y, raw, weight), expected, rtol=1e-5)


def test_moments_of_sparse_columns(numbers):
    X = scipy.sparse.csr_array(numbers[:, None])
    mean, variance = column_moments(X, None, centred=True)
    np.testing.assert_allclose(mean[0], numbers.mean(dtype="float64"), rtol=1e-6)
    np.testing.assert_allclose(variance[0], numbers.var(dtype="float64"), rtol=1e-5)


@pytest.mark.parametrize("n_outputs", [2, 16], ids=["side by side", "each"])
def test_gradients_of_weights_of_sparse_columns(numbers, n_outputs):
    X = scipy.sparse.csr_array(numbers[: N // 4, None])
    delta = np.full((2, N // 4, n_outputs), 0.1, dtype="float32")
    gradient = np.ones((2, 1, n_outputs), dtype="float32")
    input_product_transposed(gradient, X, delta)
    expected = np.float32(0.1) * X.data.sum(dtype="float64")
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)
