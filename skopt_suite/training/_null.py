"""The loss of the best constant: the unit that progress is measured in."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from skopt_suite._component import content
from skopt_suite.training._job import Job
from skopt_suite.training._reference import baseline_on, mean_loss_at
from skopt_suite.training._rows import Source
from skopt_suite.training._stack import Stack


def null_losses(jobs: Sequence[Job], stack: Stack, source: Source, n_at_once: int) -> np.ndarray:
    """Return the lowest loss of raw predictions that are the same for all rows, (n_fits,).

    A model without an intercept has 0 for all rows and no other.
    """
    constants = [np.zeros((1, stack.n_outputs))]
    if stack.terms.network.output_bias:
        constants.append(_baselines(jobs, source))
    losses = [mean_loss_at(raw, stack, source, n_at_once) for raw in constants]
    losses = [np.broadcast_to(loss, (stack.params.shape[0],)) for loss in losses]
    return np.min(losses, axis=0)


def _baselines(jobs: Sequence[Job], source: Source) -> np.ndarray:
    """Return the best constants, (n_fits or 1, n_outputs), each found once."""
    known: dict[Hashable, np.ndarray] = {}
    keys = [(content(job.plan.loss), id(job.sample_weight)) for job in jobs]
    for key, job in zip(keys, jobs, strict=True):
        if key not in known:
            known[key] = baseline_on(source, job)
    return np.stack([known[key] for key in (keys if len(known) > 1 else keys[:1])])
