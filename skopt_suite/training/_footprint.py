"""How much memory a fit takes during a pass.

The peak of a pass is in one of three places: in a step, where gradients are; when fits leave the
stack, because the others are then copied to be compact; or when fits are scored on validation
rows. The estimate is an upper bound, by less than a factor of two for the components of this
package; `tests/search/test_memory.py` measures it, and is where to look when a constant here has
to change.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import Placement
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.training._batches import Data
from skopt_suite.training._job import Job
from skopt_suite.training._loop import rows_per_step
from skopt_suite.training._reference import N_ROWS
from skopt_suite.training._stack import map_arrays

_OBJECTS = 4096  # bytes of a fit's result, loss curve and specifications
_GRADIENT = 2  # arrays like the parameters: the gradient, and a product before it is written there
_OPTIMALITY = 2  # such arrays that the proximal gradient takes, which full-batch rules look at
_SOLVER = 5  # such arrays in a step of FISTA: point, gradient, new point, move, and one on the way
_UNFUSED = 3  # such arrays that an update without a fused kernel makes beside what it returns
_PER_ROW = 3  # numbers per row: the loss, by weight, and an index

_HIDDEN = {
    "identity": (1, 2),
    "relu": (1, 2),
    "leaky_relu": (1, 5),
    "elu": (1, 5),
    "gelu": (2, 5),
    "silu": (2, 5),
    "tanh": (1, 3),
    "logistic": (1, 3),
    "softplus": (1, 3),
}
"""Arrays of a hidden layer's size: those kept for the backward pass, and those of a moment."""

_OUTPUT = {
    "log_loss": 3,
    "squared_error": 4,
    "absolute_error": 4,
    "squared_hinge": 4,
    "hinge": 5,
}
"""Arrays of the size of raw predictions, them included, while a loss is computed."""
_ANY_OUTPUT = 8  # of a loss that is not listed


def bytes_per_fit(job: Job, data: Data, placement: Placement, shares_weight: bool = True) -> int:
    """Return what one fit of a large stack takes at the peak of its pass, an upper bound.

    Parameters
    ----------
    job : Job
        The fit.
    data : Data
        The rows of the pass.
    placement : Placement
        Where it is trained.
    shares_weight : bool
        Whether all fits have the same ``sample_weight``.
    """
    params = job.network.n_params
    state = _size_of_state(job)
    kept = params + state
    if job.early_stopping:
        kept += params  # the best ones
    if not shares_weight:
        kept += data.train.X.shape[0]
    leaving = kept + params  # the others compact, or the results, which may be checkpoints
    step = _arrays_of_a_step(job) * params + _activations(job, data)
    if not _updates_in_place(job, placement):
        step += state + _UNFUSED * params
    return _OBJECTS + _item_size(job) * (kept + max(step, leaving, _scoring(job, data)))


def _arrays_of_a_step(job: Job) -> int:
    if not job.optimizer.takes_schedule:
        return _SOLVER
    return _GRADIENT + (_OPTIMALITY if job.optimizer.is_full_batch else 0)


def _activations(job: Job, data: Data) -> int:
    """Return how many numbers the forward and backward pass of one batch take."""
    n_rows = rows_per_step(job, data.train.X.shape[0])
    widths, costs = job.network.sizes[1:-1], [_HIDDEN[name] for name in job.network.activations]
    dropout = (2, 1) if any(job.dropout) else (0, 0)  # the mask and what it leaves; a product
    kept = sum(n * (cost[0] + dropout[0]) for n, cost in zip(widths, costs, strict=True))
    momentary = [n * (cost[1] + dropout[1]) for n, cost in zip(widths, costs, strict=True)]
    return n_rows * (kept + max(momentary, default=0) + _of_outputs(job))


def _scoring(job: Job, data: Data) -> int:
    """Return how many numbers predictions for all validation rows take, or initial losses."""
    n_held_out = 0 if data.validation is None else data.validation.X.shape[0]
    per_row = 2 * job.network.sizes[-1] + _PER_ROW
    return max(n_held_out * per_row, 2 * min(N_ROWS, data.train.X.shape[0]))


def _of_outputs(job: Job) -> int:
    """Return how many numbers per row the loss takes."""
    arrays = _OUTPUT.get(job.loss.name, _ANY_OUTPUT) + (job.sample_weight is not None)
    return arrays * job.network.sizes[-1] + _PER_ROW


def _size_of_state(job: Job) -> int:
    """Return how many numbers the optimizer keeps, from the state of one fit."""
    sizes: list[int] = []
    map_arrays(lambda array: sizes.append(array.size), _state_of_one(job))
    return sum(sizes)


def _state_of_one(job: Job) -> Any:
    return job.optimizer.init(np.zeros((1, job.network.n_params), dtype=job.dtype))


def _updates_in_place(job: Job, placement: Placement) -> bool:
    """Whether the optimizer has a fused kernel: ours do on the CPU."""
    is_ours = type(job.optimizer) in (OPTIMIZERS[name] for name in OPTIMIZERS)
    return is_ours and placement.xp is np


def _item_size(job: Job) -> int:
    return np.dtype(job.dtype).itemsize
