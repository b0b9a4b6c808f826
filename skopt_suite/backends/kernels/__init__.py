"""What computes on arrays: definitions in the array API, and fused kernels that answer for them."""

from skopt_suite.backends.kernels._registry import KERNELS, kernel

__all__ = ["KERNELS", "kernel"]
