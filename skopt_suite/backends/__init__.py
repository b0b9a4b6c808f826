"""Arrays, kernels and resources: where the data lives, what computes on it, and with how much."""

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
from skopt_suite.backends._philox import uniform
from skopt_suite.backends._placement import placement_for
from skopt_suite.backends._products import (
    averaged,
    input_product,
    input_product_transposed,
    is_plain_batch,
    mean_in_double,
    sum_in_double,
    summed_over_samples,
)
from skopt_suite.backends.kernels import KERNELS, kernel
from skopt_suite.backends.resources import blas_threads_for, free_memory, shared_blas_threads

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
    "mean_in_double",
    "namespace",
    "placement_for",
    "shared_blas_threads",
    "sum_in_double",
    "summed_over_samples",
    "take_rows",
    "to_numpy",
    "uniform",
]
