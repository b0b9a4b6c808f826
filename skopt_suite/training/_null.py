"""The loss of the best constant: the unit that progress is measured in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from skopt_suite.backends import to_numpy
from skopt_suite.training._reference import mean_loss_at
from skopt_suite.training._rows import Source
from skopt_suite.training._stack import Stack


def null_losses(stack: Stack, source: Source, n_at_once: int) -> np.ndarray:
    """Return the lowest loss of raw predictions that are the same for all rows, (n_fits,).

    A model without an intercept has 0 for all rows and no other.
    """
    constants = [np.zeros((1, stack.n_outputs))]
    if stack.terms.network.output_bias:
        y = to_numpy(source.sample(source.n_samples).y)
        values = stack.weights.values
        weights = [None] if values is None else list(to_numpy(values))
        each = [_constants(y, weight, stack.n_outputs) for weight in weights]
        constants += [np.stack(raw) for raw in zip(*each, strict=True)]
    losses = [mean_loss_at(raw, stack, source, n_at_once) for raw in constants]
    losses = [np.broadcast_to(loss, (stack.params.shape[0],)) for loss in losses]
    return np.min(losses, axis=0)


def _constants(y: np.ndarray, weight: np.ndarray | None, n_outputs: int) -> Iterator[np.ndarray]:
    """Yield what is the best constant of one loss or another, of shape (n_outputs,)."""
    if y.ndim == 1:
        mean = np.bincount(y, weight, minlength=n_outputs) / len(y)
        yield np.log(np.maximum(mean, 1 / len(y)))
        yield np.sign(2 * mean - 1)
        return
    mean = np.average(y, axis=0, weights=weight)
    yield mean
    yield np.partition(y, len(y) // 2, axis=0)[len(y) // 2]  # median
    if y.min() >= 0 and y.max() <= 1:  # classes or labels
        share = np.clip(mean, 1 / len(y), 1 - 1 / len(y))
        yield np.log(share / (1 - share))
        yield np.sign(2 * mean - 1)
