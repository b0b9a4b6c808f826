"""Sparse rows: what is trained on them is what is trained on the same rows, dense."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.feature_extraction.text import HashingVectorizer

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.estimators._inputs import check_X
from skopt_suite.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum
from skopt_suite.penalties import L1, L2, MCP, Box, SparseGroupLasso
from skopt_suite.testing._pairwise import pairwise
from skopt_suite.training._rows import InMemory

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(n_samples=80, n_features=5, random_state=0)

_RNG = np.random.default_rng(0)
WIDE = scipy.sparse.random_array((90, 30), density=0.15, format="csr", rng=_RNG).toarray()
WIDE[[0, 7, 40]] = 0.0  # empty rows, of which one is the first, and an empty column
WIDE[:, 3] = 0.0
TARGETS = np.stack([WIDE.sum(axis=1), WIDE[:, 0] - WIDE[:, 1]], axis=1)
CLASSES = np.digitize(TARGETS[:, 0], np.quantile(TARGETS[:, 0], [0.4, 0.7]))

TRAINING = {
    "optimizer": "adam",
    "max_iter": 3,
    "batch_size": 16,
    "random_state": 0,
    "dtype": "float64",
}
NETWORK = {**TRAINING, "standardize": False}  # sparse columns are not centred
ALL = {
    "linear classifier": (LinearClassifier(**TRAINING), CLASSES),
    "linear regressor": (LinearRegressor(**TRAINING), TARGETS),
    "MLP classifier": (MLPClassifier((6,), **NETWORK), CLASSES),
    "MLP regressor": (MLPRegressor((20, 4), activation=("tanh", "relu"), **NETWORK), TARGETS),
}
every = pytest.mark.parametrize("name", ALL)
FIRST_ORDER = [name for name in OPTIMIZERS if OPTIMIZERS[name].is_incremental]


def to_int64(dense):
    found = scipy.sparse.csr_array(dense)
    parts = found.data, found.indices.astype(np.int64), found.indptr.astype(np.int64)
    found = scipy.sparse.csr_matrix(found.shape)
    found.data, found.indices, found.indptr = parts
    return found


def to_unsorted(dense):
    found = scipy.sparse.csr_array(dense)
    for start, stop in zip(found.indptr[:-1], found.indptr[1:], strict=True):
        for part in (found.indices, found.data):
            part[start:stop] = part[start:stop][::-1].copy()
    found.has_sorted_indices = False
    return found


def to_duplicates(dense):
    """Every entry twice: a third and the rest of it."""
    found = scipy.sparse.csr_array(dense)
    data = np.stack([found.data / 3, found.data - found.data / 3], axis=1).ravel()
    parts = data, np.repeat(found.indices, 2), 2 * found.indptr
    return scipy.sparse.csr_array(parts, shape=found.shape)


CONTAINERS = {
    "csr_array": scipy.sparse.csr_array,
    "csc_matrix": scipy.sparse.csc_matrix,
    "coo_array": scipy.sparse.coo_array,
    "int64": to_int64,
    "unsorted": to_unsorted,
    "duplicates": to_duplicates,
}


def params_of(fitted):
    """All parameters of a model, flat."""
    parts = zip(*fitted._layers(), strict=True)
    return np.concatenate([np.ravel(part) for layer in parts for part in layer])


def assert_same(sparse, dense, rtol=1e-9):
    scale = np.abs(params_of(dense)).max()
    np.testing.assert_allclose(params_of(sparse), params_of(dense), rtol=rtol, atol=rtol * scale)
    np.testing.assert_allclose(sparse.loss_curve_, dense.loss_curve_, rtol=rtol)


@pytest.mark.parametrize(
    "combination",
    pairwise({"name": [*ALL], "container": [*CONTAINERS], "optimizer": FIRST_ORDER}, lambda: True),
    ids=lambda combination: "-".join(combination.values()),
)
def test_rules_step_as_on_dense_rows(combination):
    name, container, optimizer = combination.values()
    model, target = ALL[name]
    model = clone(model).set_params(optimizer=optimizer)
    rows = CONTAINERS[container](WIDE)
    sparse, dense = clone(model).fit(rows, target), clone(model).fit(WIDE, target)
    assert_same(sparse, dense)
    for given in (rows, WIDE):
        np.testing.assert_allclose(sparse.predict(given), dense.predict(WIDE), atol=1e-9)


@every
@pytest.mark.parametrize(
    "settings",
    [
        {"penalty": "l1", "penalty__alpha": 0.01},
        {"penalty": MCP(0.05), "optimizer": "sgd", "optimizer__learning_rate": 0.1},
        {"penalty": SparseGroupLasso(0.02), "optimizer": "sgd", "optimizer__learning_rate": 0.1},
        {"penalty": Box(-0.1, 0.2), "optimizer": "sgd", "optimizer__learning_rate": 0.1},
        {"shuffle": False},
        {"batch_size": 7},  # the last batch is smaller
        {"batch_size": 1},
        {"batch_size": "auto"},  # all rows
        {"early_stopping": True, "validation_fraction": 0.3},
        {"schedule": "cosine"},
        {"optimizer": "gradient_descent"},
        {"optimizer": "fista", "penalty": "l1"},
    ],
    ids=str,
)
def test_settings(name, settings):
    model, target = ALL[name]
    model = clone(model).set_params(**settings)
    weight = np.linspace(0.5, 2, len(WIDE))
    sparse = clone(model).fit(scipy.sparse.csr_array(WIDE), target, sample_weight=weight)
    dense = clone(model).fit(WIDE, target, sample_weight=weight)
    assert_same(sparse, dense)
    assert sparse.validation_scores_ == pytest.approx(dense.validation_scores_)


@pytest.mark.parametrize("settings", [{"optimizer": "lbfgs"}, {"dropout": 0.4}], ids=str)
@pytest.mark.parametrize("name", ["MLP classifier", "MLP regressor"])
def test_settings_of_networks(name, settings):
    model, target = ALL[name]
    model = clone(model).set_params(**settings)
    rows = scipy.sparse.csr_array(WIDE)
    assert_same(clone(model).fit(rows, target), clone(model).fit(WIDE, target), rtol=1e-7)


@every
def test_single_precision(name):
    model, target = ALL[name]
    model = clone(model).set_params(dtype="float32")
    for rows in (scipy.sparse.csr_array(WIDE), scipy.sparse.csr_array(WIDE.astype("float32"))):
        sparse, dense = clone(model).fit(rows, target), clone(model).fit(WIDE, target)
        assert_same(sparse, dense, rtol=1e-5)
        assert params_of(sparse).dtype == "float32"


@every
@pytest.mark.parametrize("held_out", [np.asarray, scipy.sparse.csc_array])
def test_given_validation_rows_may_be_sparse_or_not(name, held_out):
    model, target = ALL[name]
    model, validation = clone(model).set_params(early_stopping=True), (WIDE[60:], target[60:])
    dense = clone(model).fit(WIDE[:60], target[:60], X_val=validation[0], y_val=validation[1])
    for container in (scipy.sparse.csr_array, np.asarray):
        rows, others = container(WIDE[:60]), held_out(validation[0])
        mixed = clone(model).fit(rows, target[:60], X_val=others, y_val=validation[1])
        assert_same(mixed, dense)
        assert mixed.validation_scores_ == pytest.approx(dense.validation_scores_)


@every
def test_a_warm_start_goes_on(name):
    model, target = ALL[name]
    model = clone(model).set_params(warm_start=True, optimizer=Momentum(0.01))
    rows, dense = scipy.sparse.csr_array(WIDE), clone(model)
    for given in (rows, WIDE, rows):
        assert_same(model.fit(given, target), dense.fit(WIDE, target))


@every
@pytest.mark.parametrize("optimizer", FIRST_ORDER)
def test_training_in_parts(name, optimizer):
    model, target = ALL[name]
    sparse = clone(model).set_params(optimizer=optimizer)
    dense, classes = clone(sparse), {"classes": np.unique(target)} if target.ndim == 1 else {}
    for start in (0, 30, 60):
        part = slice(start, start + 30)
        sparse.partial_fit(scipy.sparse.csr_array(WIDE[part]), target[part], **classes)
        assert_same(sparse, dense.partial_fit(WIDE[part], target[part], **classes))


@pytest.mark.parametrize(
    "model",
    [
        LinearClassifier(optimizer=Adam(0.05), batch_size=10, random_state=0),
        MLPClassifier((8,), optimizer=Adam(0.01), batch_size=10, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_stream_of_texts_is_learnt(model):
    """Chunks of words that are hashed to 65,536 columns; the odd ones decide."""
    rng = np.random.default_rng(0)
    hashing, scores = HashingVectorizer(n_features=2**16), []
    for _ in range(8):
        numbers = rng.integers(0, 50, (200, 6))
        target = (numbers % 2).sum(axis=1) > 3
        texts = hashing.transform([" ".join(f"word{number}" for number in row) for row in numbers])
        if scores or hasattr(model, "classes_"):
            scores.append(model.score(texts, target))
        model.partial_fit(texts, target, classes=[False, True])
    assert np.mean(scores[-3:]) > max(0.8, scores[0])


@every
@pytest.mark.parametrize("container", [to_unsorted, to_duplicates, scipy.sparse.csc_array])
def test_what_the_user_gives_stays_as_it_is(name, container):
    model, target = ALL[name]
    rows = container(WIDE)
    before = [part.copy() for part in (rows.data, rows.indices, rows.indptr)]
    clone(model).fit(rows, target).predict(rows)
    for part, kept in zip((rows.data, rows.indices, rows.indptr), before, strict=True):
        np.testing.assert_array_equal(part, kept)


@every
@pytest.mark.parametrize("container", [to_unsorted, to_duplicates, scipy.sparse.csr_array])
def test_quasi_newton_multiplies_with_columns_as_they_are(name, container, monkeypatch):
    model, target = ALL[name]
    settings = {"optimizer": "lbfgs", "early_stopping": False, "standardize": False, "max_iter": 5}
    model = clone(model).set_params(**settings)
    by_row, by_column = container(WIDE), container(WIDE.T).T
    assert by_column.format == "csc"
    expected = clone(model).fit(by_row, target)
    monkeypatch.setattr(type(by_column), "tocsr", None)
    assert_same(clone(model).fit(by_column, target), expected)


@pytest.mark.parametrize("container", CONTAINERS)
def test_rows_that_train_are_csr_and_canonical_at_once(container):
    rows = CONTAINERS[container](WIDE)
    found, _, _ = check_X(LinearClassifier(), rows, dtype="as_X", backend="auto", reset=True)
    assert found.format == "csr"
    # what is so is not copied
    assert (found is rows) == (container in ("csr_array", "int64", "unsorted", "duplicates"))
    whole = InMemory(found, np.zeros((len(WIDE), 1))).whole
    assert whole.has_canonical_format
    assert (whole is rows) == (container in ("csr_array", "int64"))
    np.testing.assert_allclose(found.toarray(), WIDE, rtol=1e-15)
    assert found.indices.dtype == found.indptr.dtype
    assert found.indices.dtype == (np.int64 if container == "int64" else np.int32)


def test_frames_of_sparse_columns_stay_sparse():
    model, target = ALL["linear classifier"]
    frame = pd.DataFrame.sparse.from_spmatrix(scipy.sparse.csr_array(WIDE)).rename(columns=str)
    found, _, _ = check_X(clone(model), frame, dtype="as_X", backend="auto", reset=True)
    assert scipy.sparse.issparse(found)
    assert_same(clone(model).fit(frame, target), clone(model).fit(WIDE, target))


@every
def test_tags_leave_it_to_fit_to_say_what_is_wrong(name):
    for wrong in ({"optimizer": "newtonn"}, {"penalty": 3}, {"loss": "mape"}):
        assert clone(ALL[name][0]).set_params(**wrong).__sklearn_tags__().input_tags.sparse


@every
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_tags_say_what_is_taken(name, optimizer):
    model = clone(ALL[name][0]).set_params(optimizer=optimizer)
    # the closed form does not take the loss of classifiers either
    assert model.__sklearn_tags__().input_tags.sparse == OPTIMIZERS[optimizer].takes_sparse


@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
@pytest.mark.parametrize(
    "parameters",
    [
        {"tol": 1e-12},  # L-BFGS takes other steps on dense data
        {"penalty": "l1"},
        {"optimizer": GradientDescent(0.1), "max_iter": 20},
        {"dtype": "float32", "tol": 1e-6, "penalty": L2(0.01)},
        {"optimizer": "fista", "early_stopping": True, "random_state": 0},
    ],
)
@pytest.mark.parametrize("estimator", [LinearClassifier, LinearRegressor])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sparse_equals_dense(estimator, parameters, container):
    thresholded = np.where(np.abs(X) > 0.7, X, 0)
    weight = np.linspace(0.5, 2, len(y))
    dense = estimator(**parameters).fit(thresholded, y, sample_weight=weight)
    sparse = estimator(**parameters).fit(container(thresholded), y, sample_weight=weight)
    atol = 3e-3 if "dtype" in parameters else 1e-6
    np.testing.assert_allclose(sparse.coef_, dense.coef_, atol=atol)
    np.testing.assert_allclose(sparse.intercept_, dense.intercept_, atol=atol)
    np.testing.assert_array_equal(
        sparse.predict(container(thresholded)) > 0.5, dense.predict(thresholded) > 0.5
    )


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_sparse_is_never_made_dense(penalty):
    """Dense, this X would take 320 GB."""
    rng = np.random.RandomState(0)
    n_samples, n_features = 2 * 10**5, 2 * 10**5
    rows, columns = rng.randint(0, n_samples, 3000), rng.randint(0, n_features, 3000)
    wide = scipy.sparse.csr_array((np.ones(3000), (rows, columns)), (n_samples, n_features))
    target = np.zeros(n_samples, dtype=int)
    target[rows[:1500]] = 1
    fitted = LinearClassifier(penalty=penalty, tol=1e-6).fit(wide, target)
    assert fitted.predict(wide).shape == (n_samples,)


@pytest.mark.parametrize(
    "model",
    [
        LinearClassifier(optimizer="sgd"),
        LinearClassifier(optimizer="adam", penalty=L1(1e-4)),
        MLPClassifier((4,)),
        MLPClassifier((16,), optimizer="momentum", dropout=0.1),
    ],
    ids=str,
)
def test_minibatches_are_never_made_dense(model):
    """One dense batch of 200 rows would take 40 MB in single precision, all rows 4 GB."""
    n_samples, n_features, n_each = 20_000, 50_000, 20
    rng = np.random.default_rng(0)
    parts = (
        rng.random(n_samples * n_each, dtype="float32"),
        rng.integers(0, n_features, n_samples * n_each),
        np.arange(0, n_samples * n_each + 1, n_each),
    )
    rows = scipy.sparse.csr_array(parts, shape=(n_samples, n_features))
    target, settings = np.arange(n_samples) % 2, {"max_iter": 1, "early_stopping": True}
    model = clone(model).set_params(**settings, random_state=0)
    model.fit(rows[:400], target[:400])  # what is compiled once is not counted
    tracemalloc.start()
    try:
        model.fit(rows, target).predict_proba(rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    arrays = 4 * params_of(model).size
    assert peak < 2 * (rows.data.nbytes + rows.indices.nbytes) + 8 * arrays
    assert peak < 45e6
