"""Arrays and kernels: where the data lives and what computes on it."""

from skopt_suite.backends._arrays import (
    Array,
    Placement,
    erf,
    is_device_array,
    is_sparse,
    like,
    matmul_into,
    namespace,
    take_rows,
    to_numpy,
)
from skopt_suite.backends._free_memory import free_memory
from skopt_suite.backends._kernels import KERNELS, kernel
from skopt_suite.backends._placement import placement_for
from skopt_suite.backends._products import (
    averaged,
    input_product,
    input_product_transposed,
    is_plain_batch,
    summed_over_samples,
)
from skopt_suite.backends._threads import blas_threads_for, shared_blas_threads

__all__ = [
    "Array",
    "KERNELS",
    "Placement",
    "averaged",
    "blas_threads_for",
    "erf",
    "free_memory",
    "input_product",
    "input_product_transposed",
    "is_device_array",
    "is_plain_batch",
    "is_sparse",
    "kernel",
    "like",
    "matmul_into",
    "namespace",
    "placement_for",
    "shared_blas_threads",
    "summed_over_samples",
    "take_rows",
    "to_numpy",
]
