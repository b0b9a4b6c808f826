"""The squared Euclidean norm."""

from __future__ import annotations

from collections.abc import Sequence

from skopt_suite._separable import Separable
from skopt_suite.backends import FitColumn, FlatWeights
from skopt_suite.domains import Boolean, LogUniform, Real, Vector
from skopt_suite.penalties._separable import SeparablePenalty


class L2(SeparablePenalty):
    """Half the squared Euclidean norm: ridge, weight decay.

    ``alpha / 2 * ‖w‖²``, added to the mean loss.

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength; of networks also one for each layer, the first of them for the input, of
        linear models one for each output.
    positive : bool, default=False
        Whether weights are kept from being negative.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import L2
    >>> reg = LinearRegressor(penalty=L2(alpha=0.1))
    """

    scratch_arrays = 0
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-6, 1)), per="layer"),
        "positive": Boolean(),
    }

    def __init__(self, alpha: float | Sequence[float] = 1e-4, positive: bool = False) -> None:
        self.alpha: FitColumn | FlatWeights = alpha
        self.positive = positive

    @property
    def has_gradient(self) -> bool:
        """True."""
        return True

    @property
    def has_prox(self) -> bool:
        """Whether weights are kept from being negative."""
        return self.positive

    def _strengths(self) -> Separable:
        return Separable(None, self.alpha, self.positive)
