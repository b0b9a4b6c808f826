"""Dropout."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import Array, Placement


def dropout_masks(
    seed: int,
    step: int,
    rates: Array,
    sizes: tuple[int, ...],
    n_samples: int,
    placement: Placement,
) -> list[Array]:
    """Return what the units of every hidden layer are multiplied by.

    0 with probability `rate`, else ``1 / (1 - rate)``, so that the mean is 1 (inverted dropout;
    N. Srivastava et al., "Dropout", Journal of Machine Learning Research 15, 2014, section 10).
    All fits share the draws, so a fit drops the same units in a stack as alone.

    Parameters
    ----------
    seed, step : int
        What the draws are a function of, with layer, row and unit.
    rates : array of shape (n_fits, n_hidden)
        Dropout rate of every hidden layer.
    sizes : tuple of int
        Units of every hidden layer.
    n_samples : int
        Number of rows.
    placement : Placement
        Where the masks are to live.

    Returns
    -------
    masks : list of arrays of shape (n_fits, n_samples, n_units)
        One for every hidden layer.
    """
    masks = []
    random = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 1, step]))
    for depth, n_units in enumerate(sizes):
        draws = placement.asarray(random.random((1, n_samples, n_units)))
        draws = placement.xp.astype(draws, rates.dtype)
        rate = rates[:, depth][:, None, None]
        masks.append(placement.xp.astype(draws >= rate, rates.dtype) / (1 - rate))
    return masks
