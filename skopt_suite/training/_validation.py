"""The scores of fits on the rows that decide when to stop."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from skopt_suite._component import content
from skopt_suite._component import stack as stacked
from skopt_suite.backends import (
    PerFit,
    Placement,
    RawPredictions,
    SampleWeight,
    TargetColumns,
    namespace,
    to_numpy,
)
from skopt_suite.losses import Loss
from skopt_suite.metrics._mean import mean_over_samples
from skopt_suite.training._job import Job
from skopt_suite.training._rows import Rows


def scores_of(loss: Loss, rows: Rows, raw: RawPredictions, null: np.ndarray) -> PerFit:
    """Return D² of every fit, (n_fits,): how much of the loss of the best constant it explains."""
    return 1 - np.asarray(to_numpy(mean_losses(loss, rows.y, raw, rows.weight))) / null


def mean_losses(
    loss: Loss, y: TargetColumns, raw: RawPredictions, weight: SampleWeight | None
) -> PerFit:
    """Return the mean loss of every fit, (n_fits,)."""
    values, _ = loss.value_and_gradient(y, raw)
    return mean_over_samples(values[..., None], weight)[:, 0]


def held_out_rows(jobs: Sequence[Job], rows: Rows | None, placement: Placement) -> Rows | None:
    """Return held-out rows with the weights that every fit has of its own, if they do."""
    weights = [job.held_out_weight for job in jobs if job.held_out_weight is not None]
    if rows is None or not weights:
        return rows
    return rows._replace(weight=placement.asarray(np.stack(weights), dtype=jobs[0].dtype))


def null_losses_on(jobs: Sequence[Job], rows: Rows | None, placement: Placement) -> np.ndarray:
    """Return the losses of the best constants for some rows, (n_fits,); 1 where nobody asks."""
    if rows is None:
        return np.ones(len(jobs))
    n_weights = 1 if rows.weight is None else rows.weight.shape[0]
    known: dict[tuple[Hashable, int], float] = {}
    null = []
    for k, job in enumerate(jobs):
        key = content(job.plan.loss), k % n_weights
        if key not in known:
            weight = None if rows.weight is None else rows.weight[k % n_weights, :]
            known[key] = null_loss(job.loss, rows.y, weight, placement)
        null.append(known[key])
    return np.array(null)


def null_loss(
    loss: Loss, y: TargetColumns, weight: SampleWeight | None, placement: Placement
) -> float:
    """Return the loss of the best constant, 1 where it is 0."""
    on_host = None if weight is None else np.asarray(to_numpy(weight), dtype=np.float64)
    constant = placement.asarray(loss.baseline(to_numpy(y), on_host))
    xp = namespace(y)
    shape = (1, y.shape[0], constant.shape[0])
    dtype = y.dtype if xp.isdtype(y.dtype, "real floating") else xp.float64
    raw = xp.astype(xp.broadcast_to(constant, shape), dtype, copy=True)
    (null,) = to_numpy(mean_losses(stacked([loss], placement, 3), y, raw, weight)).tolist()
    return null if null > 0 else 1.0


def explained(loss: Loss, y: np.ndarray, raw: np.ndarray, weight: np.ndarray | None) -> float:
    """Return D² of one fit: the share of the loss of the best constant that is explained.

    Parameters
    ----------
    loss : Loss
        On the targets.
    y : ndarray of shape (n_samples, n_columns)
        Targets.
    raw : ndarray of shape (n_samples, n_outputs)
        Raw predictions.
    weight : ndarray of shape (n_samples,) or None
        Weights of the samples; None: all 1.
    """
    placement = Placement(np)
    (left,) = mean_losses(stacked([loss], placement, 3), y, raw[None], weight)
    return float(1 - left / null_loss(loss, y, weight, placement))
