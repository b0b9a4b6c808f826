"""What penalties are, as data: known to penalties, optimizers and training."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite.backends import FitColumn, FlatWeights


class Separable(NamedTuple):
    """``Σ_j l1_j |w_j| + l2_j / 2 w_j²``, on ``w ≥ 0`` if `is_positive`.

    Strengths are numbers of shape (n_fits, 1) or (n_fits, n_weights); None where there is no such
    part.
    """

    l1: FitColumn | FlatWeights | None
    l2: FitColumn | FlatWeights | None
    is_positive: bool


class Blockwise(NamedTuple):
    """``Σ_g norm_g ‖w_g‖ + Σ_j l1_j |w_j| + l2_j / 2 w_j²``, on ``lower ≤ w ≤ upper``.

    Strengths and bounds are numbers, or of shape (n_fits, 1) or (n_fits, n_weights); None is 0.
    """

    l1: Any
    l2: Any
    lower: Any
    upper: Any
    norm: Any = None
    """(n_fits, n_groups); None: there are no groups."""
    members: Any = None
    """The positions of weights, group by group."""
    starts: Any = None
    """Where each group begins among them, and where the last one ends."""


class Description(NamedTuple):
    """A penalty as compiled steps know it."""

    separable: Separable
    """All there is of a separable one; of others L2, and ``w ≥ 0``."""
    formula: Any = None
    """The function of the class that makes it another: the slope of a concave function of sizes,
    which is then what L1 is here, or what moves weights after a step."""
    numbers: tuple[Any, ...] = ()
    """What the formula takes, each of shape (n_fits, 1), (n_fits, n_weights) or, of groups,
    (n_fits, n_groups)."""
    has_slope: bool = True
    """Whether the part that is not smooth has a slope, with which steps by signs go on."""
    members: Any = None
    """The positions of weights, group by group."""
    starts: Any = None
    """Where each group begins among them, and where the last one ends."""
