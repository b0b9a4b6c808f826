"""What a machine has to compute with: threads and memory."""

from skopt_suite.backends.resources._free_memory import free_memory
from skopt_suite.backends.resources._threads import (
    SMALL_PRODUCT,
    blas_threads_for,
    shared_blas_threads,
    threads_for_fit,
)

__all__ = [
    "SMALL_PRODUCT",
    "blas_threads_for",
    "free_memory",
    "shared_blas_threads",
    "threads_for_fit",
]
