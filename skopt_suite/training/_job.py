"""What goes into a fit."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.chunks import found_once
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.penalties import Penalty
from skopt_suite.training._memory import Memory, Paused
from skopt_suite.training._plan import AUTO_STRENGTH, Plan
from skopt_suite.training._standardization import Standardization


@dataclass(frozen=True)
class Job:
    """One fit, ready to train.

    Jobs with the same `key` that see the same rows can be trained as one stack.
    """

    plan: Plan
    network: Network
    targets: TargetType
    dtype: str
    start: np.ndarray | None = None
    """Parameters to start from, (n_params,); None: the network's own."""
    memory: Memory | None = None
    """The fit to continue."""
    paused: Paused | None = None
    """The fit to continue with its history; in place of `memory`."""
    n_epochs_before: float = 0.0
    """Epochs of earlier fits that schedules count beside those of this one."""
    sample_weight: np.ndarray | None = field(default=None, repr=False)
    """Weights of the training rows with mean 1, (n_samples,); None: all 1."""
    held_out_weight: np.ndarray | None = field(default=None, repr=False)
    """Weights of the held-out rows where they are other ones for every fit, (n_samples,)."""
    columns: np.ndarray | None = field(default=None, repr=False)
    """Features that the fit sees, (n_features of the network,), of dense rows; None: all."""
    penalty_strength: float = AUTO_STRENGTH
    """What ``alpha="auto"`` of the penalty is."""
    standardization: Standardization | None = field(default=None, repr=False)
    """How rows were standardised that the fit sees; None: they are as they were given."""

    @found_once
    def loss(self) -> Loss:
        """The loss on the targets."""
        return self.plan.loss.on(self.targets)

    @found_once
    def penalty(self) -> Penalty:
        """The penalty on the rows: its strengths are numbers."""
        return self.plan.penalty.with_strength(self.penalty_strength)

    @property
    def past(self) -> Memory | None:
        """What the fit goes on from, None if it begins."""
        return self.memory if self.paused is None else self.paused.memory

    @property
    def horizon(self) -> float:
        """The time in epochs at which a fit that uses up its epochs ends."""
        return self.n_epochs_before + self.plan.max_iter

    @property
    def seed(self) -> int:
        """Seed of the order of rows and of dropout: that of the fit that is continued."""
        return self.plan.seed if self.past is None else self.past.seed

    def n_steps(self, n_samples: int) -> int:
        """Return how many steps an epoch has: the last is on the rows that are left over.

        One row has no variance. Where layers are normalised over batches, it joins the last one.
        """
        return n_steps_of(n_samples, self.plan.rows_per_step(n_samples), self.network)

    def rows_per_step(self, n_samples: int) -> int:
        """Return how many rows a step sees at the most."""
        size = self.plan.rows_per_step(n_samples)
        return max(size, n_samples - (self.n_steps(n_samples) - 1) * size)

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What jobs must share to be trained in one stack; fits that go on are equally old."""
        past = None if self.past is None else (self.past.time, self.paused is not None)
        sees_all = self.columns is None
        return self.network, self.targets, self.dtype, self.plan.key, self.seed, past, sees_all


def n_steps_of(n_samples: int, batch_size: int, network: Network) -> int:
    """Return how many steps an epoch over rows has: see `Job.n_steps`."""
    whole, n_left = divmod(n_samples, batch_size)
    return whole + (n_left > (1 if network.n_buffers else 0))
