"""What a separable penalty is, as data: known to penalties, optimizers and training."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import FitColumn, FlatWeights


class Separable(NamedTuple):
    """``Σ_j l1_j |w_j| + l2_j / 2 w_j²``, on ``w ≥ 0`` if `is_positive`.

    Strengths are numbers of shape (n_fits, 1) or (n_fits, n_weights); None where there is no such
    part.
    """

    l1: FitColumn | FlatWeights | None
    l2: FitColumn | FlatWeights | None
    is_positive: bool
