"""BLAS threads after fits that ran in several threads, where the main thread limits nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skopt_suite.backends import blas_threads_for


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
