"""What the loss of a fit is compared with to see that it diverges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    PerFit,
    RawPredictions,
    namespace,
    to_numpy,
    weighted_sum,
)
from skopt_suite.losses import Loss
from skopt_suite.training._job import Job
from skopt_suite.training._rows import Source, Targets, Weights, blocks
from skopt_suite.training._stack import Stack

N_ROWS = 256  # rows on which the initial parameters are evaluated


def reference_losses(
    jobs: Sequence[Job], stack: Stack, source: Source, n_at_once: int
) -> np.ndarray:
    """Return the larger of the loss of predicting 0 and that of the initial parameters.

    Where predictions have a link, it is the best constant in place of 0, which may be far away.

    The initial parameters are tried on `n_at_once` rows at once, so that it takes hardly more
    memory than a step.
    """
    if jobs[0].paused is not None:
        return np.array([job.paused.memory.reference_loss for job in jobs if job.paused])
    xp = namespace(stack.params)
    initial = xp.concat(list(_initial_values(stack, source, n_at_once)), axis=-1)
    penalty = stack.terms.penalty.value(stack.terms.network.layout.weights(stack.params))
    at_constant = mean_loss_at(_constant(jobs[0], stack, source), stack, source, n_at_once)
    reference = np.maximum(at_constant, _mean(initial) + _on_host(penalty))
    earlier = [0.0 if job.past is None else job.past.reference_loss for job in jobs]
    return np.maximum(reference, earlier)


def _constant(job: Job, stack: Stack, source: Source) -> np.ndarray:
    """Return the raw prediction of no model at all, (1, n_outputs)."""
    if not (job.loss.has_link and stack.terms.network.output_bias):
        return np.zeros((1, stack.n_outputs))
    return baseline_on(source, job)[None]


def baseline_on(source: Source, job: Job) -> np.ndarray:
    """Return the best constant of the loss of a job, (n_outputs,)."""
    weight, loss = job.sample_weight, job.loss
    parts = [] if weight is not None else [*source.targets(Weights(), loss.targets)]
    if len(parts) == 1 and parts[0].weight is not None:
        return loss.baseline(to_numpy(parts[0].y), to_numpy(parts[0].weight)[0])
    return loss.baseline(to_numpy(source.some_targets(source.n_samples)), weight)


def mean_loss_at(raw: np.ndarray, stack: Stack, source: Source, n_at_once: int) -> np.ndarray:
    """Return the mean loss of the same raw predictions for all rows, (n_fits,) or (1,).

    Parameters
    ----------
    raw : ndarray of shape (n_fits or 1, n_outputs)
        Raw predictions.
    """
    xp = namespace(stack.params)
    constant = xp.asarray(raw[:, None, :], dtype=stack.params.dtype, device=stack.params.device)
    total: PerFit = 0.0
    for part in source.targets(stack.weights, stack.terms.loss.targets):
        for block in _value_blocks(constant, stack, part, n_at_once):
            total = total + _on_host(block)
    return total / source.n_samples


def _value_blocks(
    constant: Array, stack: Stack, targets: Targets, n_at_once: int
) -> Iterator[Array]:
    """Yield weighted sums of the losses of some rows each, (n_fits,) or (1,)."""
    # Only the hyperparameters of the loss can differ, so mostly one fit stands for all.
    xp, loss, n_samples = namespace(constant), stack.terms.loss, targets.y.shape[0]
    is_varied = _is_varied(loss) or constant.shape[0] > 1
    n_fits = stack.params.shape[0] if is_varied else 1
    for block in blocks(n_samples, n_at_once if is_varied else n_samples):
        y = targets.y[block, ...]
        shape = (n_fits, y.shape[0], stack.n_outputs)
        raw = xp.zeros(shape, dtype=constant.dtype, device=constant.device)
        values = loss.value_and_gradient(y, raw + constant)[0]
        weight = xp.ones_like(values) if targets.weight is None else targets.weight[:, block]
        yield weighted_sum(values, weight)


def _initial_values(stack: Stack, source: Source, n_at_once: int) -> Iterator[Array]:
    """Yield the losses of the first rows, (n_fits, n_at_once)."""
    for block in blocks(min(N_ROWS, source.n_samples), n_at_once):
        rows = source.batch(block.start, block.stop - block.start, None, Weights())
        yield stack.terms.loss.value_and_gradient(rows.y, _initial_raw(stack, rows.X))[0]


def _initial_raw(stack: Stack, X: FeatureMatrix) -> RawPredictions:
    """Return raw predictions; those of linear models without weights are their intercepts."""
    network, params = stack.terms.network, stack.params
    xp, (*hidden, last) = namespace(params), network.layout.layers
    if hidden or bool(xp.any(network.layout.weights(params) != 0)):
        return network.forward(params, X, stack.terms.context)[0]
    shape = params.shape[0], X.shape[0], last.n_out
    raw = xp.zeros(shape, dtype=params.dtype, device=params.device)
    return raw + last.bias(params) if last.has_bias else raw


def _mean(values: Array) -> np.ndarray:
    """Return the mean over samples of every fit on the host."""
    return _on_host(namespace(values).mean(values, axis=-1))


def _on_host(values: Array) -> np.ndarray:
    return np.asarray(to_numpy(values), dtype=np.float64)


def _is_varied(loss: Loss) -> bool:
    """Whether fits of a stack have different hyperparameters of the loss."""
    names = [name for name, domain in loss.parameters.items() if domain.fusable]
    values = [np.atleast_1d(to_numpy(getattr(loss, name))) for name in names]
    return any((value != value[:1]).any() for value in values)
