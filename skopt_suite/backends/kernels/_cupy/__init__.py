"""Kernels on NVIDIA GPUs."""

from skopt_suite.backends.kernels._cupy._engine import engine

__all__ = ["engine"]
