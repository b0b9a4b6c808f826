"""L1 for steps whose length does not grow with the gradient, such as those by its sign.

For these no length is the penalty's part of a step. So its slope comes with the gradient: the sign
of a weight, and where the weight is 0, what the steps find themselves. A step that would cross 0
turns the slope instead, from one side to the other over a certain width, and the weight stays 0
meanwhile. At rest, gradient and slope cancel: that is the optimum, whatever the width. (With
``z = w + width * slope``, z moves as the rule says, and w is z after a soft threshold: Bregman's
iteration.)

The width is a share of the way that steps have come, so that noise averages out over an ever longer
time, and a weight that is 0 can become another within a like share of the steps.

References
----------
S. Osher et al., "Sparse recovery via differential inclusions", Applied and Computational Harmonic
Analysis 41, 2016; L. Bungert et al., "A Bregman Learning Framework for Sparse Neural Networks",
JMLR 23, 2022.
"""

from __future__ import annotations

from skopt_suite._separable import Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, like, namespace

SHARE = 0.05
"""Of the way that steps have come."""


def add_slopes(gradient: FlatWeights, owed: Array, separable: Separable) -> None:
    """Add the slope of L1 to the gradient of weights.

    Parameters
    ----------
    gradient : array of shape (n_fits, n_weights)
        That of the smooth part; overwritten.
    owed : array of shape (n_fits, 2, n_weights)
        Slopes from -1 to 1, and widths.
    separable : Separable
        The strengths.
    """
    if separable.l1 is not None:
        gradient += like(gradient, separable.l1)[0] * owed[:, 0, :]


def turn(
    weights: FlatWeights, owed: Array, rate: FitColumn, separable: Separable
) -> tuple[FlatWeights, Array]:
    """Return weights and slopes after a step that went on through 0.

    Parameters
    ----------
    weights : array of shape (n_fits, n_weights)
        Where the step ended.
    owed : array of shape (n_fits, 2, n_weights)
        Slopes and widths before the step; overwritten.
    rate : array of shape (n_fits, 1)
        Length of the step.
    separable : Separable
        The strengths.
    """
    xp, (rate,) = namespace(weights), like(weights, rate)
    slope, width = owed[:, 0, :], owed[:, 1, :] + SHARE * rate * _acts(weights, separable)
    unit = xp.where(width > 0, width, xp.ones_like(width))
    turned = xp.clip(slope + weights / unit, -1.0, 1.0)
    turned = xp.where(width > 0, turned, xp.zeros_like(turned))
    is_zero = (turned < 1) & (width > 0)
    if not separable.is_positive:
        is_zero = is_zero & (turned > -1)
    left = xp.where(is_zero, xp.zeros_like(weights), weights + width * (slope - turned))
    return left, xp.stack([turned, width], axis=1)


def _acts(weights: FlatWeights, separable: Separable) -> FlatWeights:
    """Return 1 where there is something not smooth, else 0."""
    xp = namespace(weights)
    if separable.is_positive or separable.l1 is None:
        return xp.ones_like(weights)
    (l1,) = like(weights, separable.l1)
    return xp.astype(l1 + 0 * weights > 0, weights.dtype)
