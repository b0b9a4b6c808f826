"""Fits to rows on the workers of a cluster are those to rows in memory, and rows stay there."""

import os
import pickle
import signal
import time

import dask.array
import dask.dataframe
import distributed
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone

from skopt_suite import Checkpoint, LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.cluster import Crew, Held, _crew
from skopt_suite.cluster._crew import Group, grouped
from skopt_suite.estimators._target_summary import TargetSummary
from skopt_suite.optimizers import SGD, AdamW
from skopt_suite.penalties import L1
from skopt_suite.training import _cluster, counted_rows

RNG = np.random.default_rng(0)
N_ROWS, N_FEATURES = 1200, 5
X = RNG.normal(size=(N_ROWS, N_FEATURES)) + np.arange(N_FEATURES)
W = RNG.normal(size=N_FEATURES)
Y = np.array(["no", "yes"])[((X - X.mean(axis=0)) @ W + RNG.normal(size=N_ROWS) > 0).astype(int)]
NUMBERS = np.column_stack([X @ W, -X @ W]) + RNG.normal(size=(N_ROWS, 2))
WEIGHT = RNG.random(N_ROWS)
NAMES = list("abcde")
ROWS = (700, 100, 300, 100)
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # of sockets of workers that were killed, which are closed when they are collected
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def client():
    """A cluster of two processes; those that are asked in vain to end are killed."""
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(n_workers=2, silence_logs=50, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)


def as_array(values, chunks=(ROWS, 3)):
    return dask.array.from_array(values, chunks=chunks[: values.ndim])


def as_frame(values):
    frame = pd.DataFrame(values, columns=NAMES) if values.ndim > 1 else pd.Series(values)
    return dask.dataframe.from_pandas(frame, npartitions=3)


LABELS, TARGETS = (Y, as_array(Y, (500,))), (NUMBERS, as_array(NUMBERS, (ROWS, 1)))
FITS = {
    "lbfgs": (LinearClassifier(optimizer="lbfgs", tol=1e-10), LABELS, None),
    "fista": (LinearClassifier(penalty=L1(0.01), class_weight="balanced"), LABELS, WEIGHT),
    "closed form": (LinearRegressor(optimizer="closed_form"), TARGETS, WEIGHT),
    "network": (MLPRegressor((3,), optimizer="lbfgs", max_iter=5, random_state=0), TARGETS, None),
}


def parts_of(*columns):
    """Return rows in chunks, as they come from files."""
    return [tuple(one[i : i + 200] for one in columns) for i in range(0, N_ROWS, 200)]


def fitted_in_chunks(model, y, lazy, weight):
    return model.fit(parts_of(X, y) if weight is None else parts_of(X, y, weight))


def fitted_on_cluster(model, y, lazy, weight):
    return model.fit(as_array(X), lazy, None if weight is None else as_array(weight))


@pytest.mark.parametrize("fitted", [fitted_in_chunks, fitted_on_cluster])
@pytest.mark.parametrize("name", FITS)
def test_the_same_as_in_memory(client, name, fitted):
    model, (y, lazy), weight = FITS[name]
    predict = "predict" if y is NUMBERS else "predict_proba"
    expected = clone(model).fit(X, y, weight)
    model = fitted(clone(model), y, lazy, weight)
    found = getattr(model, predict)(as_array(X))
    assert isinstance(found, dask.array.Array)
    np.testing.assert_allclose(found, getattr(expected, predict)(X), rtol=1e-4, atol=1e-4)
    score = expected.score(X, y, weight)
    assert model.score(as_array(X), lazy, weight) == pytest.approx(score, abs=1e-5)


def test_frames_keep_their_names(client):
    frame, y = as_frame(X), as_frame(NUMBERS[:, 0])
    some = frame["a"] > 100  # of some partitions no row is left
    model = LinearRegressor(optimizer="closed_form").fit(frame, y)
    expected = LinearRegressor(optimizer="closed_form").fit(frame.compute(), NUMBERS[:, 0])
    assert list(model.feature_names_in_) == NAMES
    np.testing.assert_allclose(model.coef_, expected.coef_)
    assert model.predict(frame[some]).compute().shape == (0,)
    np.testing.assert_allclose(model.predict(frame), expected.predict(frame.compute()))


def test_sparse_rows(client):
    rows = X * (RNG.random(X.shape) < 0.5)
    lazy = as_array(rows, (ROWS, 5)).map_blocks(scipy.sparse.csr_array)
    model = LinearClassifier(optimizer="lbfgs", tol=1e-8)
    coef = model.fit(scipy.sparse.csr_array(rows), Y).coef_
    np.testing.assert_allclose(model.fit(lazy, as_array(Y, (500,))).coef_, coef, atol=1e-5)


SHORT = {"max_iter": 15, "random_state": 0}
FAST = {"optimizer": AdamW(0.01), **SHORT}
MINIBATCH = {
    "linear": (
        LinearClassifier(optimizer=SGD(1.0), standardize=True, random_state=0, max_iter=15),
        Y,
    ),
    "dropout": (MLPClassifier((8,), dropout=0.05, **FAST), Y),
    "normalised": (MLPRegressor((8,), normalization="batch", **FAST), NUMBERS),
}


@pytest.mark.parametrize("name", MINIBATCH)
def test_minibatch_rules_lead_to_much_the_same(client, name):
    model, y = MINIBATCH[name]
    expected = clone(model).fit(X, y)
    with counted_rows() as counts:
        model.fit(as_array(X), as_array(y, (ROWS, 2)))
    assert counts.n_rows == pytest.approx(N_ROWS * model.n_iter_, rel=0.2)  # less those held out
    assert model.score(X, y) == pytest.approx(expected.score(X, y), abs=0.01)
    assert len(model.loss_curve_) == model.n_iter_
    if "MLP" in type(model).__name__:
        assert len(model.validation_scores_) == model.n_iter_
        best = expected.best_validation_score_
        assert model.best_validation_score_ == pytest.approx(best, abs=0.1)


def test_rows_stay_where_they_are(client, monkeypatch, tmp_path):
    sizes, gather = [], client.gather

    def measured(futures, **options):
        found = gather(futures, **options)
        sizes.append([len(pickle.dumps(one)) for one in found])
        return found

    monkeypatch.setattr(client, "gather", measured)
    wide = dask.array.random.default_rng(0).normal(size=(20_000, 20), chunks=(2500, 20))
    y = (wide[:, 0] > 0).astype(int)
    model = LinearClassifier(optimizer="lbfgs")
    model.fit(wide.persist(), y.persist(), checkpoint=tmp_path).score(wide, y)
    assert wide.nbytes > 3e6
    assert max(size for sizes_of_one in sizes for size in sizes_of_one) < 50_000
    n_asked = [len(one) for one in sizes]
    assert n_asked.count(8) == 4  # checks, the hashes of X and y, and the score
    assert n_asked.count(2) > 5  # one answer of every worker


def test_goes_on_with_other_rows(client):
    model = LinearClassifier(optimizer="sgd", random_state=0, warm_start=True)
    for rows in (slice(0, 600), slice(600, None)):
        model.partial_fit(as_array(X)[rows], as_array(Y)[rows], classes=["yes", "no"])
    expected = LinearClassifier(optimizer="sgd", random_state=0).partial_fit(
        X[:600], Y[:600], ["yes", "no"]
    )
    expected.partial_fit(X[600:], Y[600:])
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=0.01)
    assert len(model.loss_curve_) == 2


def test_what_is_wrong_with_a_partition_is_named(client):
    bad = X.copy()
    bad[850, 2] = np.nan
    labels = as_array(Y, (ROWS,))
    for rows, y, match in (
        (as_array(bad), labels, "LinearClassifier: chunk 2: Input X contains NaN"),
        (as_array(X), as_array(RNG.normal(size=N_ROWS)), "chunk 0: Unknown label type"),
        (as_array(X), labels[:-1], r"y has 1199 entries, and X has 1200 rows"),
        (as_frame(X), labels, r"y must have as many partitions as X, 3; got 4"),
        (as_frame(X), Y, r"y must be a collection of dask"),
        (as_array(X), None, "requires y to be passed"),
    ):
        with pytest.raises(ValueError, match=match):
            LinearClassifier().fit(rows, y)
    model = LinearClassifier(optimizer="gradient_descent", max_iter=1).fit(as_array(X), labels)
    with pytest.raises(ValueError, match="LinearClassifier: y has 5 entries"):
        model.score(as_array(X), Y[:5])
    with pytest.raises(ValueError, match="LinearClassifier: sample_weight must have a positive"):
        model.score(as_array(X), labels, np.zeros(N_ROWS))
    with pytest.raises(ValueError, match="LinearClassifier: X has no chunks"):
        model.score(as_array(X)[:0], labels[:0])
    with pytest.raises(ValueError, match=r"needs all of X in one place.*Change"):
        LinearClassifier(optimizer="newton_cg").fit(as_array(X), labels)


def test_a_worker_that_dies_is_replaced(client, monkeypatch):
    n_asked, ask = 0, _cluster.ClusterTerm.value_and_gradient

    def killing(term, params):
        nonlocal n_asked
        n_asked += 1
        if n_asked == 4:
            os.kill(client.run(os.getpid)[term.source.X.crew.groups[0].worker], signal.SIGKILL)
        return ask(term, params)

    monkeypatch.setattr(_cluster.ClusterTerm, "value_and_gradient", killing)
    model = LinearClassifier(optimizer="lbfgs", tol=1e-10)
    coef = model.fit(X, Y).coef_
    model.fit(as_array(X).persist(), as_array(Y, (500,)))
    assert n_asked > 6
    np.testing.assert_allclose(model.coef_, coef, atol=1e-6)


def test_workers_of_an_adaptive_cluster_come_and_go(monkeypatch):
    monkeypatch.setattr(_crew, "_SECONDS", 0.0)
    n_workers, ask = [], _cluster.ClusterTerm.value_and_gradient

    def adapting(term, params):
        n_wanted = {2: 3, 5: 1}.get(len(n_workers))
        if n_wanted is not None:
            cluster.adapt(minimum=n_wanted, maximum=n_wanted, interval="20ms", wait_count=1)
            for _ in range(1000):  # 10 s at most
                if len(client.nthreads()) == n_wanted:
                    break
                time.sleep(0.01)
        found = ask(term, params)
        n_workers.append(len(term.source.X.crew.groups))
        return found

    monkeypatch.setattr(_cluster.ClusterTerm, "value_and_gradient", adapting)
    model = LinearClassifier(optimizer="lbfgs", tol=1e-10)
    coef = model.fit(X, Y).coef_
    options = {"threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(n_workers=0, silence_logs=50, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        cluster.adapt(minimum=0, maximum=2, interval="20ms", wait_count=1)
        model.fit(as_array(X), as_array(Y, (ROWS,)))
    assert n_workers[2:5] == [3, 3, 3]
    assert n_workers[5:] == [1] * len(n_workers[5:])
    assert len(n_workers) > 6
    np.testing.assert_allclose(model.coef_, coef, atol=1e-6)


def test_a_client_that_is_closed_is_told_from_tasks_that_fail(monkeypatch, tmp_path):
    ask, n_asked = _cluster.ClusterTerm.value_and_gradient, 0

    def closing(term, params):
        nonlocal n_asked
        n_asked += 1
        if n_asked == 3:
            term.source.X.crew.client.close()
        return ask(term, params)

    monkeypatch.setattr(_cluster.ClusterTerm, "value_and_gradient", closing)
    model, checkpoint = LinearClassifier(optimizer="lbfgs"), Checkpoint(tmp_path / "run", every=0)
    expected = clone(model).fit(X, Y).coef_
    options = {"threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    with distributed.LocalCluster(n_workers=1, silence_logs=50, **options) as cluster:
        given = as_array(X), as_array(Y, (ROWS,))
        closed = "client, or its cluster, was closed in the middle of training.*same checkpoint"
        with distributed.Client(cluster), pytest.raises(ConnectionError, match=closed) as caught:
            model.fit(*given, checkpoint=checkpoint)
        assert isinstance(caught.value.__cause__, distributed.client.ClosedClientError)
        with distributed.Client(cluster):
            model.fit(*given, checkpoint=checkpoint)
    np.testing.assert_allclose(model.coef_, expected, atol=1e-4)


def test_groups_are_fair_and_near():
    near = [["a"], ["a"], ["b"], ["b"]]
    assert grouped(["a", "b"], near, [10] * 4) == [Group("a", [0, 1]), Group("b", [2, 3])]
    assert grouped(["a", "b", "c"], near * 3, [10] * 12) == [
        Group("a", [0, 1, 4, 5]),
        Group("b", [2, 3, 6, 7]),
        Group("c", [8, 9, 10, 11]),
    ]
    assert [len(one.numbers) for one in grouped(["a", "b", "b"], near * 3, [10] * 12)] == [4, 4, 4]
    assert grouped(["b", "c"], [["a"]] * 4, [10] * 4) == [Group("b", [0, 2]), Group("c", [1, 3])]


class FakeClient:
    """Runs tasks where it is; tells of workers what it was told."""

    def __init__(self, workers):
        self.workers, self.n_gathered = workers, []

    def nthreads(self):
        return dict(self.workers)

    def wait_for_workers(self, n_workers):
        self.workers = {"late": n_workers}

    def who_has(self, partitions):
        return {partition.key: ("a",) for partition in partitions}

    def submit(self, function, *args, **options):
        return function(*args)

    def gather(self, found):
        self.n_gathered.append(len(found))
        return found


class FakePartition(int):
    key = property(str)


def test_partitions_go_to_workers_that_come(monkeypatch):
    monkeypatch.setattr(_crew, "_SECONDS", 0.0)
    client = FakeClient({"a": 1, "b": 1})
    crew = Crew(client, [*map(FakePartition, range(6))], [10] * 6)
    parts = Held(crew, lambda scale, *numbers: scale * sum(numbers), (10,)).then(np.negative)
    assert sorted(parts.ask(np.positive)) == [-120, -30]
    assert parts.futures is parts.futures
    client.workers = {"a": 1, "b": 2}
    assert sorted(parts.ask(np.positive)) == [-80, -60, -10]
    client.workers = {}
    assert len(parts.ask(np.positive)) == 3


def test_the_first_workers_are_waited_for():
    crew = Crew(FakeClient({}), [*map(FakePartition, range(6))], [10] * 6)
    assert Held(crew, lambda *numbers: sum(numbers), ()).ask(np.negative) == [-15]
    assert crew.groups == [Group("late", [0, 1, 2, 3, 4, 5])]


def test_many_answers_are_added_up_by_workers():
    client = FakeClient({"a": 40})
    parts = Held(
        Crew(client, [*map(FakePartition, range(40))], [1] * 40), lambda number: number, ()
    )
    large = np.zeros(2**18)
    assert parts.total(sum, lambda part, array: part + array[0], large) == sum(range(40))
    assert client.n_gathered == [3]


def test_a_summary_has_the_losses_of_all():
    y, weight = RNG.exponential(size=(5000, 2)), RNG.random(5000)
    halves = slice(0, 2000), slice(2000, 5000)
    parts = [TargetSummary.of_numbers(y[rows], weight[rows]) for rows in halves]
    parts.append(TargetSummary.of_numbers(y[:9], np.zeros(9)))
    joined = (np.concatenate(column) for column in zip(*parts, strict=True))
    summary = TargetSummary.of_numbers(*joined)
    assert summary.weight.sum() == pytest.approx(weight.sum())
    for function, tolerance in ((np.positive, 1e-12), (np.square, 3e-3), (np.sqrt, 3e-3)):
        expected = np.average(function(y), axis=0, weights=weight)
        found = np.average(function(summary.y), axis=0, weights=summary.weight)
        np.testing.assert_allclose(found, expected, rtol=tolerance)
    labels = TargetSummary.of_labels(np.array(["b", "a", "b"]), np.array([1.0, 2.0, 4.0]))
    assert labels.y.tolist() == ["a", "b"]
    assert labels.weight.tolist() == [2.0, 5.0]
