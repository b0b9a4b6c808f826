"""What the loss of a fit is compared with to see that it diverges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from skopt_suite.backends import Array, Params, namespace, to_numpy
from skopt_suite.training._constants import Constants
from skopt_suite.training._job import Job
from skopt_suite.training._numbers import is_varied
from skopt_suite.training._objective import Terms
from skopt_suite.training._rows import Source, Weights, blocks
from skopt_suite.training._stack import Stack

N_ROWS = 256  # rows on which the initial parameters are evaluated


def reference_losses(
    jobs: Sequence[Job], stack: Stack, source: Source, n_at_once: int, constants: Constants
) -> np.ndarray:
    """Return the larger of the loss of no model at all and that of the initial parameters.

    The initial parameters are tried on `n_at_once` rows at once, so that it takes hardly more
    memory than a step.
    """
    if jobs[0].paused is not None:
        return np.array([job.paused.memory.reference_loss for job in jobs if job.paused])
    reference = constants.loss_of_no_model.copy()
    if not _predicts(stack, constants.of_no_model):
        reference = np.maximum(reference, _initial_losses(stack, source, n_at_once))
    if jobs[0].past is None:
        return reference
    return np.maximum(reference, [job.past.reference_loss for job in jobs if job.past])


def _predicts(stack: Stack, constant: np.ndarray) -> bool:
    """Whether all fits begin as linear models that predict a constant, or one each."""
    network, params = stack.terms.network, stack.params
    if network.n_hidden or bool(namespace(params).any(network.layout.weights(params))):
        return False
    (layer,) = network.layout.layers
    if not layer.has_bias:
        return not constant.any()
    bias = to_numpy(layer.bias(params))[:, 0, :]
    return bool((bias == constant.astype(bias.dtype)).all())


def _initial_losses(stack: Stack, source: Source, n_at_once: int) -> np.ndarray:
    """Return the objectives of initial parameters on the first rows, (n_fits,)."""
    xp, params = namespace(stack.params), stack.params
    terms, first = _one_for_all(stack) or (stack.terms, params)
    losses = xp.mean(xp.concat(list(_values(terms, first, source, n_at_once)), axis=-1), axis=-1)
    penalty = stack.terms.penalty.value(stack.terms.network.layout.weights(params))
    return np.asarray(to_numpy(losses + penalty), dtype=np.float64)


def _one_for_all(stack: Stack) -> tuple[Terms, Params] | None:
    """Return the terms and parameters of one of several fits if all predict and lose alike.

    In a search, most begin at the same parameters.
    """
    params, terms = stack.params, stack.terms
    if len(stack.index) == 1 or terms.context.columns is not None or is_varied(terms.loss):
        return None
    xp = namespace(params)
    if not bool(xp.all(params == params[:1, :])):
        return None
    index = xp.zeros(1, dtype=xp.int64, device=params.device)
    return terms.take(index), params[:1, :]


def _values(terms: Terms, params: Params, source: Source, n_at_once: int) -> Iterator[Array]:
    """Yield the losses of the first rows, (n_fits, n_at_once)."""
    for block in blocks(min(N_ROWS, source.n_samples), n_at_once):
        rows = source.batch(block.start, block.stop - block.start, None, Weights())
        raw = terms.network.forward(params, rows.X, terms.context)[0]
        yield terms.loss.value_and_gradient(rows.y, raw)[0]
