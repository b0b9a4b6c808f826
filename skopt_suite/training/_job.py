"""What goes into a fit and what comes out of it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.models import Network
from skopt_suite.training._plan import Plan


class Memory(NamedTuple):
    """What a fit leaves for the one that continues it; arrays have n_fits = 1."""

    params: Any  # (1, n_params)
    optimizer: Any
    schedule: Any
    time: float  # epochs
    random_states: tuple[np.random.RandomState, np.random.RandomState]  # shuffling, dropout
    reference_loss: float  # what the loss of a fit that diverges is compared with


class Checkpoint(NamedTuple):
    """A fit that has used up its epochs, to go on with more as if it had not stopped."""

    memory: Memory
    epoch: int
    best: float
    n_without_improvement: int
    best_params: Any  # (1, n_params), or None
    loss_curve: list[float]
    validation_scores: list[float]


@dataclass(frozen=True)
class Job:
    """One fit, ready to train.

    Jobs with the same `key` that see the same rows can be trained as one stack.
    """

    plan: Plan
    network: Network
    dtype: str
    start: np.ndarray | None = None
    """Parameters to start from, (n_params,); None: the network's own."""
    memory: Memory | None = None
    """The fit to continue."""
    checkpoint: Checkpoint | None = None
    """The fit to continue with its history; in place of `memory`."""
    sample_weight: np.ndarray | None = field(default=None, repr=False)
    """Weights of the training rows with mean 1, (n_samples,); None: all 1."""

    @property
    def past(self) -> Memory | None:
        """What the fit goes on from, None if it begins."""
        return self.memory if self.checkpoint is None else self.checkpoint.memory

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What jobs must share to be trained in one stack; fits that go on are equally old."""
        past = None if self.past is None else (self.past.time, self.checkpoint is not None)
        return self.network, self.dtype, self.plan.key, past


@dataclass
class Result:
    """One trained fit."""

    params: Any
    """Parameters of shape (n_params,), where they were trained."""
    n_iter: int
    loss: float
    loss_curve: list[float]
    validation_scores: list[float]
    stop_reason: str
    """``"converged"`` (gradient below ``tol``), ``"precision"`` (no smaller one in this precision),
    ``"no_improvement"``, ``"max_iter"``, ``"callback"``, ``"stalled"`` or ``"diverged"``."""
    memory: Memory | None
    checkpoint: Checkpoint | None = None
    """Where training was asked to keep it and the fit is not done but has used up its epochs."""
    error: Exception | None = None
    """Set where the fit diverged."""
