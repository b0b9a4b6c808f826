"""The scores of fits on the rows that decide when to stop."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

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
from skopt_suite.training._rows import Data, Rows, Scorer, Weights, as_read, blocks
from skopt_suite.training._scaling import Scaling
from skopt_suite.training._stack import Stack


@dataclass(frozen=True)
class HeldOut:
    """Scores the fits of a stack on the rows that decide when to stop."""

    jobs: Sequence[Job]
    rows: Rows
    """With the weights that every fit has of its own, if they do."""
    null: np.ndarray
    """Losses of the best constants, (n_jobs,)."""
    scaling: Scaling | None
    scorer: Scorer | None
    placement: Placement
    n_at_once: int
    """Rows whose hidden units there are at a time: not many more than in a step."""

    @classmethod
    def of(
        cls, jobs: Sequence[Job], data: Data, placement: Placement, n_at_once: int
    ) -> HeldOut | None:
        """Return what scores the fits of jobs; None where no rows are held out."""
        if data.validation is None:
            return None
        rows = _weighted(jobs, data.validation, placement)
        null, scaling = _null_losses(jobs, rows, placement), data.validation_scaling
        return cls(jobs, rows, null, scaling, data.scorer, placement, n_at_once)

    def scores(self, stack: Stack) -> np.ndarray:
        """Return the score of every fit, (n_fits,), by default D²: see `explained`."""
        if self.scorer is not None:
            return self._scores_by(self.scorer, stack)
        weight = Weights(self.rows.weight).take(self.placement.asarray(stack.index)).values
        raw = self._raw_predictions(stack)
        loss = mean_losses(stack.terms.loss, self.rows.y, raw, weight)
        return 1 - np.asarray(to_numpy(loss), dtype=np.float64) / self.null[stack.index]

    def _scores_by(self, scorer: Scorer, stack: Stack) -> np.ndarray:
        """Return what a scorer says of every fit, NaN where its parameters are no numbers."""
        params = to_numpy(stack.shown_params)
        scores = [
            scorer(self.jobs[index], own) if np.isfinite(own).all() else np.nan
            for index, own in zip(stack.index, params, strict=True)
        ]
        return np.array(scores, dtype=np.float64)

    def _raw_predictions(self, stack: Stack) -> RawPredictions:
        (X, *_), network, context = self.rows, stack.terms.network, stack.terms.context
        params = stack.shown_params
        xp, n_samples, dtype = namespace(params), X.shape[0], params.dtype
        if n_samples <= self.n_at_once:
            return network.predict(params, as_read(X, self.scaling, dtype), context)
        shape = (params.shape[0], n_samples, network.sizes[-1])
        raw = xp.empty(shape, dtype=dtype, device=params.device)
        for block in blocks(n_samples, self.n_at_once):  # copied: it may be a view of all layers
            part = as_read(X[block, :], self.scaling, dtype)
            raw[:, block, :] = network.predict(params, part, context)
        return raw


def mean_losses(
    loss: Loss, y: TargetColumns, raw: RawPredictions, weight: SampleWeight | None
) -> PerFit:
    """Return the mean loss of every fit, (n_fits,)."""
    values, _ = loss.value_and_gradient(y, raw)
    return mean_over_samples(values[..., None], weight)[:, 0]


def _weighted(jobs: Sequence[Job], rows: Rows, placement: Placement) -> Rows:
    weights = [job.held_out_weight for job in jobs if job.held_out_weight is not None]
    if not weights:
        return rows
    return rows._replace(weight=placement.asarray(np.stack(weights), dtype=jobs[0].dtype))


def _null_losses(jobs: Sequence[Job], rows: Rows, placement: Placement) -> np.ndarray:
    n_weights = 1 if rows.weight is None else rows.weight.shape[0]
    known: dict[tuple[Hashable, int], float] = {}
    null = []
    for k, job in enumerate(jobs):
        key = job.plan.loss_content, k % n_weights
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
