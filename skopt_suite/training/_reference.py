"""What the loss of a fit is compared with to see that it diverges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skopt_suite.backends import namespace, to_numpy
from skopt_suite.training._batches import Rows
from skopt_suite.training._job import Job
from skopt_suite.training._objective import Objective
from skopt_suite.training._stack import Stack

_N_ROWS = 1000  # rows on which the initial parameters are evaluated
_FLOOR = 1e-10  # so that the noise of a fit that is exact from the start is no divergence


def reference_losses(
    jobs: Sequence[Job], stack: Stack, objective: Objective, rows: Rows
) -> np.ndarray:
    """Return the larger of the loss of predicting 0 and that of the initial parameters."""
    if jobs[0].checkpoint is not None:
        return np.array([job.checkpoint.memory.reference_loss for job in jobs if job.checkpoint])
    xp = namespace(stack.params)
    # At 0 only the hyperparameters of the loss can differ, so mostly one fit stands for all.
    n_different = stack.params.shape[0] if _is_varied(objective.loss) else 1
    zeros = xp.zeros(
        (n_different, rows.X.shape[0], objective.network.sizes[-1]),
        dtype=stack.params.dtype,
        device=stack.params.device,
    )
    null, _ = objective.loss.value_and_gradient(rows.y, zeros)
    n_first = min(_N_ROWS, rows.X.shape[0])
    raw, _ = objective.network.forward(stack.params, rows.X[:n_first, :])
    initial, _ = objective.loss.value_and_gradient(rows.y[:n_first, ...], raw)
    penalty = objective.penalty.value(stack.params[:, : objective.n_weights])
    reference = np.maximum(
        _mean(null), _mean(initial) + np.asarray(to_numpy(penalty), dtype=np.float64)
    )
    if stack.weight is not None:
        reference = np.maximum(reference, _mean(null * stack.weight))
    earlier = [0.0 if job.past is None else job.past.reference_loss for job in jobs]
    return np.maximum(np.maximum(reference, _FLOOR), earlier)


def _mean(values) -> np.ndarray:
    """Return the mean over samples of every fit on the host."""
    mean = namespace(values).mean(values, axis=-1)
    return np.asarray(to_numpy(mean), dtype=np.float64)


def _is_varied(loss: Any) -> bool:
    """Whether fits of a stack may have different hyperparameters of the loss."""
    return any(domain.fusable for domain in loss.parameters.values())
