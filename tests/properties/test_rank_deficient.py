"""Where many weights are optimal, a fit from zero ends at the smallest, in either precision."""

import numpy as np
import pytest

from skopt_suite import LinearClassifier, LinearRegressor

SEEDS = range(8)
N_SAMPLES, N_CLASSES = 300, 4
TOLERANCE = 1e-2


def _parts(seed):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(N_SAMPLES, 5)), rng.integers(0, N_CLASSES, N_SAMPLES)


def duplicated(seed):
    _, Z, _ = _parts(seed)
    return np.hstack([Z, Z[:, :2]])


def one_hot(seed):
    _, Z, category = _parts(seed)
    return np.hstack([Z, np.eye(N_CLASSES)[category]])


def with_sum(seed):
    _, Z, _ = _parts(seed)
    return np.hstack([Z, Z.sum(axis=1, keepdims=True)])


def with_sum_of_large(seed):
    _, Z, _ = _parts(seed)
    return np.hstack([Z + 100, (Z + 100).sum(axis=1, keepdims=True)])


def with_constant(seed):
    _, Z, _ = _parts(seed)
    return np.hstack([Z, np.full((N_SAMPLES, 1), 3.0)])


DATA = [duplicated, one_hot, with_sum, with_sum_of_large, with_constant]
data = pytest.mark.parametrize("make", DATA, ids=lambda make: make.__name__)


def _rounded(X):
    """Return X as float32 and, where its columns depend on each other exactly, in float64."""
    narrow = X.astype(np.float32)
    wide = narrow.astype(np.float64)
    if np.allclose(X[:, :5].sum(axis=1), X[:, -1]):
        wide[:, -1] = wide[:, :5].sum(axis=1)
    return narrow, wide


def _null_space(X):
    _, singular, vectors = np.linalg.svd(X - X.mean(axis=0))
    return vectors[(singular > 1e-9 * singular[0]).sum() :]


@data
@pytest.mark.parametrize("optimizer", ["auto", "closed_form"])
def test_least_squares(make, optimizer):
    for seed in SEEDS:
        X32, X = _rounded(make(seed))
        rng = np.random.default_rng(100 + seed)
        y = X @ rng.normal(size=X.shape[1]) + rng.normal(size=N_SAMPLES)
        model = LinearRegressor(penalty="none", optimizer=optimizer).fit(X32, y)
        smallest = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=1e-9)[0]
        np.testing.assert_allclose(model.coef_, smallest, atol=TOLERANCE * abs(smallest).max())


@data
def test_logistic_regression(make):
    for seed in SEEDS:
        X32, X = _rounded(make(seed))
        rng = np.random.default_rng(100 + seed)
        raw = (X - X.mean(axis=0)) @ rng.normal(size=X.shape[1]) / 3
        y = raw + rng.logistic(size=N_SAMPLES) > 0
        exact = LinearClassifier(penalty="none", tol=1e-9).fit(X, y).coef_[0]
        null = _null_space(X)
        smallest = exact - null.T @ (null @ exact)
        model = LinearClassifier(penalty="none").fit(X32, y)
        np.testing.assert_allclose(model.coef_[0], smallest, atol=TOLERANCE * abs(smallest).max())


@pytest.mark.parametrize("shape", [(30, 60), (40, 40), (100, 500)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fewer_rows_than_columns(shape, dtype):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        X = rng.normal(size=shape).astype(dtype)
        centred = X.astype(float) - X.mean(axis=0, dtype=float)
        y = centred @ rng.normal(size=shape[1])
        smallest = np.linalg.lstsq(centred, y, rcond=1e-9)[0]
        coef = LinearRegressor(penalty="none").fit(X, y).coef_
        np.testing.assert_allclose(coef, smallest, atol=TOLERANCE * abs(smallest).max())
        coef = LinearClassifier(penalty="none").fit(X, y > 0).coef_[0]
        assert abs(_null_space(X.astype(float)) @ coef).max() < 1e-3 * abs(coef).max()
