"""Means, variances and second moments of columns, whatever their order in memory."""

import numpy as np
import pytest

from skopt_suite.optimizers.algebra._moments import column_moments, moments

N_ROWS, N_COLUMNS = 30_000, 11  # more of both than are read at once


@pytest.fixture(params=["C", "F"])
def X(request):
    """Return columns of which the first rows are far from the others, and one that is constant."""
    X = np.random.default_rng(0).normal(size=(N_ROWS, N_COLUMNS))
    X[:10_000, :3] += 1e6
    X[:, 3] += np.arange(N_ROWS)
    X[:, 4] = 0.1
    return np.array(X, order=request.param)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_of_columns_and_pairs_of_them(X, weighted, centred):
    weight = np.ones((1, N_ROWS))
    if weighted:
        weight[0, :12_000], weight[0, 12_000:] = 0, 30_000 / 18_000
    mean = (weight @ X / N_ROWS)[0] if centred else np.zeros(N_COLUMNS)
    rows = (X - mean) * weight[0, :, None] ** 0.5
    second = rows.T @ rows / N_ROWS
    given = weight if weighted else None
    columns, pairs = column_moments(X, given, centred), moments([X], given, centred)
    size = np.sqrt(np.diagonal(second))
    for found in (columns.mean, pairs.mean):
        np.testing.assert_allclose(found[0], mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(columns.variance[0], size**2, rtol=1e-10, atol=1e-14)
    error = np.abs(pairs.second[0] - second) - 1e-9 * size * size[:, None]
    assert error.max() < 1e-14
