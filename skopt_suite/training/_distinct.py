"""Distinct targets and how often they come, which is all that losses of constants need.

On a device, that spares it passes over all rows, and rows the way to the host.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.backends import Array, TargetColumns, namespace, to_numpy


def counted(y: TargetColumns, targets: TargetType) -> tuple[Array, Array] | None:
    """Return distinct targets, (n_distinct, 1), and their numbers in float64, or None.

    None: targets are on the host, or not classes of which every one comes.
    """
    n_classes = 2 if targets.kind == "labels" else targets.n_outputs
    if isinstance(y, np.ndarray) or targets.kind == "numbers" or targets.n_columns > 1:
        return None
    xp = namespace(y)
    found = xp.unique_counts(y[:, 0])
    if found.values.shape[0] != n_classes:
        return None
    return found.values[:, None], xp.astype(found.counts, xp.float64)


def targets_for_baseline(
    y: TargetColumns, targets: TargetType, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return targets on the host, and weights, that have the best constant of all.

    Parameters
    ----------
    y : array of shape (n_samples, n_columns)
        Targets.
    targets : TargetType
        What they are.
    weight : ndarray of shape (n_samples,) or None
        Weights of the samples; None: all 1.
    """
    found: Any = counted(y, targets) if weight is None else None
    return (to_numpy(y), weight) if found is None else tuple(map(to_numpy, found))
