"""What a fit leaves behind for the one that goes on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends import State


class Memory(NamedTuple):
    """What a fit leaves for the one that continues it; arrays are on the host with n_fits = 1.

    The order of rows and what dropout drops are functions of seed and time, so there is nothing
    to remember of them.
    """

    params: np.ndarray  # (1, n_params): what trains
    shown: np.ndarray  # (1, n_params): what predictions use
    optimizer: State
    schedule: State
    time: float  # epochs
    seed: int
    reference_loss: float  # what the loss of a fit that diverges is compared with


class Paused(NamedTuple):
    """A fit that has used up its epochs, to go on with more as if it had not stopped."""

    memory: Memory
    epoch: int
    best: float
    anchor: float
    n_without_improvement: int
    best_params: np.ndarray | None  # (1, n_params)
    loss_curve: list[float]
    validation_scores: list[float]
