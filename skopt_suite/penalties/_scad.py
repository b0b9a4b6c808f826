"""The smoothly clipped absolute deviation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skopt_suite.backends import Array, namespace
from skopt_suite.domains import Boolean, LogUniform, Real, Vector
from skopt_suite.penalties._folded_concave import FoldedConcave, filled


class SCAD(FoldedConcave):
    """The smoothly clipped absolute deviation: L1 for small weights, no shrinkage of large ones.

    ``Σ_j f(|w_j|)``, added to the mean loss, where f has the slope ``alpha`` up to ``alpha``, from
    there one that falls linearly to 0 at ``gamma alpha``, and is constant beyond. It is not convex:
    training ends in a stationary point, mostly near the one where it began. Zeros are exact with
    every optimizer.

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength at 0; of networks also one for each layer, the first of them for the input, of
        linear models one for each output.
    gamma : float > 2, default=3.7
        How soon it flattens out; L1 where it is infinite.
    positive : bool, default=False
        Whether weights are kept from being negative.

    See Also
    --------
    MCP : Shrinks less from 0 on.
    L1 : The convex one, which shrinks all weights alike.
    WeightedL1 : Convex, with strengths that you give.

    References
    ----------
    J. Fan and R. Li, "Variable Selection via Nonconcave Penalized Likelihood and its Oracle
    Properties", Journal of the American Statistical Association 96, 2001.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import SCAD
    >>> reg = LinearRegressor(penalty=SCAD(alpha=0.1))
    """

    scratch_arrays = 11
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-5, 1e-1)), per="layer"),
        "gamma": Real(2, open_low=True),
        "positive": Boolean(),
    }

    def __init__(
        self, alpha: float | Sequence[float] = 1e-4, gamma: float = 3.7, positive: bool = False
    ) -> None:
        self.alpha: Any = alpha
        self.gamma: Any = gamma
        self.positive = positive

    def _of_size(self, size: Array, alpha: Array, gamma: Array) -> Array:
        xp = namespace(size)
        u = xp.minimum(size, alpha * gamma)
        bent = xp.clip(u - alpha, 0.0, None)
        return alpha * u - bent * bent / (2 * (gamma - 1))

    def _slope(self, size: Array, alpha: Array, gamma: Array) -> Array:
        xp = namespace(size)
        falling = xp.clip(gamma * alpha - size, 0.0, None) / (gamma - 1)
        return xp.minimum(falling, alpha + 0 * size)

    def _shrunk(self, size: Array, step: Array, alpha: Array, gamma: Array) -> Array:
        # With long steps all between alpha and where f is flat is worse than one of the two.
        xp, is_convex = namespace(size), step < gamma - 1
        share = filled(is_convex, 1 - step / (gamma - 1), 1.0)
        soft = xp.clip(size - step * alpha, 0.0, None)
        between = (size - step * gamma * alpha / (gamma - 1)) / share
        short = xp.where(size <= alpha * (1 + step), soft, between)
        # where both are as good: the flat part and a soft-thresholded weight, or 0
        equal = xp.where(
            step <= gamma + 1, alpha * (gamma + 1 + step) / 2, alpha * xp.sqrt(step * (gamma + 1))
        )
        flat_at = xp.where(is_convex, alpha * gamma, equal)
        return xp.where(size <= flat_at, xp.where(is_convex, short, soft), size)
