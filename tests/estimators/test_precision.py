"""X in another precision than that of the fit: the same results, and no copy of all of it."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MB = 1e6
LINEAR = [LinearClassifier(), LinearRegressor()]
AS_IT_IS = {"standardize": False}
NETWORKS = [MLPClassifier((8,), **AS_IT_IS), MLPRegressor((8,), **AS_IT_IS)]
every = pytest.mark.parametrize("model", LINEAR + NETWORKS, ids=lambda m: type(m).__name__)

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 6)) * (rng.uniform(size=(120, 6)) < 0.5)
y = (X.sum(axis=1) > 0).astype(int)
FORMS = {"dense": np.array, "columns": np.asfortranarray, "sparse": scipy.sparse.csr_array}


class Interpreted(Adam):
    """The same steps by their definition, as an optimizer of a user would make them."""

    name = "interpreted"

    def step(self, state, params, problem, factor):
        return super().step(state, params, problem, factor)


def settings(**changed):
    return {"max_iter": 8, "batch_size": 16, "tol": 0, "random_state": 0, **changed}


def parameters(model):
    if hasattr(model, "coef_"):
        return [model.coef_, model.intercept_]
    return [*model.coefs_, *model.intercepts_]


def assert_same_fit(model, other):
    for mine, theirs in zip(parameters(model), parameters(other), strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.loss_curve_, other.loss_curve_, rtol=1e-5)


@every
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam", Interpreted(), "lbfgs"], ids=str)
@pytest.mark.parametrize("given, precision", [("float64", "float32"), ("float32", "float64")])
def test_a_fit_is_that_of_X_in_its_precision(model, form, optimizer, given, precision):
    model = clone(model).set_params(**settings(optimizer=optimizer, dtype=precision))
    rows = FORMS[form](X.astype(given))
    before = rows.copy()
    fitted = clone(model).fit(rows, y)
    assert {part.dtype.name for part in parameters(fitted)} == {precision}
    assert_same_fit(fitted, clone(model).fit(rows.astype(precision), y))
    assert rows.dtype == given
    assert abs(rows - before).max() == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "changed",
    [
        {"shuffle": False},
        {"early_stopping": True},
        {"dropout": 0.3},
        {"batch_size": 1000},
        {"optimizer": "lbfgs", "early_stopping": True},
        {"optimizer": Interpreted(), "shuffle": False},
    ],
    ids=str,
)
def test_whatever_is_asked_of_the_rows(form, changed):
    model = MLPClassifier((8,), **settings(**changed))
    rows, weight = FORMS[form](X), rng.uniform(1, 2, len(y))
    fitted = clone(model).fit(rows, y, sample_weight=weight)
    assert_same_fit(fitted, clone(model).fit(rows.astype("float32"), y, sample_weight=weight))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("batch_size", [16, 1000])
def test_validation_rows_in_another_precision(form, batch_size):
    model = MLPClassifier((8,), **settings(early_stopping=True, batch_size=batch_size))
    rows = FORMS[form](X)
    single = rows.astype("float32")
    fitted = clone(model).fit(single, y, X_val=rows, y_val=y)
    other = clone(model).fit(single, y, X_val=single, y_val=y)
    np.testing.assert_allclose(fitted.validation_scores_, other.validation_scores_, atol=1e-6)


@every
def test_partial_fits(model):
    model = clone(model).set_params(**settings(optimizer="adam", dtype="float32"))
    classes = {"classes": [0, 1]} if hasattr(model, "class_weight") else {}
    first, second = clone(model), clone(model)
    for rows in (X[:60], X[60:]):
        first.partial_fit(rows, y[: len(rows)], **classes)
        second.partial_fit(rows.astype("float32"), y[: len(rows)], **classes)
    assert_same_fit(first, second)


@pytest.mark.parametrize("kind", [int, bool, object])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_numbers_of_other_kinds_are_converted_to_the_precision_of_the_fit(kind, precision):
    model = MLPClassifier((8,), **settings(dtype=precision))
    numbers = np.round(3 * X).astype(int).astype(kind)
    assert_same_fit(
        clone(model).fit(numbers, y), clone(model).fit(numbers.astype(float).astype(precision), y)
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_what_is_infinite_in_the_precision_of_the_fit_is_an_error(form, optimizer):
    model = MLPClassifier((8,), **settings(optimizer=optimizer))
    large = X.copy()
    large[3, 2] = -1e100
    with pytest.raises(ValueError, match=r"X must not exceed .* got 1e\+100.*dtype='float64'"):
        model.fit(FORMS[form](large), y)
    with pytest.raises(ValueError, match=r"X must not exceed .* got 1e\+100"):
        model.fit(X, y, X_val=FORMS[form](large), y_val=y)
    with pytest.raises(ValueError, match="contains infinity or a value too large for"):
        model.fit(large.astype(object), y)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "model, grid",
    [
        (MLPClassifier((8,)), {"optimizer__learning_rate": [0.001, 0.01]}),
        (MLPClassifier((8,), early_stopping=True), {"optimizer__learning_rate": [0.001, 0.01]}),
        (MLPClassifier((8,)), {"optimizer": ["adam", "lbfgs"], "dtype": ["float32", "float64"]}),
        (LinearClassifier(dtype="float32"), {"optimizer": ["sgd", "lbfgs"]}),
        (LinearRegressor(dtype="float32", penalty="l2"), {"penalty__alpha": [0.01, 1.0]}),
    ],
)
def test_a_fused_search_is_the_plain_one(form, model, grid):
    model = clone(model).set_params(**settings())
    rows = FORMS[form](X)
    arguments = {"cv": 3, "return_train_score": True}
    plain = GridSearchCV(model, grid, **arguments).fit(rows, y)
    fused = FusedGridSearchCV(model, grid, **arguments).fit(rows, y)
    for scores in ("mean_test_score", "mean_train_score"):
        np.testing.assert_allclose(fused.cv_results_[scores], plain.cv_results_[scores], rtol=1e-4)


def peak_beside(model, rows, targets, **arguments):
    """Return the most bytes that a fit takes beside what it is given."""
    clone(model).fit(rows[:300], targets[:300])  # kernels are compiled once
    return peak_of(lambda: clone(model).fit(rows, targets, **arguments))


def peak_of(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def large_dense():
    rows = np.random.default_rng(0).normal(size=(75_000, 100))
    return rows, (rows[:, 0] > 0).astype(int)


@pytest.fixture(scope="module")
def large_sparse():
    shape = 100_000, 5000
    rows = scipy.sparse.random_array(shape, density=0.01, format="csr", rng=0)
    return rows, (rows @ np.linspace(-1, 1, shape[1]) > 0).astype(int)


ONE_EPOCH = {"max_iter": 1, "random_state": 0}


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier(**ONE_EPOCH),
        MLPClassifier(optimizer=Interpreted(), **ONE_EPOCH),
        LinearClassifier(optimizer="sgd", dtype="float32", **ONE_EPOCH),
    ],
    ids=str,
)
def test_minibatches_are_converted_one_by_one(model, large_dense):
    rows, targets = large_dense
    assert rows.nbytes == 60 * MB
    assert peak_beside(model, rows, targets) < 20 * MB
    assert peak_of(lambda: clone(model).partial_fit(rows, targets, classes=[0, 1])) < 20 * MB


def test_validation_rows_are_converted_block_by_block(large_dense):
    rows, targets = large_dense
    model = MLPClassifier((8,), **ONE_EPOCH)
    assert peak_beside(model, rows, targets, X_val=rows, y_val=targets) < 20 * MB


def test_rows_of_a_split_are_copied_to_the_precision_of_the_fit(large_dense):
    rows, targets = large_dense
    model = MLPClassifier((8,), early_stopping=True, **ONE_EPOCH)
    assert peak_beside(model, rows, targets) < rows.nbytes / 2 + 20 * MB


@pytest.mark.parametrize("optimizer", ["adam", Interpreted(), "sgd"], ids=str)
def test_sparse_minibatches_are_converted_one_by_one(optimizer, large_sparse):
    rows, targets = large_sparse
    assert rows.data.nbytes + rows.indices.nbytes + rows.indptr.nbytes > 60 * MB
    model = MLPClassifier((4,), optimizer=optimizer, batch_size=200, **ONE_EPOCH)
    assert peak_beside(model.set_params(standardize=False), rows, targets) < 20 * MB
    copied = 0 if isinstance(optimizer, Interpreted) else rows.data.nbytes / 2
    assert peak_beside(model.set_params(standardize=True), rows, targets) < copied + 20 * MB


def test_solvers_of_all_rows_at_once_convert_them_once(large_dense):
    rows, targets = large_dense
    model = LinearClassifier(optimizer="lbfgs", dtype="float32", max_iter=5)
    peak = peak_beside(model, rows, targets)
    assert rows.nbytes / 2 < peak < rows.nbytes / 2 + 20 * MB


def test_rows_that_are_not_contiguous_are_copied_once(large_dense):
    rows, targets = large_dense
    peak = peak_beside(MLPClassifier((8,), **ONE_EPOCH), np.asfortranarray(rows), targets)
    assert peak < rows.nbytes / 2 + 20 * MB


def test_a_fused_search_copies_the_rows_of_a_split_and_nothing_else(large_dense):
    rows, targets = large_dense
    model, grid = MLPClassifier((8,), **ONE_EPOCH), {"optimizer__learning_rate": [0.001, 0.01]}
    half = np.arange(len(rows) // 2)
    search = FusedGridSearchCV(model, grid, cv=[(half, half[:1000])], refit=False)
    clone(search).set_params(cv=2).fit(rows[:300], targets[:300])
    assert peak_of(lambda: search.fit(rows, targets)) < rows.nbytes / 2 + 20 * MB
