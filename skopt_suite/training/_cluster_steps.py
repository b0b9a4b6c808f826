"""Epochs of minibatch steps on the workers of a cluster.

Every worker goes through its own rows from common parameters; parameters and what the optimizer
remembers are then averaged, by numbers of rows. Steps of all workers together see as many rows as
one on a single machine does, so that an epoch has as many of them. (R. McDonald, K. Hall and
G. Mann, "Distributed training strategies for the structured perceptron", NAACL 2010; S. Stich,
"Local SGD converges fast and communicates little", ICLR 2019.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, Params, PerFit, Placement, State
from skopt_suite.training._compiled import compiled_steps
from skopt_suite.training._epoch import Cancelled, Epoch, buffers_of, epoch_of, run_steps
from skopt_suite.training._job import n_steps_of
from skopt_suite.training._part import Part, quiet
from skopt_suite.training._rows_read import tell_rows
from skopt_suite.training._stack import Stack
from skopt_suite.training._trees import join, map_arrays

_HOST = Placement(np)
FEWEST_IN_BATCH = 16
"""Rows of a step of a worker, if there are so many in one on a single machine."""


class Sent(NamedTuple):
    """What workers need for an epoch."""

    stack: Stack
    batch_size: int
    number: int
    is_shuffled: bool
    seed: int


class Trained(NamedTuple):
    """What comes back, or what is averaged of it."""

    n_rows: int
    total: float
    """The sum of their weights."""
    loss: PerFit
    params: Params
    state: State
    buffers: Array | None


def cluster_steps(stack: Stack) -> ClusterSteps | None:
    """Return what makes the steps of epochs; None where every step sees all rows."""
    return None if stack.optimizer.is_full_batch else ClusterSteps()


class ClusterSteps:
    """Makes the steps of epochs on workers, each over its own rows."""

    def run(self, epoch: Epoch, stack: Stack, cancelled: Callable[[], bool] | None) -> PerFit:
        """Make all steps of an epoch; return the mean loss of every fit in it, (n_fits,)."""
        if cancelled is not None and cancelled():
            raise Cancelled
        source: Any = epoch.source
        seed = epoch.order if epoch.order is not None else 0
        bare, parts = replace(stack, best_params=None), source.X.parts
        size = rows_of_worker(epoch.batch_size, len(parts.futures))
        sent = Sent(bare, size, epoch.number, epoch.order is not None, seed)
        found = parts.total(averaged, trained, sent)
        stack.params, stack.optimizer_state = found.params, found.state
        stack.buffers = found.buffers
        tell_rows(found.n_rows)
        return found.loss


def rows_of_worker(batch_size: int, n_workers: int) -> int:
    """Return how many rows of its own a worker sees in a step."""
    return max(-(-batch_size // n_workers), min(batch_size, FEWEST_IN_BATCH))


def averaged(parts: Sequence[Trained]) -> Trained:
    """Return means by numbers of rows; that of the loss is by their weights."""
    n_rows, totals = (np.array([one[i] for one in parts]) for i in (0, 1))
    shares, counts = n_rows / n_rows.sum(), totals / totals.sum()
    trees = join([(one.params, one.state, one.buffers) for one in parts], _HOST)
    means = map_arrays(lambda array: _mean(array, shares), trees)
    loss = sum(share * one.loss for share, one in zip(counts, parts, strict=True))
    return Trained(int(n_rows.sum()), float(totals.sum()), loss, *means)


def _mean(values: Array, shares: np.ndarray) -> Array:
    """Return the mean over parts of a fit, (1, ...)."""
    mean = np.tensordot(shares, values, axes=1)[None]
    return (np.rint(mean) if values.dtype.kind in "biu" else mean).astype(values.dtype)


@quiet
def trained(part: Part, sent: Sent) -> Trained:
    """Return what an epoch over the rows of a part makes of the fit."""
    rows, stack, network = part.train, _own(sent.stack, part), sent.stack.terms.network
    n_rows, source = rows.source.n_samples, rows.source
    size = min(sent.batch_size, n_rows)
    n_steps = max(1, n_steps_of(n_rows, size, network))
    order = source.shuffles(sent.seed, _HOST).of(sent.number) if sent.is_shuffled else None
    epoch = epoch_of(stack, source, _HOST, size, n_steps, float(sent.number), order)
    loss = _run(epoch, stack)
    return Trained(n_rows, rows.total, loss, stack.params, stack.optimizer_state, stack.buffers)


def _run(epoch: Epoch, stack: Stack) -> PerFit:
    """Make all steps of an epoch, in calls of the backend if it can; return the mean loss."""
    compiled: Any = compiled_steps(stack, epoch.source, epoch.batch_size)
    if compiled is not None:
        return compiled.run(epoch, stack, None)
    loss = run_steps(epoch, stack, range(epoch.n_steps)).loss
    shown = stack.optimizer.eval_params(stack.optimizer_state, stack.params)
    stack.buffers = buffers_of(epoch, stack, shown)
    return loss


def _own(stack: Stack, part: Part) -> Stack:
    """Return a copy of a stack with the weights, and with dropout, of a part."""
    own = replace(
        stack,
        params=np.array(stack.params),
        optimizer_state=map_arrays(np.array, stack.optimizer_state),
        buffers=map_arrays(np.array, stack.buffers),
        weights=part.train.weights,
    )
    if own.dropout is not None:
        own.dropout = own.dropout._replace(seed=own.dropout.seed + part.partitions[0].number)
    return own
