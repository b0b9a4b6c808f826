"""BLAS threads after fits that ran in several threads, where the main thread limits nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skopt_suite.backends import blas_threads_for, shared_blas_threads


def _n_blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def _set_blas_threads(number):
    """Set the limit in a thread that ends: one that lives would keep others from setting it."""
    setter = threading.Thread(target=lambda: threadpool_limits(number, user_api="blas"))
    setter.start()
    setter.join()


@pytest.fixture
def two_threads():
    before = _n_blas_threads()
    _set_blas_threads(2)
    yield
    _set_blas_threads(max(before))


@pytest.mark.usefixtures("two_threads")
def test_fits_that_overlap_restore_the_number_of_threads():
    """The second begins while the first runs, and ends after it."""
    first_began, second_began, first_ended = (threading.Event() for _ in range(3))
    assert _n_blas_threads() == {2}

    def first():
        with blas_threads_for(1e6):
            first_began.set()
            second_began.wait(10)
        first_ended.set()

    def second():
        first_began.wait(10)
        with blas_threads_for(1e6):
            second_began.set()
            first_ended.wait(10)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda task: task(), (first, second)))
    assert _n_blas_threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_nested_limits_restore_the_number_of_threads():
    with blas_threads_for(1e6):
        with blas_threads_for(1e6):
            assert _n_blas_threads() == {1}
        assert _n_blas_threads() == {1}
    assert _n_blas_threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_the_lowest_limit_holds_until_its_thread_ends(monkeypatch):
    """The second runs within the first, whose limit is then there again."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: 6)
    _set_blas_threads(4)
    first_began, second_ended = threading.Event(), threading.Event()
    seen = {}

    def first():
        with shared_blas_threads(2):
            seen["alone"] = _n_blas_threads()
            first_began.set()
            second_ended.wait(10)
            seen["outlived"] = _n_blas_threads()

    def second():
        with shared_blas_threads(2), blas_threads_for(1e6):
            seen["nested"] = _n_blas_threads()
        second_ended.set()

    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(first)
        first_began.wait(10)
        pool.submit(second).result(10)
        running.result(10)
    assert seen == {"alone": {3}, "nested": {1}, "outlived": {3}}
    assert _n_blas_threads() == {4}


@pytest.mark.usefixtures("two_threads")
def test_limits_never_raise_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 16)
    with shared_blas_threads(2):
        assert _n_blas_threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_errors_restore_the_number_of_threads():
    with pytest.raises(KeyboardInterrupt), shared_blas_threads(2), blas_threads_for(1e6):
        raise KeyboardInterrupt
    assert _n_blas_threads() == {2}
