"""Sparse rows on the card: what is trained on them is what is trained on the host."""

import numpy as np
import pytest
import scipy.sparse

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.backends import to_numpy
from skopt_suite.estimators._column_moments import column_moments_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(0)
X = scipy.sparse.random_array((300, 60), density=0.1, format="csr", rng=RNG)
NUMBERS = X.sum(axis=1) - 2 * X.toarray()[:, 0]
CLASSES = np.digitize(NUMBERS, np.quantile(NUMBERS, [0.4, 0.7]))
SETTINGS = {"max_iter": 3, "batch_size": 50, "random_state": 0, "dtype": "float64"}
LINEAR = {"regressor": (LinearRegressor, NUMBERS), "classifier": (LinearClassifier, CLASSES)}
NETWORKS = {
    "network of numbers": (lambda **more: MLPRegressor((8, 40), **more), NUMBERS),
    "network of classes": (lambda **more: MLPClassifier((20,), dropout=0.2, **more), CLASSES),
}


def card(format="csr_matrix", rows=X):
    import cupyx.scipy.sparse as sparse

    found = sparse.csr_matrix(scipy.sparse.csr_matrix(rows))
    return {"csr_matrix": found, "csc_matrix": found.tocsc(), "coo_matrix": found.tocoo()}[format]


@pytest.mark.parametrize(
    "optimizer", ["adam", "sgd", "lbfgs", "newton_cholesky", "newton_cg", "fista"]
)
@pytest.mark.parametrize("name", LINEAR)
def test_linear_fits_equal_numpy(name, optimizer):
    import cupy

    cls, y = LINEAR[name]
    model = cls(optimizer=optimizer, **SETTINGS)
    expected = model.fit(X, y).predict(X)
    curve = model.loss_curve_
    model.fit(card(), cupy.asarray(y))
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-6)
    predicted = model.predict(card())
    assert isinstance(predicted, cupy.ndarray)
    np.testing.assert_allclose(predicted.get(), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5)


@pytest.mark.parametrize("name", NETWORKS | LINEAR)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_host_rows_go_to_the_card_and_results_come_back(name, early_stopping):
    make, y = (NETWORKS | LINEAR)[name]
    model = make(optimizer="adam", early_stopping=early_stopping, **SETTINGS)
    expected = model.fit(X, y).predict(X)
    curve = model.loss_curve_
    predicted = model.set_params(backend="cupy").fit(X, y).predict(X)
    assert type(predicted) is np.ndarray
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-6)
    np.testing.assert_allclose(predicted, expected, rtol=1e-5)


@pytest.mark.parametrize("format", ["csr_matrix", "csc_matrix", "coo_matrix"])
def test_formats(format):
    model = LinearRegressor(dtype="float64", tol=1e-10)
    expected = model.fit(X, NUMBERS).coef_
    model.fit(card(format), NUMBERS)
    np.testing.assert_allclose(to_numpy(model.coef_), expected, rtol=1e-4, atol=1e-6)


def test_duplicates_are_added_and_left_as_they_are():
    import cupy
    import cupyx.scipy.sparse as sparse

    half, places = X.data / 2, np.repeat(X.indices, 2)
    parts = np.stack([half, half], axis=1).ravel(), places, 2 * X.indptr
    twice = sparse.csr_matrix(tuple(map(cupy.asarray, parts)), shape=X.shape)
    model = LinearRegressor(dtype="float64", tol=1e-10)
    expected = model.fit(X, NUMBERS).coef_
    model.fit(twice, NUMBERS)
    np.testing.assert_allclose(to_numpy(model.coef_), expected, rtol=1e-4, atol=1e-6)
    assert twice.data.size == 2 * X.nnz


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_of_the_rows_is_kept(dtype):
    model = LinearClassifier().fit(card(rows=X.astype(dtype)), CLASSES)
    assert model.coef_.dtype == dtype
    assert model.predict_proba(card(rows=X.astype(dtype))).dtype == dtype


def test_moments_are_those_of_the_host():
    dense = X.toarray()
    dense[:, 5] = 1e6
    host, weight = scipy.sparse.csr_array(dense), RNG.uniform(0, 2, X.shape[0])
    for own in (None, weight):
        on_host, on_card = (column_moments_of(rows, own) for rows in (host, card(rows=host)))
        np.testing.assert_allclose(on_card.mean, on_host.mean, rtol=1e-12)
        np.testing.assert_allclose(on_card.deviation, on_host.deviation, rtol=1e-9)


def test_long_sums_of_single_precision_are_in_double():
    import cupy

    from skopt_suite.backends import input_product_transposed

    n_samples = 10**6
    column = card(rows=np.full((n_samples, 1), 1.1, "float32"))
    for n_fits, n_outputs in [(1, 1), (2, 1), (1, 20)]:
        delta = cupy.ones((n_fits, n_samples, n_outputs), dtype="float32")
        out = cupy.zeros((n_fits, 1, n_outputs), dtype="float32")
        input_product_transposed(out, column, delta)
        np.testing.assert_allclose(out.get(), np.float32(1.1) * n_samples, rtol=1e-6)


def test_not_a_number_is_refused():
    wrong = card()
    wrong.data[3] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN or infinity"):
        LinearRegressor().fit(wrong, NUMBERS)
