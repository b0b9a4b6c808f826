"""BLAS threads while small products run, and after."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skopt_suite import LinearClassifier
from skopt_suite.backends import blas_threads_for
from skopt_suite.backends.kernels._numba._products import _rows_of_block


def n_blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


def test_small_products_use_one_thread():
    with blas_threads_for(1e6):
        assert n_blas_threads() == {1}
    assert n_blas_threads() == {2}


def test_large_products_use_all_threads():
    with blas_threads_for(1e9):
        assert n_blas_threads() == {2}


def test_fits_in_several_threads_restore_the_number_of_threads():
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: LinearClassifier().fit(X / 40, y), range(20)))
    assert n_blas_threads() == {2}


def test_products_are_made_in_blocks_that_do_not_depend_on_threads():
    """Else the rounding of a fit would depend on what runs beside it."""
    x, wide = np.ones((20_000, 40)), np.ones((40, 30))
    alone = _rows_of_block(x, wide)
    with blas_threads_for(1e6):
        assert _rows_of_block(x, wide) == alone
