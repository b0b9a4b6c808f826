"""Sums over many rows of arrays that are not NumPy's: in blocks, and in double precision."""

import array_api_strict as strict
import numpy as np
import pytest

from skopt_suite.backends import (
    input_product,
    input_product_transposed,
    mean_in_double,
    product_over_rows,
    sum_in_double,
    to_numpy,
    weighted_sum,
)
from skopt_suite.optimizers.algebra._moments import column_moments, moments
from skopt_suite.optimizers.algebra._spectrum import spectrum

ROWS = [0, 5, 4095, 4096, 10_001]  # fewer than two blocks, two, and some left over


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.05, 0.15, shape).astype("float32")


@pytest.mark.parametrize("n_rows", ROWS)
@pytest.mark.parametrize("p, q", [(1, 7), (7, 1), (3, 3), (200, 100)])
def test_products_over_rows(n_rows, p, q):
    a, b = drawn(n_rows, p), drawn(n_rows, q, seed=1)
    product = product_over_rows(strict.asarray(a), strict.asarray(b))
    assert product.shape == (p, q)
    assert product.dtype == strict.float32
    expected = a.T.astype("float64") @ b.astype("float64")
    np.testing.assert_allclose(to_numpy(product), expected, rtol=2e-6)


@pytest.mark.parametrize("n_rows", ROWS[1:])
@pytest.mark.parametrize("shape, axis", [((2, -1), 1), ((2, -1, 3), 1), ((-1, 3), -2)])
def test_sums(n_rows, shape, axis):
    values = drawn(*(n_rows if n < 0 else n for n in shape))
    device, expected = strict.asarray(values), values.sum(axis=axis, dtype="float64")
    total, kept = sum_in_double(device, axis), sum_in_double(device, axis, keepdims=True)
    assert total.dtype == strict.float32
    np.testing.assert_allclose(to_numpy(total), expected, rtol=1e-6)
    np.testing.assert_array_equal(to_numpy(kept), np.expand_dims(to_numpy(total), axis))
    mean = mean_in_double(device, axis)
    np.testing.assert_allclose(to_numpy(mean), expected / n_rows, rtol=1e-6)


def test_weighted_sums():
    values, weight = drawn(2, 9000), drawn(1, 9000, seed=1)
    total = weighted_sum(strict.asarray(values), strict.asarray(weight))
    np.testing.assert_allclose(to_numpy(total), weighted_sum(values, weight), rtol=1e-5)


@pytest.mark.parametrize("n_fits, n_outputs", [(1, 1), (1, 20), (2, 1), (2, 20)])
def test_products_of_the_input(n_fits, n_outputs):
    X, weights = drawn(5000, 4), drawn(n_fits, 4, n_outputs)
    delta = drawn(n_fits, 5000, n_outputs, seed=1)
    raw = input_product(strict.asarray(X), strict.asarray(weights))
    np.testing.assert_allclose(to_numpy(raw), X @ weights, rtol=1e-6)
    gradient = strict.zeros((n_fits, 4, n_outputs), dtype=strict.float32)
    input_product_transposed(gradient, strict.asarray(X), strict.asarray(delta))
    np.testing.assert_allclose(to_numpy(gradient), X.T @ delta, rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_moments(monkeypatch, weighted, centred):
    monkeypatch.setattr("skopt_suite.optimizers.algebra._moments._BLOCK_ON_DEVICE", 30_000)
    X, y = drawn(10_001, 3) + 100, drawn(10_001, 1, seed=1)
    weight = drawn(2, 10_001, seed=2).astype("float64") if weighted else None
    if weighted:
        weight /= weight.mean(axis=1, keepdims=True)
    parts = [strict.asarray(part) for part in (X, y)]
    on_device = None if weight is None else strict.asarray(weight)
    for found, expected in [
        (moments(parts, on_device, centred), moments([X, y], weight, centred)),
        (column_moments(parts[0], on_device, centred), column_moments(X, weight, centred)),
    ]:
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(to_numpy(one), other, rtol=1e-9, atol=1e-9)


def test_few_eigenvectors_are_those_of_the_host():
    about = moments([drawn(100, 4)], None, True)
    expected = spectrum(about, 1e-7)
    found = spectrum(type(about)(*map(strict.asarray, about)), 1e-7)
    for name in ("values", "noise", "floor", "basis"):
        one = getattr(found, name)
        assert "array_api_strict" in type(one).__module__
        np.testing.assert_allclose(to_numpy(one), getattr(expected, name), rtol=1e-12)
