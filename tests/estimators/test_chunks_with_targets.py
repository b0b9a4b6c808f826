"""Chunks in memory that is used again, and targets that come with chunks."""

import weakref
from itertools import pairwise

import dask
import dask.bag
import numpy as np
import pytest
import scipy.sparse

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.model_selection import FusedGridSearchCV

RNG = np.random.default_rng(0)
N_ROWS = 1003
X = RNG.normal(size=(N_ROWS, 5))
NUMBERS = X @ RNG.normal(size=5) + RNG.normal(size=N_ROWS)
LABELS = np.where(NUMBERS > 0, "yes", "no")
SLICES = [slice(*pair) for pair in pairwise([0, 250, 500, 600, 800, 850, N_ROWS])]
LBFGS = LinearRegressor(optimizer="lbfgs", tol=1e-10)
SGD = LinearRegressor(
    optimizer="sgd", max_iter=3, tol=None, shuffle=False, batch_size=32, random_state=0
)


def parts(*columns):
    return [tuple(column[rows] for column in columns) for rows in SLICES]


def dense():
    """Yield chunks that are written over what was given before."""
    buffer, targets = np.empty((250, 5)), np.empty(250)
    for rows, y in parts(X, NUMBERS):
        buffer[: len(y)], targets[: len(y)] = rows, y
        yield buffer[: len(y)], targets[: len(y)]


def sparse():
    buffer = np.empty(250 * 5)
    for rows, y in parts(X, NUMBERS):
        found = scipy.sparse.csr_array(rows)
        buffer[: found.nnz] = found.data
        found.data = buffer[: found.nnz]
        yield found, y


class Buffered:
    """The same from a sequence."""

    buffer = np.empty((250, 5))

    def __len__(self):
        return len(SLICES)

    def __getitem__(self, i):
        rows = X[SLICES[i]]
        self.buffer[: len(rows)] = rows
        return self.buffer[: len(rows)], NUMBERS[SLICES[i]]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", [LBFGS, SGD], ids=["lbfgs", "sgd"])
@pytest.mark.parametrize("chunks", [dense, sparse, Buffered()], ids=["dense", "sparse", "sequence"])
def test_memory_that_is_written_over_is_copied(chunks, model):
    coef = model.fit(X, NUMBERS).coef_
    np.testing.assert_allclose(model.fit(chunks).coef_, coef, atol=1e-6)
    np.testing.assert_allclose(model.score(chunks), model.score(X, NUMBERS))


def test_folds_may_read_what_is_written_over():
    search = FusedGridSearchCV(LBFGS, {"penalty__alpha": [1e-3, 0.1]}, cv=3)
    expected = search.fit(X, NUMBERS).cv_results_["mean_test_score"]
    np.testing.assert_allclose(search.fit(dense).cv_results_["mean_test_score"], expected)


@pytest.mark.parametrize("call", ["fit", "score"])
def test_targets_that_are_columns_of_a_chunk_do_not_keep_it(call):
    class Tables:
        most = 0

        def __init__(self):
            self.given = []

        def __len__(self):
            return 8

        def __getitem__(self, i):
            table = np.random.default_rng(i).normal(size=(100, 6))
            self.given.append(weakref.ref(table))
            self.most = max(self.most, sum(one() is not None for one in self.given))
            return table[:, :5], table[:, 5], abs(table[:, 5])

    tables, model = Tables(), LinearRegressor(optimizer="closed_form").fit(X, NUMBERS)
    getattr(model, call)(tables)
    assert tables.most < 5


class EndsEarly(Buffered):
    def __getitem__(self, i):
        return next(iter(())) if i == 3 else super().__getitem__(i)


def test_a_sequence_that_stops_is_no_shorter_one():
    with pytest.raises(RuntimeError, match="StopIteration"):
        LBFGS.fit(EndsEarly())


BAD = [
    (lambda: X, "chunk 0: X must be an array, CSR or a frame with rows and columns; got ndarray"),
    ([*parts(X, LABELS), (X[0], LABELS[:1])], r"chunk 6: X must be .* got ndarray of shape \(5,\)"),
    (lambda: iter([[[1.0, 2.0]]]), "chunk 0: X must be .* got list that has no shape"),
    ([(X, None)], "chunk 0: y must be an array with an entry for each of its 1003 rows; got None"),
    ([(X, LABELS, 2.0)], "chunk 0: sample_weight must be an array with .*; got 2.0. Leave it out"),
    ([(X, NUMBERS > 0), (X, LABELS)], "chunk 1: y must be as in the first, of bool; got <U3"),
    ([(X, LABELS), (X, LABELS[:, None])], r"chunk 1: y must be .* of shape \(n,\); got \(n, 1\)"),
]


@pytest.mark.parametrize("chunks, message", BAD, ids=[message[:34] for _, message in BAD])
def test_what_is_wrong_with_targets_is_named(chunks, message):
    with pytest.raises(ValueError, match=message):
        LinearClassifier().fit(chunks)


def test_what_is_scored_is_clear():
    model = LinearClassifier().fit(X, LABELS)
    for given, message in (
        ((parts(X, LABELS), LABELS), "y must be left out where chunks have their own"),
        ((parts(X),), "requires y to be passed"),
        ((X,), "requires y to be passed"),
        (([X, (X, LABELS)],), r"chunk 1: it has 2 parts .* the first has 1"),
        ((lambda: iter([(X.tolist(), LABELS)]),), "chunk 0: X must be .* got list that has no"),
    ):
        with pytest.raises(ValueError, match=f"LinearClassifier.*{message}"):
            model.score(*given)


@pytest.mark.parametrize("given", [dask.delayed(X), dask.bag.from_sequence([1.0, 2.0])])
def test_what_dask_has_no_shape_of_is_refused(given):
    with pytest.raises(TypeError, match=r"X must have been read .* dask's .* Give X.compute\(\)"):
        LinearClassifier().fit(given, LABELS)
    with pytest.raises(TypeError, match=r"y must have been read .* dask's .* Give y.compute\(\)"):
        LinearClassifier().fit(X, given)


class Loader:
    """Can be iterated over again and again, as those of other packages can."""

    def __iter__(self):
        return iter(parts(X, LABELS))


def test_what_can_be_iterated_over_is_returned_by_a_callable():
    model = LinearClassifier(tol=1e-10)
    for call in (model.fit, lambda given: model.fit(X, LABELS).predict(given)):
        with pytest.raises(TypeError, match=r"X must be .* got Loader, .* take a callable"):
            call(Loader())
    coef = model.fit(X, LABELS).coef_
    np.testing.assert_allclose(model.fit(Loader).coef_, coef, atol=1e-6)
