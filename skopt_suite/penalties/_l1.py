"""The sum of absolute values."""

from __future__ import annotations

from collections.abc import Sequence

from skopt_suite.backends import FitColumn, FlatWeights, PerFit, like, namespace
from skopt_suite.domains import Boolean, LogUniform, Real, Vector
from skopt_suite.penalties._base import Penalty, scaled_sum, soft_threshold


class L1(Penalty):
    """The sum of absolute values: lasso. Gives exact zeros with every optimizer.

    ``alpha * ‖w‖₁``, added to the mean loss.

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength; of networks also one for each layer, the first of them for the input.
    positive : bool, default=False
        Whether weights are kept from being negative.

    References
    ----------
    N. Parikh and S. Boyd, "Proximal Algorithms", Foundations and Trends in Optimization 1, 2014,
    section 6.5.2.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import L1
    >>> reg = LinearRegressor(penalty=L1(alpha=0.1))
    """

    scratch_arrays = 0
    # For features and targets of about unit scale nearly all weights are zero beyond 0.1.
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-5, 1e-1)), per="layer"),
        "positive": Boolean(),
    }

    def __init__(self, alpha: float | Sequence[float] = 1e-4, positive: bool = False) -> None:
        self.alpha: FitColumn | FlatWeights = alpha
        self.positive = positive

    @property
    def has_prox(self) -> bool:
        """True."""
        return True

    def curvature(self) -> float:
        """Return 0: there is no smooth part."""
        return 0.0

    def nonsmooth_value(self, weights: FlatWeights) -> PerFit:
        """Return ``alpha * ‖w‖₁``."""
        return scaled_sum(self.alpha, namespace(weights).abs(weights))

    def prox(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> FlatWeights:
        """Return the weights soft-thresholded at ``alpha * step_size``."""
        return shrink(weights, self.alpha, step_size, self.positive)


def shrink(
    weights: FlatWeights,
    strength: FitColumn | FlatWeights,
    step_size: FitColumn | FlatWeights,
    positive: bool,
) -> FlatWeights:
    """Return the proximal operator of a scaled absolute value, on [0, ∞) if `positive`."""
    strength, step_size = like(weights, strength, step_size)
    threshold = strength * step_size
    if positive:
        return namespace(weights).clip(weights - threshold, 0.0, None)
    return soft_threshold(weights, threshold)
