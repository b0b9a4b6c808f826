"""The stages of a fit before it is trained: a plan, checked rows, and both as a job."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Placement
from skopt_suite.estimators._inputs import mean_one
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.optimizers import Optimizer
from skopt_suite.penalties import Penalty
from skopt_suite.schedules import Schedule
from skopt_suite.training import Checkpoint, Data, Job, Memory, Rows


class CheckedRows(NamedTuple):
    """What a user gave to ``fit``, checked."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None
    placement: Placement
    dtype: str


@dataclass(frozen=True)
class TrainingPart:
    """The rows to train on, and those that decide when to stop."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None
    validation: Rows | None

    @cached_property
    def relative_weight(self) -> np.ndarray | None:
        """Weights with mean 1; None if all are the same."""
        return mean_one(self.weight)


@dataclass(frozen=True)
class Plan:
    """What the parameters of an estimator say, whatever the data."""

    loss: Loss
    penalty: Penalty
    optimizer: Optimizer
    schedule: Schedule
    max_iter: int
    tol: float
    n_iter_no_change: int
    batch_size: int | str
    shuffle: bool
    early_stopping: bool
    dropout: tuple[float, ...]
    seed: int

    def job(
        self,
        network: Network,
        dtype: str,
        part: TrainingPart,
        start: np.ndarray,
        memory: Memory | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Job:
        """Return the fit of the plan to rows."""
        settings = vars(self) | {"batch_size": self._rows_per_batch(part.X.shape[0])}
        return Job(
            network=network,
            dtype=dtype,
            start=start,
            memory=memory,
            checkpoint=checkpoint,
            sample_weight=part.relative_weight,
            **settings,
        )

    def _rows_per_batch(self, n_samples: int) -> int:
        return min(200, n_samples) if self.batch_size == "auto" else int(self.batch_size)


@dataclass(frozen=True)
class Prepared:
    """A fit that is ready to train."""

    job: Job
    data: Data
    placement: Placement
