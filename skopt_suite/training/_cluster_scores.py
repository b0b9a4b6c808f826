"""Scores of fits on rows that workers hold out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skopt_suite._component import stack as stacked
from skopt_suite.backends import Params, Placement
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.training import _part
from skopt_suite.training._cluster import Cluster
from skopt_suite.training._constants import baseline_on
from skopt_suite.training._job import Job
from skopt_suite.training._part import Part, quiet
from skopt_suite.training._rows import Data, Rows
from skopt_suite.training._stack import Stack
from skopt_suite.training._validation import HeldOut, mean_losses


def held_out_on(
    jobs: Sequence[Job], data: Data, placement: Placement, n_at_once: int
) -> HeldOut | ClusterHeldOut | None:
    """Return what scores the fits of jobs; None where no rows are held out."""
    if data.validation is None and isinstance(data.train, Cluster) and data.train.holds_out:
        return ClusterHeldOut(jobs[0], data.train)
    return HeldOut.of(jobs, data, placement, n_at_once)


class ClusterHeldOut:
    """Scores a fit on rows that workers hold out: the share of the loss that is explained.

    Parameters
    ----------
    job : Job
        The fit.
    source : Cluster
        The rows.
    """

    def __init__(self, job: Job, source: Cluster) -> None:
        self.source = source
        loss = stacked([job.loss], Placement(np), 3)
        self.null = self._mean(loss_of_constant, loss, baseline_on(source, job)) or 1.0

    def scores(self, stack: Stack) -> np.ndarray:
        """Return the score of every fit, (n_fits,)."""
        terms = stack.terms
        loss = self._mean(loss_of, terms.loss, terms.network, stack.shown_params)
        return np.array([1 - loss / self.null])

    def _mean(self, function: Any, *args: Any) -> float:
        total, value = self.source.X.parts.total(_part.added, function, *args)
        return float(value / total)


@quiet
def loss_of(part: Part, loss: Loss, network: Network, shown: Params) -> tuple[float, float]:
    """Return what held-out rows count, and the sum of the losses of a model."""

    def of(rows: Rows) -> np.ndarray:
        return mean_losses(loss, rows.y, network.predict(shown, rows.X), rows.weight)

    return _summed(part, of)


@quiet
def loss_of_constant(part: Part, loss: Loss, constant: np.ndarray) -> tuple[float, float]:
    """Return what held-out rows count, and the sum of the losses of a constant."""

    def of(rows: Rows) -> np.ndarray:
        raw = np.tile(constant.astype(rows.X.dtype), (1, rows.X.shape[0], 1))
        return mean_losses(loss, rows.y, raw, rows.weight)

    return _summed(part, of)


def _summed(part: Part, mean_on: Any) -> tuple[float, float]:
    rows = part.held_out
    if rows is None:
        return 0.0, 0.0
    n_rows = rows.source.n_samples
    parts = rows.source.parts(rows.weights)
    mean = sum(float(mean_on(one)[0]) * one.X.shape[0] / n_rows for one in parts)
    return rows.total, rows.total * mean
