"""Dropout."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import Array, Placement
from skopt_suite.models import Network


def draw_masks(
    random_state: np.random.RandomState,
    rates: Array,
    network: Network,
    n_samples: int,
    placement: Placement,
) -> list[Array]:
    """Return what the units of every hidden layer are multiplied by.

    0 with probability `rate`, else ``1 / (1 - rate)``, so that the mean is 1 (inverted dropout;
    N. Srivastava et al., "Dropout", Journal of Machine Learning Research 15, 2014, section 10).
    All fits share the draws, so a fit drops the same units in a stack as alone.

    Parameters
    ----------
    rates : array of shape (n_fits, n_hidden)
        Dropout rate of every hidden layer.

    Returns
    -------
    masks : list of arrays of shape (n_fits, n_samples, n_units)
        One for every hidden layer.
    """
    masks = []
    for depth, n_units in enumerate(network.sizes[1:-1]):
        draws = random_state.random_sample((1, n_samples, n_units))
        draws = placement.xp.astype(placement.asarray(draws), rates.dtype)
        rate = rates[:, depth][:, None, None]
        masks.append(placement.xp.astype(draws >= rate, rates.dtype) / (1 - rate))
    return masks
