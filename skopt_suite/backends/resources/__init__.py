"""What a machine has to compute with, threads and memory, and what of it was used."""

from skopt_suite.backends.resources._free_memory import free_memory
from skopt_suite.backends.resources._in_threads import in_threads
from skopt_suite.backends.resources._threads import (
    SMALL_PRODUCT,
    blas_threads_for,
    one_blas_thread,
    shared_blas_threads,
    threads_for_fit,
)
from skopt_suite.backends.resources._usage import Energy, peak_memory

__all__ = [
    "SMALL_PRODUCT",
    "Energy",
    "blas_threads_for",
    "free_memory",
    "in_threads",
    "one_blas_thread",
    "peak_memory",
    "shared_blas_threads",
    "threads_for_fit",
]
