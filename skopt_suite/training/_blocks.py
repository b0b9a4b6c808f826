"""Blocks of rows that passes over all rows go through, so that what they compute stays in cache."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

from skopt_suite.backends import Array, FeatureMatrix, Params, in_threads, threads_for_fit
from skopt_suite.models import Context, Network
from skopt_suite.training._rows import blocks

_CACHE = 2**22  # bytes of rows, and of what a pass computes of them
_WORK = 1_000_000  # multiplications that take long, next to the Python around them
_SUMS = 2**26  # bytes of sums of gradients, of all threads together
_ARRAYS = 3  # like the outputs of all layers: themselves, and gradients


def rows_of_block(network: Network, context: Context, params: Params, X: FeatureMatrix) -> int:
    """Return how many of the rows a pass takes at once; all where blocks change or bring nothing.

    Parameters
    ----------
    network, context : object
        The model; what is drawn, or found of all rows, needs them all.
    params : array of shape (n_fits, n_params)
        Parameters.
    X : array or sparse container of shape (n_samples, n_features)
        The rows.
    """
    n_samples, is_drawn = X.shape[0], context.dropout is not None or network.n_buffers > 0
    if is_drawn or type(X) is not np.ndarray or type(params) is not np.ndarray:
        return n_samples
    shares_inputs = context.columns is None
    return rows_in_cache(network, len(params), params.itemsize, n_samples, shares_inputs)


def rows_in_cache(
    network: Network, n_fits: int, item_size: int, n_samples: int, shares_inputs: bool = True
) -> int:
    """Return how many rows blocks have: as there is cache for, or twice as many at the most.

    Of a stack of few and small fits they are more, as others would be too little work.
    """
    n_in, *n_units = network.sizes
    n_inputs = n_in if shares_inputs else n_fits * n_in
    n_bytes = item_size * (n_inputs + _ARRAYS * n_fits * sum(n_units))
    n_rows = max(_CACHE // n_bytes, -(-_WORK // (n_fits * network.n_params)))
    return -(-n_samples // max(1, n_samples // n_rows))


def summed_in_blocks(
    means: Callable[[slice], tuple[Array, ...]], n_samples: int, n_rows: int, n_params: int
) -> list[Array]:
    """Return sums over rows from what a function returns of blocks: means over these, in float64.

    Parameters
    ----------
    means : callable
        From some rows to arrays, which may be overwritten; several threads call it at once.
    n_samples : int
        How many rows there are.
    n_rows : int
        How many of them a block has at most.
    n_params : int
        How many numbers the largest of the arrays has.
    """
    all_blocks = list(blocks(n_samples, n_rows))
    n_threads = threads_for_sums(n_params, len(all_blocks))
    ends = [rank * len(all_blocks) // n_threads for rank in range(n_threads + 1)]
    shares = [all_blocks[a:b] for a, b in pairwise(ends)]
    return added(in_threads(lambda some: _summed(means, some), shares))


def threads_for_sums(n_params: int, n_blocks: int) -> int:
    """Return how many threads may share blocks and each have sums of gradients.

    Those are of so many parameters in all fits; one block is hardly worth a thread.
    """
    most = min(n_blocks // 2, _SUMS // (8 * n_params))
    return 1 if most < 2 else min(threads_for_fit(), most)


def added(found: Iterable[list[Array]]) -> list[Array]:
    """Return sums of lists of arrays, term by term, in the memory of the first list."""
    return functools.reduce(_add, found)


def _summed(means: Callable[[slice], tuple[Array, ...]], some: list[slice]) -> list[Array]:
    totals: list[Array] = []
    for block in some:
        terms = means(block)
        for term in terms:
            term *= block.stop - block.start
        if totals:
            _add(totals, terms)
        else:
            totals = [term.astype(np.float64, copy=False) for term in terms]
    return totals


def _add(totals: list[Array], terms: Iterable[Array]) -> list[Array]:
    for total, term in zip(totals, terms, strict=True):
        total += term
    return totals
