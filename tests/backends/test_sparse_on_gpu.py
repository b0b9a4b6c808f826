"""Sparse rows on a card, which is a fake: results are those on the host, and live where X does."""

import array_api_strict
import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.utils.estimator_checks import (
    check_estimator_sparse_array,
    check_estimator_sparse_matrix,
)

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.backends import input_product_transposed, to_numpy
from skopt_suite.estimators._column_moments import column_moments_of
from skopt_suite.optimizers import OPTIMIZERS

from .fake_cupy import FakeCSC, FakeCSR

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = scipy.sparse.random_array((90, 30), density=0.15, format="csr", rng=RNG)
NUMBERS = X.sum(axis=1) - 2 * X.toarray()[:, 0]
CLASSES = np.digitize(NUMBERS, np.quantile(NUMBERS, [0.4, 0.7]))
SETTINGS = {"max_iter": 4, "batch_size": 16, "random_state": 0, "dtype": "float64"}
CASES = {
    "linear classifier": (LinearClassifier(**SETTINGS), CLASSES),
    "linear regressor": (LinearRegressor(**SETTINGS), NUMBERS),
    "MLP classifier": (MLPClassifier((6,), **SETTINGS), CLASSES),
    "MLP regressor": (MLPRegressor((20, 4), early_stopping=True, **SETTINGS), NUMBERS),
}
SPARSE = [
    name for name in OPTIMIZERS if OPTIMIZERS[name].takes_sparse and OPTIMIZERS[name].takes_devices
]


def is_strict(array):
    return "array_api_strict" in type(array).__module__


@pytest.mark.parametrize("optimizer", SPARSE)
@pytest.mark.parametrize("name", ["linear classifier", "linear regressor"])
def test_fits_are_those_of_the_host(gpu, name, optimizer):
    model, y = CASES[name]
    model.set_params(optimizer=optimizer)
    expected = model.fit(X, y).predict(X)
    curve = model.loss_curve_
    model.fit(FakeCSR(X), y)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-7)
    predicted = model.predict(FakeCSR(X))
    assert is_strict(predicted)
    np.testing.assert_allclose(to_numpy(predicted), expected, rtol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_host_rows_go_to_the_card_and_results_come_back(gpu, name):
    model, y = CASES[name]
    model.set_params(optimizer="adam")
    expected = model.fit(X, y).predict(X)
    model.set_params(backend="cupy").fit(X, y)
    predicted = model.predict(X)
    model.set_params(backend="auto")
    assert type(predicted) is np.ndarray
    np.testing.assert_allclose(predicted, expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments_are_those_of_the_host(gpu, dtype):
    dense = np.tile(X.toarray(), (4, 1))
    dense[:, 5] = 1e6  # no entry differs, though squares of so large means are rounded
    host = scipy.sparse.csr_array(dense.astype(dtype))
    weight = RNG.uniform(0, 2, len(dense))
    for own in (None, weight):
        on_host, on_card = column_moments_of(host, own), column_moments_of(FakeCSR(host), own)
        np.testing.assert_allclose(on_card.mean, on_host.mean, rtol=1e-12)
        np.testing.assert_allclose(on_card.deviation, on_host.deviation, rtol=1e-9)
        assert on_card.deviation[5] == 1


def test_other_formats_and_duplicates_are_taken_and_left_as_they_are(gpu):
    model, y = CASES["linear regressor"]
    expected = model.set_params(optimizer="lbfgs").fit(FakeCSR(X), y).coef_
    np.testing.assert_allclose(to_numpy(model.fit(FakeCSC(X), y).coef_), to_numpy(expected))
    half = X.data / 2
    parts = np.stack([half, half], axis=1).ravel(), np.repeat(X.indices, 2), 2 * X.indptr
    twice = FakeCSR(scipy.sparse.csr_matrix(parts, shape=X.shape))
    np.testing.assert_allclose(to_numpy(model.fit(twice, y).coef_), to_numpy(expected))
    assert twice.data.shape == (2 * X.nnz,)


def test_long_sums_of_single_precision_are_in_double(gpu):
    n_samples = 10**6
    column = FakeCSR(scipy.sparse.csr_matrix(np.full((n_samples, 1), 1.1, "float32")))
    for n_fits, n_outputs in [(1, 1), (2, 1), (1, 20)]:
        delta = array_api_strict.ones(
            (n_fits, n_samples, n_outputs), dtype=array_api_strict.float32
        )
        out = array_api_strict.zeros((n_fits, 1, n_outputs), dtype=array_api_strict.float32)
        input_product_transposed(out, column, delta)
        np.testing.assert_allclose(to_numpy(out), np.float32(1.1) * n_samples, rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_numbers_are_refused(gpu, bad):
    wrong = FakeCSR(X)
    wrong.data[3] = bad
    with pytest.raises(ValueError, match="Input X contains NaN or infinity"):
        LinearRegressor().fit(wrong, NUMBERS)


def test_other_libraries_get_no_sparse_rows(gpu):
    dense = array_api_strict.asarray(X.toarray())
    with pytest.raises(TypeError, match=r"Sparse X is taken on the host and by CuPy; got it with"):
        LinearRegressor(optimizer="adam").fit(dense, NUMBERS, X_val=X, y_val=NUMBERS)


def test_held_out_rows_follow_the_rows(gpu):
    model = MLPRegressor((4,), early_stopping=True, **SETTINGS)
    curve = model.fit(X, NUMBERS, X_val=X[::2], y_val=NUMBERS[::2]).validation_scores_
    for rows, held_out in [(FakeCSR(X), FakeCSR(X[::2])), (X, FakeCSR(X[::2]))]:
        model.fit(rows, NUMBERS, X_val=held_out, y_val=NUMBERS[::2])
        np.testing.assert_allclose(model.validation_scores_, curve, rtol=1e-7)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("check", [check_estimator_sparse_array, check_estimator_sparse_matrix])
def test_checks_of_scikit_learn(gpu, name, check):
    check(name, clone(CASES[name][0]).set_params(backend="cupy", dtype="auto"))
