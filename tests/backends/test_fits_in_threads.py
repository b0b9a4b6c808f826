"""Threads that make the steps of one fit together."""

import _thread
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import joblib
import numpy as np
import pytest
from sklearn.datasets import make_classification
from threadpoolctl import threadpool_info, threadpool_limits

from skopt_suite import MLPClassifier
from skopt_suite.backends import blas_threads_for
from skopt_suite.backends.kernels._numba import _compose
from skopt_suite.backends.kernels._numba._jit import jit
from skopt_suite.backends.kernels._numba._team import most_threads, run_together, team_of, wait
from skopt_suite.backends.resources import threads_for_fit
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import Adam

X, Y = make_classification(2000, 40, n_informative=10, random_state=0)
X = X.astype(np.float32)
LARGE = MLPClassifier((100, 100), batch_size=128, max_iter=4, tol=0, random_state=0)
SMALL = MLPClassifier((10,), batch_size=128, max_iter=4, tol=0, random_state=0)
LAYERS = ((5, 7, 0, 56), (7, 3, 35, 63))


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    before = max(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
    _set_blas_threads(2)
    yield
    _set_blas_threads(before)


def _set_blas_threads(number):
    """Set the limit in a thread that ends: one that lives would keep others from setting it."""
    setter = threading.Thread(target=lambda: threadpool_limits(number, user_api="blas"))
    setter.start()
    setter.join()


@pytest.fixture
def used(monkeypatch):
    """Numbers of threads that steps were made in."""
    numbers = []

    def seen(self, n_threads, *arguments, span):
        numbers.append(n_threads)
        run(self, n_threads, *arguments, span=span)

    run = _compose.ComposedSteps._run_dense
    monkeypatch.setattr(_compose.ComposedSteps, "_run_dense", seen)
    return numbers


def test_large_steps_of_one_fit_are_made_in_the_threads_of_blas(used):
    LARGE.fit(X, Y)
    assert set(used) == {2}


def test_small_steps_are_made_in_one_thread(used):
    SMALL.fit(X, Y)
    assert set(used) == {1}


def test_limits_of_users_hold(used):
    with threadpool_limits(1, user_api="blas"):
        LARGE.fit(X, Y)
    assert set(used) == {1}


def test_fits_in_threads_of_joblib_are_made_in_one_thread_each(used):
    fit = joblib.delayed(LARGE.fit)
    joblib.Parallel(2, backend="threading")(fit(X, Y) for _ in range(2))
    assert set(used) == {1}


@pytest.mark.parametrize(
    ("n_jobs", "grid"),
    [
        (1, {"optimizer": [Adam(1e-3), Adam(1e-2)]}),
        (2, {"hidden_layer_sizes": [(100, 100), (120, 100)]}),
    ],
    ids=["a stack", "fits in two workers"],
)
def test_searches_make_steps_in_one_thread_for_each_worker(n_jobs, grid, used):
    FusedGridSearchCV(LARGE, grid, cv=2, n_jobs=n_jobs, refit=False).fit(X, Y)
    assert set(used) == {1}


def test_what_runs_beside_does_not_change_the_number_of_threads():
    began, ended = threading.Event(), threading.Event()

    def beside():
        with blas_threads_for(1e6):
            began.set()
            ended.wait(10)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(beside)
        began.wait(10)
        n_threads = threads_for_fit()
        ended.set()
    assert n_threads == threads_for_fit() == 2


def test_a_fit_is_the_same_every_time_and_in_one_thread_but_for_rounding():
    first, second = LARGE.fit(X, Y).loss_curve_, LARGE.fit(X, Y).loss_curve_
    np.testing.assert_array_equal(first, second)
    with threadpool_limits(1, user_api="blas"):
        np.testing.assert_allclose(LARGE.fit(X, Y).loss_curve_, first, rtol=1e-3)


def test_there_may_be_more_threads_than_cores(monkeypatch):
    monkeypatch.setattr(_compose.ComposedSteps, "_n_threads", lambda *_: 9)
    several = LARGE.fit(X, Y).loss_curve_
    monkeypatch.setattr(_compose.ComposedSteps, "_n_threads", lambda *_: 1)
    np.testing.assert_allclose(LARGE.fit(X, Y).loss_curve_, several, rtol=1e-3)


def test_a_fit_goes_on_alone_when_no_thread_can_be_started(monkeypatch):
    monkeypatch.setattr(_compose.ComposedSteps, "_n_threads", lambda *_: 1)
    alone = LARGE.fit(X, Y).loss_curve_
    monkeypatch.setattr(_compose.ComposedSteps, "_n_threads", lambda *_: 4)
    start, n_started = threading.Thread.start, []

    def start_every_third(self):
        n_started.append(self)
        if len(n_started) % 3 == 0:
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", start_every_third)
    np.testing.assert_array_equal(LARGE.fit(X, Y).loss_curve_, alone)
    assert len(n_started) > 3


@jit
def _meet(team, n):
    for _ in range(n):
        if not wait(team):
            return


@pytest.mark.parametrize("rank", [0, 1, 2])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_nobody_waits_for_a_thread_that_failed(rank, error):
    def run(member):
        if member.rank == rank:
            raise error
        _meet(member, 10)

    with pytest.raises(error):
        run_together(run, team_of(3, LAYERS, 66))


def test_threads_meet_as_often_as_they_wait():
    team = team_of(3, LAYERS, 66)
    assert run_together(lambda member: _meet(member, 1000), team)
    assert team[0].state.max() == 3000


@pytest.mark.parametrize("n_threads", range(1, 9))
def test_every_parameter_is_moved_by_one_thread(n_threads):
    bounds = team_of(n_threads, LAYERS, 66)[0].bounds
    assert (bounds[0], bounds[-1], len(bounds)) == (0, 66, n_threads + 1)
    assert (np.diff(bounds) >= 0).all()
    starts_of_inputs = {*range(0, 35, 7), *range(35, 56, 3), 56, 66}
    assert set(bounds.tolist()) <= starts_of_inputs


@pytest.mark.parametrize(
    ("sizes", "batch_size", "most"),
    [((64, 100, 3), 32, 1), ((784, 128, 128, 10), 32, 4), ((100, 256, 256, 3), 256, 16)],
)
def test_threads_are_as_many_as_have_enough_to_do(sizes, batch_size, most):
    n_params = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    assert most_threads(20_000, batch_size, n_params) == most
    assert most_threads(batch_size, batch_size, 100) == 1


@pytest.fixture
def interruptible():
    """Workers of pytest-xdist take no notice of Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_a_fit_and_its_threads(interruptible):
    model = MLPClassifier((256, 256), batch_size=128, max_iter=300, tol=None, random_state=0)
    n_before, timer = threading.active_count(), threading.Timer(1.0, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    timer.join()
    assert threading.active_count() == n_before
