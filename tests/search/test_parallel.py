"""Folds and passes as tasks on threads, processes and clusters, and what an interrupt leaves."""

import _thread
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest
import sklearn
from sklearn.callback import ProgressBar
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

import skopt_suite.model_selection._engine.tasks as tasks_module
from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV, FusedHalvingGridSearchCV
from skopt_suite.training import Cancelled

from .problems import CLASSES, assert_same_results

MLP = MLPClassifier((8,), batch_size=32, max_iter=5, random_state=0, dtype="float64")
ENDLESS = MLPClassifier((8,), max_iter=10**6, n_iter_no_change=10**6, random_state=0)
RATES = {"optimizer__learning_rate": [1e-3, 1e-2, 1e-1]}
PIPELINE = Pipeline([("scale", StandardScaler()), ("model", MLP)])
MIXED = [
    {
        "model__optimizer": ["sgd"],
        "model__optimizer__learning_rate": [1e-2, 1e-1, 1e6],  # the last one diverges
    },
    {"model__batch_size": [16, 64], "model__penalty__alpha": [1e-4, 1e-2]},
    {"scale__with_mean": [False], "model__hidden_layer_sizes": [(4,), (4, 4)]},
    {"model": [LogisticRegression()], "model__C": [0.1, 1.0]},
]


def mixed_search(**settings):
    """Several passes, a Pipeline, a candidate that diverges, and two that cannot be fused."""
    search = FusedGridSearchCV(PIPELINE, MIXED, cv=3, return_train_score=True, **settings)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*scores are non-finite")
        with pytest.warns(FitFailedWarning, match="3 fits failed"):
            return search.fit(*CLASSES)


@pytest.fixture(scope="module")
def one_after_another():
    return mixed_search()


def run_tasks(monkeypatch, search):
    """Fit a search and return the arguments of its tasks."""
    arguments = []

    def recording(*given):
        arguments.append(given)
        return run_task(*given)

    run_task = tasks_module.run_task
    monkeypatch.setattr(tasks_module, "run_task", recording)
    search.fit(*CLASSES)
    monkeypatch.undo()
    return arguments


def n_candidates(arguments):
    """Return the number of candidates of every task."""
    return [sum(len(group.candidates) for group in given[0].groups) for given in arguments]


def n_blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


class Told:
    """A callback that calls a function when an epoch begins, or only when the first does."""

    def __init__(self, epoch_begins, once=False):
        self.epoch_begins, self.once = epoch_begins, once

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch":
            self.epoch_begins()
            if self.once:
                self.epoch_begins = lambda: None

    def on_fit_task_end(self, estimator, context):
        pass


# How work is spread


def test_threads_give_the_same(one_after_another):
    threads = mixed_search(n_jobs=2)
    assert_same_results(threads, one_after_another)
    assert repr(threads.fusion_report_) == repr(one_after_another.fusion_report_)


def test_tasks_are_threads_that_share_the_data(monkeypatch):
    X, _ = CLASSES
    names = set()
    model = LinearClassifier(optimizer="adam", max_iter=3)
    search = FusedGridSearchCV(model, RATES, cv=4, n_jobs=2)
    search.set_callbacks(Told(lambda: names.add(threading.current_thread().name)))
    arguments = run_tasks(monkeypatch, search)
    assert all(np.shares_memory(X, given[1]) for given in arguments)
    assert threading.current_thread().name not in names


def test_tasks_left_over_are_cut(monkeypatch):
    grid = {"penalty__alpha": np.logspace(-4, 0, 10)}
    whole = FusedGridSearchCV(LinearClassifier(), grid, cv=5)
    cut = FusedGridSearchCV(LinearClassifier(), grid, cv=5, n_jobs=2)
    assert n_candidates(run_tasks(monkeypatch, whole)) == [10] * 5
    assert n_candidates(run_tasks(monkeypatch, cut)) == [10] * 4 + [5] * 2
    assert_same_results(cut, whole)
    assert repr(cut.fusion_report_) == repr(whole.fusion_report_)


def test_one_split_keeps_all_workers_busy(monkeypatch):
    cv = ShuffleSplit(1, random_state=0)
    search = FusedGridSearchCV(MLP, RATES, cv=cv, n_jobs=2)
    assert n_candidates(run_tasks(monkeypatch, search)) == [2, 1]


def test_steps_are_not_fitted_again_to_keep_workers_busy(monkeypatch):
    grid = {"model__optimizer__learning_rate": [1e-3, 1e-2], "model__batch_size": [16, 32]}
    search = FusedGridSearchCV(PIPELINE, grid, cv=3, n_jobs=2)
    assert n_candidates(run_tasks(monkeypatch, search)) == [4, 4, 4]


def test_candidates_alone_are_tasks_of_their_own(monkeypatch):
    grid = [{"model__batch_size": [16, 32]}, {"model": [LogisticRegression()], "model__C": [1, 2]}]
    search = FusedGridSearchCV(PIPELINE, grid, cv=2)
    assert sorted(n_candidates(run_tasks(monkeypatch, search))) == [1, 1, 1, 1, 2, 2]


def test_the_configuration_of_scikit_learn_holds_in_threads():
    seen = []

    def look(X):
        seen.append(sklearn.get_config()["assume_finite"])
        return X

    model = Pipeline([("look", FunctionTransformer(look)), ("model", MLP)])
    with sklearn.config_context(assume_finite=True):
        FusedGridSearchCV(model, {"model__batch_size": [32]}, cv=2, n_jobs=2).fit(*CLASSES)
    assert set(seen) == {True}


# BLAS threads


@pytest.fixture
def six_blas_threads():
    before = n_blas_threads()
    set_blas_threads(6)
    yield
    set_blas_threads(max(before))


def set_blas_threads(number):
    """Set the limit in a thread that ends: one that lives would keep others from setting it."""
    setter = threading.Thread(target=lambda: threadpool_limits(number, user_api="blas"))
    setter.start()
    setter.join()


@pytest.mark.usefixtures("six_blas_threads")
@pytest.mark.parametrize("fails", [False, True])
def test_workers_share_the_threads_of_blas(monkeypatch, fails):
    seen = []

    def look(X):
        seen.append(max(n_blas_threads()))
        if fails and len(seen) > 5:
            raise RuntimeError("of the step")
        return X

    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    model = Pipeline([("look", FunctionTransformer(look)), ("model", MLP)])
    grid = {"model__batch_size": [16, 32]}
    settings = {"cv": 4, "n_jobs": 2, "refit": False, "error_score": "raise"}
    search = FusedGridSearchCV(model, grid, **settings)
    if fails:
        with pytest.raises(RuntimeError, match="of the step"):
            search.fit(*CLASSES)
    else:
        search.fit(*CLASSES)
    # 8 cores for 2 workers; 1 while the other trains, as its products are small
    assert set(seen) <= {4, 1}
    assert 4 in seen
    assert n_blas_threads() == {6}


# Processes


def test_everything_that_goes_to_other_processes_can_be_pickled(monkeypatch):
    halving = FusedHalvingGridSearchCV(
        MLP, RATES, resource="max_iter", min_resources=2, max_resources=6, cv=2
    )
    arguments = run_tasks(monkeypatch, halving)
    assert arguments[-1][0].past  # results of the first rung
    for given in arguments:
        outcomes = tasks_module.run_task(*given)
        copies = tasks_module.run_task(*pickle.loads(pickle.dumps(given)))
        for outcome, copy in zip(outcomes, pickle.loads(pickle.dumps(copies)), strict=True):
            assert copy.index == outcome.index
            assert copy.scored["test_scores"] == outcome.scored["test_scores"]
            np.testing.assert_array_equal(copy.loss_curve, outcome.loss_curve)


def test_loky_gives_the_same(one_after_another):
    with joblib.parallel_config("loky", n_jobs=2):
        search = mixed_search()
    assert_same_results(search, one_after_another)
    assert search.cost_.n_rows == one_after_another.cost_.n_rows
    assert search.cost_.peak_memory > psutil.Process().memory_info().rss + 2**26  # of workers


def test_a_dask_cluster_gives_the_same(one_after_another):
    import distributed

    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(processes=True, **settings) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        scored = mixed_search(scoring=get_scorer("accuracy"))
        assert_same_results(scored, one_after_another)
        both = client.run(lambda: "skopt_suite" in sys.modules)
    assert list(both.values()) == [True, True]


@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_ray_gives_the_same(one_after_another):
    ray = pytest.importorskip("ray", reason="Ray is not in the extra: it is large")
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=2, include_dashboard=False)
    try:
        with joblib.parallel_config("ray", n_jobs=2):
            assert_same_results(mixed_search(), one_after_another)
    finally:
        ray.shutdown()


@pytest.mark.filterwarnings("ignore")  # Spark's own
def test_spark_gives_the_same(one_after_another, monkeypatch):
    spark = pytest.importorskip("joblibspark", reason="Spark is not in the extra: it needs Java")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    spark.register_spark()
    with joblib.parallel_config("spark", n_jobs=2):
        assert_same_results(mixed_search(), one_after_another)


# Interrupts


@pytest.fixture
def interruptible():
    """Let SIGINT raise KeyboardInterrupt, which those who run tests may have changed."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def wait_until(is_true):
    deadline = time.monotonic() + 10
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_true()


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupt_ends_all_threads(n_jobs):
    before, blas_before = set(threading.enumerate()), n_blas_threads()
    search = FusedGridSearchCV(ENDLESS, RATES, cv=5, n_jobs=n_jobs)
    search.set_callbacks(Told(_thread.interrupt_main, once=True))
    with pytest.raises(KeyboardInterrupt):
        search.fit(*CLASSES)
    wait_until(lambda: set(threading.enumerate()) <= before)
    assert n_blas_threads() == blas_before
    search.set_callbacks().set_params(estimator=MLP).fit(*CLASSES)
    assert np.isfinite(search.best_score_)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_bars():
    search = FusedGridSearchCV(ENDLESS, RATES, cv=5, n_jobs=2, refit=False)
    search.set_callbacks(Told(_thread.interrupt_main, once=True), bar := ProgressBar())
    with pytest.raises(KeyboardInterrupt):
        search.fit(*CLASSES)
    search.set_callbacks(bar).set_params(estimator=MLP).fit(*CLASSES)


def test_an_error_ends_all_threads():
    def fail():
        raise RuntimeError("of the callback")

    before = set(threading.enumerate())
    search = FusedGridSearchCV(ENDLESS, RATES, cv=5, n_jobs=2, error_score="raise")
    search.set_callbacks(Told(fail))
    with pytest.raises(RuntimeError, match="of the callback"):
        search.fit(*CLASSES)
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_tasks_that_have_not_begun_do_not_begin(monkeypatch):
    arguments = run_tasks(monkeypatch, FusedGridSearchCV(PIPELINE, MIXED[1:], cv=3))
    arguments[0][-1].cancellation.set()
    for given in arguments:
        with pytest.raises(Cancelled):
            tasks_module.run_task(*given)


def test_steps_and_passes_that_have_not_begun_do_not_begin(monkeypatch):
    fitted = []

    def step(name):
        fitted.append(name)
        if name == cancels_in:
            cancellation.set()

    cancels_in = None
    first = FunctionTransformer(lambda X: (step("first"), X)[1])
    second = FunctionTransformer(lambda X: (step("second"), X)[1])
    model = Pipeline([("first", first), ("rest", Pipeline([("second", second), ("model", MLP)]))])
    grid = {"rest__model__batch_size": [16, 32]}
    (*_, settings), *_ = arguments = run_tasks(monkeypatch, FusedGridSearchCV(model, grid, cv=2))
    cancellation = settings.cancellation
    monkeypatch.setattr("skopt_suite.model_selection._engine.settings._PATIENCE", 0.0)
    fitted.clear()
    cancels_in = "first"
    with pytest.raises(Cancelled):
        tasks_module.run_task(*arguments[0])
    assert fitted == ["first"]


SCRIPT = """
import signal
import sys
import joblib
import numpy as np
from skopt_suite import MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV


class Told:
    def setup(self, estimator, context): pass
    def teardown(self, estimator, context): pass
    def on_fit_task_end(self, estimator, context): pass
    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch" and context.task_id == 1:
            print("trains\\n", end="", flush=True)


if __name__ == "__main__":
    # a shell lets what it runs in the background ignore SIGINT, and children inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    backend, n_jobs = sys.argv[1], int(sys.argv[2])
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2000, 20)), rng.integers(0, 3, 2000)
    model = MLPClassifier((50,), max_iter=10**6, n_iter_no_change=10**6, random_state=0)
    search = FusedGridSearchCV(model, {"penalty__alpha": [1e-3, 1e-2]}, n_jobs=n_jobs)
    search.set_callbacks(Told())
    with joblib.parallel_config(backend):
        try:
            search.fit(X, y)
        except KeyboardInterrupt:
            search.set_callbacks().set_params(estimator__max_iter=2, cv=2).fit(X, y)
            print("found", search.best_index_ in (0, 1), flush=True)
            raise
"""


@pytest.mark.parametrize("backend, n_jobs", [("threading", 1), ("threading", 2), ("loky", 2)])
def test_ctrl_c_ends_a_search_and_all_that_it_started(tmp_path, backend, n_jobs):
    (tmp_path / "script.py").write_text(SCRIPT)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "script.py", backend, str(n_jobs)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout.readline() == "trains\n"
            children = psutil.Process(process.pid).children(recursive=True)
            assert (backend == "loky") == bool(children)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            printed, error = process.communicate(timeout=120)
        finally:
            process.kill()
    assert error.rstrip().endswith("KeyboardInterrupt"), error
    assert process.returncode == -signal.SIGINT
    assert "found True" in printed
    wait_until(lambda: not any(is_alive(child) for child in children))


def is_alive(process):
    """Whether a process does anything; one that has ended may wait for its parent to notice."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
