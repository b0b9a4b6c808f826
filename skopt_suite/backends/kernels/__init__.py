"""What computes on arrays: definitions in the array API, and fused kernels that answer for them."""

from skopt_suite.backends.kernels._collection import paused_collection
from skopt_suite.backends.kernels._registry import (
    KERNELS,
    engine_for,
    kernel,
    knows,
    knows_loss,
    steps_for,
    writes_kernels,
)
from skopt_suite.backends.kernels._steps import Batches, MakesSteps, Moved, Recipe
from skopt_suite.backends.kernels._warm_up import warm_up

__all__ = [
    "KERNELS",
    "Batches",
    "MakesSteps",
    "Moved",
    "Recipe",
    "engine_for",
    "kernel",
    "knows",
    "knows_loss",
    "paused_collection",
    "steps_for",
    "warm_up",
    "writes_kernels",
]
