"""Rows that are read chunk by chunk give what they give in memory."""

import subprocess
import sys
from itertools import pairwise

import dask.array
import dask.dataframe
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.pipeline import make_pipeline

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.chunks import Order, _order, _readers, _rows, mark_of
from skopt_suite.estimators import _split
from skopt_suite.estimators._prepare import prepare
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.training import _compiled, train

RNG = np.random.default_rng(0)
N_ROWS, N_FEATURES = 1003, 5
X = (RNG.normal(size=(N_ROWS, N_FEATURES)) + np.arange(N_FEATURES)).astype(np.float32)
W = RNG.normal(size=N_FEATURES)
Y = ((X - X.mean(axis=0)) @ W + RNG.normal(size=N_ROWS) > 0).astype(np.int64)
NUMBERS = X @ W + RNG.normal(size=N_ROWS)
WEIGHT = RNG.random(N_ROWS)
BOUNDS = [0, 100, 350, 351, 700, 900, N_ROWS]
SLICES = [slice(*pair) for pair in pairwise(BOUNDS)]
EPOCHS = {"max_iter": 3, "tol": None, "random_state": 0, "batch_size": 32}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let few rows be many: every limit is one of some kilobytes."""
    monkeypatch.setattr(_readers, "SMALL", 1000)
    monkeypatch.setattr(_readers, "_CHUNK", 2000)
    monkeypatch.setattr(_order, "GROUP", 6000)
    monkeypatch.setattr(_rows, "HELD", 100)
    monkeypatch.setattr(_rows, "_BLOCK", 1500)


def parts(X=X, *others):
    return [(X[rows], *(other[rows] for other in others)) for rows in SLICES]


def in_file(folder, X, order="C", name="X.npy"):
    np.save(folder / name, np.asarray(X, order=order))
    return np.load(folder / name, mmap_mode="r")


def frame(X):
    return pd.DataFrame(X, columns=list("abcde"))


def polars(y):
    return ((pl.from_numpy(rows), own) for rows, own in parts(X, y))


KINDS = {
    "map": lambda folder, y: (in_file(folder, X), y),
    "map of columns": lambda folder, y: (in_file(folder, X, "F"), y),
    "map of doubles": lambda folder, y: (in_file(folder, X.astype(np.float64)), y),
    "list": lambda folder, y: (parts(X, y), None),
    "list of frames": lambda folder, y: ([(frame(a), b) for a, b in parts(X, y)], None),
    "callable": lambda folder, y: (lambda: iter(parts(X, y)), None),
    "callable of polars": lambda folder, y: (lambda: polars(y), None),
    "dask array": lambda folder, y: (
        dask.array.from_array(X, chunks=(300, 3)),
        dask.array.from_array(y, chunks=400),
    ),
    "dask frame": lambda folder, y: (dask.dataframe.from_pandas(frame(X), npartitions=4), y),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_as_in_memory(kind, tmp_path):
    for model, y in (
        (LinearClassifier(optimizer="lbfgs", tol=1e-10, dtype="float32"), Y),
        (LinearClassifier(optimizer="sgd", shuffle=False, dtype="float32", **EPOCHS), Y),
        (MLPRegressor((4,), shuffle=False, early_stopping=False, **EPOCHS), NUMBERS),
    ):
        chunks, targets = KINDS[kind](tmp_path, y)
        own = X.astype(np.float64) if kind == "map of doubles" else X
        expected = model.fit(own, y).decision_function if y is Y else model.fit(own, y).predict
        values, score = expected(own), model.score(own, y)
        model.fit(chunks, targets)
        found = model.decision_function(chunks) if y is Y else model.predict(chunks)
        np.testing.assert_allclose(found, values, rtol=2e-5, atol=2e-5)
        assert model.score(chunks, targets) == pytest.approx(score, abs=1e-5)


@pytest.mark.parametrize("kind", ["map", "list", "dask frame"])
def test_shuffled_rows_lead_to_much_the_same(kind, tmp_path):
    chunks, targets = KINDS[kind](tmp_path, Y)
    model = LinearClassifier(optimizer="sgd", random_state=0, max_iter=10)
    model.fit(chunks, targets)
    assert model.loss_curve_ != model.set_params(shuffle=False).fit(chunks, targets).loss_curve_
    assert model.score(chunks, targets) == pytest.approx(model.fit(X, Y).score(X, Y), abs=0.01)


WEIGHTED = [
    LinearClassifier(optimizer="fista", penalty="l1", tol=1e-9, max_iter=100),
    LinearClassifier(optimizer="newton_cg", tol=1e-10, class_weight="balanced"),
    LinearClassifier(optimizer="newton_cholesky", tol=1e-10),
    LinearClassifier(optimizer="gradient_descent", max_iter=5, tol=None),
    LinearClassifier(optimizer="adam", shuffle=False, standardize=True, **EPOCHS),
    LinearRegressor(optimizer="closed_form"),
    LinearRegressor(loss="absolute_error", optimizer="lbfgs", standardize=True),
    LinearRegressor(optimizer="adagrad", penalty="l1", shuffle=False, **EPOCHS),
]


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("model", WEIGHTED, ids=lambda model: model.optimizer)
def test_weights_come_with_chunks(model, is_sparse):
    rows = X.astype(np.float64) * (RNG.random(X.shape) < 0.7)
    y = Y if isinstance(model, LinearClassifier) else NUMBERS
    rows = scipy.sparse.csr_array(rows) if is_sparse else rows
    if is_sparse and model.optimizer == "closed_form":
        with pytest.raises(ValueError, match="sparse"):
            model.fit(parts(rows, y, WEIGHT))
        return
    expected = model.fit(rows, y, WEIGHT).coef_
    score = model.score(rows, y, WEIGHT)
    model.fit(parts(rows, y, WEIGHT))
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-6, atol=1e-6)
    assert model.score(parts(rows, y, WEIGHT)) == pytest.approx(score)


def rows_in_order(data, seed, epoch):
    order = Order(data.train.X, seed, epoch)
    groups = range(len(order.groups))
    return [data.train.X.positions(order.groups[g])[order.within(g)] for g in groups]


MINIBATCH = [
    LinearClassifier(optimizer="sgd", random_state=3, batch_size=32, max_iter=1, tol=None),
    LinearRegressor(optimizer="adam", random_state=3, batch_size=300, max_iter=1, tol=None),
    MLPClassifier((4,), dropout=0.2, random_state=3, batch_size=7, max_iter=1).set_params(
        early_stopping=False
    ),
    LinearClassifier(optimizer="momentum", random_state=3, batch_size=32, max_iter=1, tol=None),
]  # fmt: skip


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("k", range(len(MINIBATCH)))
def test_compiled_steps_are_those_of_the_definition_and_of_rows_in_that_order(
    k, is_weighted, tmp_path, monkeypatch
):
    model, weight = MINIBATCH[k], WEIGHT if is_weighted else None
    rows, y = in_file(tmp_path, X), NUMBERS if isinstance(model, LinearRegressor) else Y
    if k == 3:
        rows, y = [(scipy.sparse.csr_array(part), label) for part, label in parts(X, y)], None
        weight = None
    prepared = prepare(model, rows, y, weight)
    job, data, placement = prepared.job, prepared.data, prepared.placement
    by_group = rows_in_order(data, job.seed, 0)
    assert len(by_group) > 2
    (compiled,) = train([job], data, placement)
    places = np.concatenate(by_group)
    assert sorted(places) == list(range(N_ROWS))
    assert (np.diff(places) < 0).mean() > 0.3
    with monkeypatch.context() as patch:
        patch.setattr(_compiled, "steps_for", lambda *args: None)
        (defined,) = train([job], data, placement)
    np.testing.assert_allclose(compiled.params, defined.params, rtol=1e-4, atol=1e-6)
    assert compiled.loss == pytest.approx(defined.loss, rel=1e-5)
    if k != 2:  # whose initial parameters and moments are drawn from, or those of, other rows
        y = (NUMBERS if isinstance(model, LinearRegressor) else Y)[places]
        own = None if weight is None else weight[places]
        model.set_params(shuffle=False).fit(X[places], y, own)
        np.testing.assert_allclose(compiled.params[:-1], model.coef_.ravel(), rtol=1e-4, atol=1e-6)
        model.set_params(shuffle=True)


def test_orders_are_functions_of_seed_and_epoch(tmp_path):
    rows = prepare(MINIBATCH[0], in_file(tmp_path, X), Y).data.train.X

    def order(seed, epoch):
        drawn = Order(rows, seed, epoch)
        return [*map(tuple, drawn.groups)], drawn.within(1).tolist()

    assert order(0, 1) == order(0, 1)
    assert order(0, 1)[0] != order(0, 2)[0] != order(1, 2)[0]
    assert order(0, 1)[1] != order(0, 2)[1] != order(1, 2)[1]


@pytest.mark.parametrize("scoring", ["loss", "roc_auc"])
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_rows_are_held_out_as_in_memory(normalization, scoring, tmp_path):
    model = MLPClassifier((4,), early_stopping=True, shuffle=False, scoring=scoring, **EPOCHS)
    model.set_params(normalization=normalization)
    weight = np.where(WEIGHT < 0.3, 0, WEIGHT)
    expected = model.fit(X, Y, weight).validation_scores_
    model.fit(in_file(tmp_path, X), Y, weight)
    assert model.validation_scores_ == pytest.approx(expected, rel=1e-4)


def test_partial_fit_is_an_epoch():
    model = MLPClassifier((4,), shuffle=False, **EPOCHS)
    whole = model.partial_fit(X, Y, classes=[0, 1]).partial_fit(X, Y).coefs_
    again = MLPClassifier((4,), shuffle=False, **EPOCHS)
    again.partial_fit(parts(X, Y), classes=[0, 1]).partial_fit(parts(X, Y))
    np.testing.assert_allclose(again.coefs_[0], whole[0], rtol=1e-4, atol=1e-6)


def test_auto_takes_what_can(tmp_path):
    model = LinearClassifier(penalty="l1")
    assert model.fit(in_file(tmp_path, X), Y).optimizer_.takes_chunks
    assert not model.fit(X, Y).optimizer_.takes_chunks


def test_maps_of_joblib_are_arrays(tmp_path):
    folder = tmp_path / "joblib_memmapping_folder_1"
    folder.mkdir()
    assert _readers.reader_of(in_file(folder, X)) is None
    assert _readers.reader_of(in_file(tmp_path, X)) is not None


def test_maps_are_arrays_to_solvers_that_need_all_rows(tmp_path):
    model = LinearClassifier(penalty="l1", optimizer="coordinate_descent", tol=1e-9)
    expected = model.fit(X, Y).coef_
    np.testing.assert_allclose(model.fit(in_file(tmp_path, X), Y).coef_, expected, atol=1e-6)


def changed(i, **new):
    """Return chunks of which one is another."""
    chunks = parts(X, Y, WEIGHT)
    found = dict(zip("XYW", chunks[i], strict=True)) | new
    chunks[i] = tuple(found.values())
    return chunks


WRONG = X[350:351] * np.nan
BAD = [
    (changed(2, X=WRONG), "chunk 2: Input X contains NaN"),
    (changed(1, X=X[100:350, :4]), "chunk 1: X has 4 features, but .* is expecting 5"),
    (changed(3, Y=Y[:7]), "chunk 3: y has 7 entries, and X has 349 rows"),
    (changed(3, X=X[:0], Y=Y[:0], W=WEIGHT[:0]), "chunk 3: Found array with 0 sample"),
    (changed(4, X=scipy.sparse.csr_array(X[700:900])), "chunk 4: all chunks must be dense, or all"),
    (changed(4, X=X[700:900] * np.float32(1e25)), "X must not exceed"),
    ([(frame(X), Y), (frame(X)[list("abdce")], Y)], "chunk 1: .*feature names"),
    ([*parts(X, Y), (X,)], r"chunk 6: it has 1 parts \(X, y, sample_weight\); the first has 2"),
    (lambda: iter([]), "X has no chunks"),
    ([(X, Y, WEIGHT, X)], r"chunk 0: it must be X, \(X, y\) or \(X, y, sample_weight\); got 4"),
    (parts(X), "requires y to be passed"),
]


@pytest.mark.parametrize("chunks, message", BAD, ids=[message[:24] for _, message in BAD])
def test_bad_chunks_are_named(chunks, message):
    with pytest.raises(ValueError, match=message):
        LinearClassifier(dtype="float32").fit(chunks)


@pytest.mark.parametrize("what", ["shorter", "fewer", "more", "sparse", "others"])
def test_chunks_that_change_between_sweeps_are_errors(what):
    n_sweeps = 0

    def chunks():
        nonlocal n_sweeps
        n_sweeps += 1
        given = parts(X, Y)
        if n_sweeps > 2:
            rows, y = given[2]
            new = {"sparse": (scipy.sparse.csr_array(rows), y), "shorter": (rows[:0], y[:0])}
            new["others"] = (rows + 1, y)
            given[2] = new.get(what, given[2])
            given = given[:4] if what == "fewer" else given + given[: what == "more"]
        return iter(given)

    message = {"fewer": "chunk 4", "more": "more than 6 chunks"}.get(
        what, "chunk 2 of X has changed"
    )
    with pytest.raises(ValueError, match=message):
        LinearClassifier(optimizer="sgd", **EPOCHS).fit(chunks)


@pytest.mark.parametrize(
    "model, n_finite",
    [
        *((LinearClassifier(optimizer="lbfgs"), n) for n in (1, 2, 4)),
        (LinearRegressor(optimizer="closed_form"), 1),
        (LinearClassifier(optimizer="sgd", random_state=0), 2),
    ],
)
def test_nan_that_comes_later_in_rows_that_marks_do_not_look_at_is_found(model, n_finite):
    chunks, n_sweeps = [(rows.copy(), y) for rows, y in parts(X, Y)], 0
    rows = chunks[3][0]
    mark = mark_of(rows)

    def given():
        nonlocal n_sweeps
        n_sweeps += 1
        rows[1, 1] = np.nan if n_sweeps > n_finite else X[351, 1]
        return iter(chunks)

    with pytest.raises(ValueError, match="chunk 3 of X has changed: it has NaN or infinity"):
        model.fit(given)
    assert mark_of(rows) == mark


REFUSED = [
    (dict(optimizer="coordinate_descent"), "needs all of X in memory, and X is read.*'lbfgs'"),
    (dict(backend="cupy"), "backend='cupy' takes X in memory only"),
]  # fmt: skip


@pytest.mark.parametrize("params, message", REFUSED)
def test_what_needs_all_rows_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        LinearClassifier(**params).fit(parts(X, Y))


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda model: FusedGridSearchCV(make_pipeline(model), {}).fit(parts(X, Y)),
            "FusedGridSearchCV: X that is read in chunks",
        ),
        (
            lambda model: model.fit(X, Y, X_val=parts(X, Y), y_val=Y),
            "X_val must be in memory; got l",
        ),
        (
            lambda model: model.fit(X, Y).predict(iter(parts(X))),
            "X must be in memory; got list_iter",
        ),
        (lambda model: model.fit(lambda: 3), "must return an iterator of chunks; got int"),
    ],
)
def test_where_chunks_are_not_taken_says_where_they_are(call, message):
    with pytest.raises(TypeError, match=message):
        call(LinearClassifier())


def test_partitions_from_which_all_rows_were_filtered_count_for_nothing():
    kept = np.flatnonzero(np.arange(N_ROWS) % 501 > 251)
    rows = dask.dataframe.from_pandas(frame(X), npartitions=8)
    rows = rows.map_partitions(lambda part: part[part.index % 501 > 251])
    assert 0 in [len(part) for part in rows.partitions]
    model = LinearClassifier(tol=1e-10)
    expected = model.fit(X[kept], Y[kept]).decision_function(X[kept])
    model.fit(rows, Y[kept])
    np.testing.assert_allclose(model.decision_function(rows), expected, atol=2e-5)


@pytest.mark.parametrize("fraction", [0.1, 0.95])
def test_many_rows_are_split_by_class_with_little_memory(fraction, monkeypatch):
    monkeypatch.setattr(_split, "MANY", 100)
    y = np.array([0] * 600 + [1] * 390 + [2] * 2 + [3])[:, None]
    kept, held_out = _split.split_rows(y, fraction, 0, "owner", True)
    assert sorted([*kept, *held_out]) == list(range(len(y)))
    assert np.bincount(y[held_out, 0], minlength=4).tolist() == [
        *(round(fraction * n + 0.4) for n in (600, 390)), 1, 0
    ]  # fmt: skip
    rare = np.zeros((2000, 1))
    rare[:30] = 1
    kept, held_out = _split.split_rows(rare, 0.05, 0, "owner", False)
    assert len(held_out) == 100
    assert rare[held_out].any()


def test_iterators_and_targets_given_twice_are_refused():
    with pytest.raises(TypeError, match="an iterator gives its chunks only once"):
        LinearClassifier().fit(iter(parts(X, Y)))
    with pytest.raises(ValueError, match="y must be left out where chunks have their own"):
        LinearClassifier().fit(parts(X, Y), Y)
    with pytest.raises(ValueError, match="normalization='batch' needs batches that are in memory"):
        MLPClassifier(normalization="batch", optimizer="lbfgs").fit(parts(X, Y))


MEMORY = """
import sys, warnings
import numpy as np
from skopt_suite import LinearClassifier
from skopt_suite.backends import peak_memory

warnings.simplefilter("ignore")
X = np.lib.format.open_memmap(sys.argv[1], mode="r")
y = np.arange(len(X), dtype=np.int8) % 2
model = LinearClassifier(optimizer="sgd", max_iter=1, batch_size=1000, dtype="float32")
small = np.array(X[:20_000])
model.fit(small, y[:20_000]).predict(small)  # which compiles what is not
before = peak_memory()
model.fit(X, y).predict(X)
print((peak_memory() - before) / 2**20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the most memory of a process is Linux's")
def test_memory_does_not_grow_with_the_file(tmp_path):
    name = str(tmp_path / "X.npy")
    shape = 800_000, 50
    rows = np.lib.format.open_memmap(name, "w+", np.float64, shape)  # zeros take no disk
    rows[::1000] = RNG.normal(size=(800, 50))
    rows.flush()
    del rows
    found = subprocess.run([sys.executable, "-c", MEMORY, name], check=True, capture_output=True)
    assert float(found.stdout) < 100  # MB, of 320
