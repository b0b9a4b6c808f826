"""An epoch: a range of steps over all rows.

This is the definition. A backend may answer with calls that make whole ranges of steps: see
`skopt_suite.training._compiled`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from skopt_suite.backends import Array, Params, PerFit, Placement, State, namespace
from skopt_suite.models import DropoutDraws
from skopt_suite.models._normalization import SHARE
from skopt_suite.optimizers import Optimizer
from skopt_suite.training._objective import Objective, Terms
from skopt_suite.training._rows import Source, Weights
from skopt_suite.training._stack import Stack


class Cancelled(Exception):
    """The pass was asked to end."""


@dataclass(frozen=True, eq=False)
class Epoch:
    """What the steps of an epoch need, the same for all of them."""

    terms: Terms
    optimizer: Optimizer
    source: Source
    weights: Weights
    batch_size: int
    order: Any
    """Positions of rows, (n_samples,), or what else the source knows; None: as they come."""
    factors: Array
    """What the schedule says for every step, (n_fits, n_steps)."""
    momenta: Array | None = None
    """What it says of the momentum in every step, (n_fits, n_steps); None: nothing."""
    number: int = 0
    """Of the epoch, counted from the beginning of the fit."""
    dropout: DropoutDraws | None = None
    whole: Objective | None = None
    """The objective on all rows, where every step sees them."""

    @property
    def n_steps(self) -> int:
        """Number of steps of the epoch."""
        return self.factors.shape[1]

    @property
    def times(self) -> Array:
        """Epochs of training before every step, (n_steps,)."""
        xp = namespace(self.factors)
        steps = xp.arange(self.n_steps, dtype=xp.float64, device=self.factors.device)
        return self.number + steps / self.n_steps

    def optimizer_at(self, step: int) -> Optimizer:
        """Return the optimizer with the momentum that it has in a step."""
        if self.momenta is None:
            return self.optimizer
        return self.optimizer.with_momentum(self.momenta[:, step : step + 1])

    def objective(self, step: int) -> Objective:
        """Return the objective on the rows of a step."""
        objective = self.whole
        if objective is None:
            start, is_last = step * self.batch_size, step == self.n_steps - 1
            size = self.source.n_samples - start if is_last else self.batch_size
            rows = self.source.batch(start, size, self.order, self.weights)
            objective = self.terms.on(rows)
        objective = objective.at(self.number + step / self.n_steps)
        if self.dropout is None:
            return objective
        count = self.number * self.n_steps + step
        return objective.with_dropout(self.dropout._replace(step=count))


def epoch_of(
    stack: Stack,
    source: Source,
    placement: Placement,
    batch_size: int,
    n_steps: int,
    time: float,
    order: Any,
    whole: Objective | None = None,
) -> Epoch:
    """Return what the steps of an epoch of a stack need, that many epochs after the beginning."""
    factors, momenta = _scheduled(stack, placement, n_steps, time)
    return Epoch(
        terms=stack.terms,
        optimizer=stack.optimizer,
        source=source,
        weights=stack.weights,
        batch_size=batch_size,
        order=order,
        factors=factors,
        momenta=momenta,
        number=int(time),
        dropout=stack.dropout,
        whole=whole,
    )


def _scheduled(
    stack: Stack, placement: Placement, n_steps: int, time: float
) -> tuple[Array, Array | None]:
    """Return what the schedule says of the learning rate and of the momentum in every step."""
    optimizer, schedule, xp = stack.optimizer, stack.schedule, placement.xp
    if not optimizer.takes_schedule:
        return xp.ones((len(stack.index), n_steps), dtype=xp.float64, device=placement.device), None
    times = placement.asarray(time + np.arange(n_steps) / n_steps)
    when = stack.schedule_state, times, stack.horizon
    return schedule.factors(*when), schedule.momenta(*when) if optimizer.has_momentum else None


class Moving(Protocol):
    """What steps move: the fits of a stack."""

    params: Params
    optimizer_state: State
    buffers: Array | None


class Steps(NamedTuple):
    """What a range of steps has met."""

    loss: PerFit  # mean over the rows that were seen, by their share of all rows
    optimality: PerFit | None = None  # of the last step
    stalled: PerFit | None = None  # of the last step
    dual_gap: Array | None = None  # of the last step, (n_fits, n_outputs)


def run_steps(
    epoch: Epoch, fits: Moving, steps: range, cancelled: Callable[[], bool] | None = None
) -> Steps:
    """Make a range of steps; raise `Cancelled` if asked to end, which is asked before every one.

    Parameters
    ----------
    epoch : Epoch
        What steps need.
    fits : Moving
        What is moved, step by step.
    steps : range
        Which steps of the epoch.
    cancelled : callable, optional
        Whether to end.
    """
    total: PerFit | float = 0.0
    for i in steps:
        if cancelled is not None and cancelled():
            raise Cancelled
        objective, factor = epoch.objective(i), epoch.factors[:, i : i + 1]
        step = epoch.optimizer_at(i).step(fits.optimizer_state, fits.params, objective, factor)
        fits.params, fits.optimizer_state = step.params, step.state
        if fits.buffers is not None and not epoch.optimizer.is_full_batch:
            fits.buffers = fits.buffers + SHARE * (objective.data.moments - fits.buffers)
        total = total + step.loss * (objective.data.n_rows / epoch.source.n_samples)
    return Steps(total, step.optimality, step.stalled, step.dual_gap)


def buffers_of(epoch: Epoch, fits: Moving, shown: Params) -> Array | None:
    """Return the buffers that predictions with parameters `shown` use, after the steps of an epoch.

    They are the running means that steps leave, where parameters are those that train on
    minibatches; else what layers have met on average in the batches of the epoch, anew.
    """
    if fits.buffers is None or (shown is fits.params and not epoch.optimizer.is_full_batch):
        return fits.buffers
    total: Array | float = 0.0
    for i in range(epoch.n_steps):
        total = total + epoch.objective(i).data.moments_at(shown)
    return total / epoch.n_steps
