"""The minimax concave penalty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skopt_suite.backends import Array, namespace
from skopt_suite.domains import Boolean, LogUniform, Real, Vector
from skopt_suite.penalties._folded_concave import FoldedConcave, filled


class MCP(FoldedConcave):
    """The minimax concave penalty: L1 for small weights, no shrinkage of large ones.

    ``Σ_j f(|w_j|)`` with ``f(u) = alpha u - u² / (2 gamma)`` up to ``u = gamma alpha``, and
    ``gamma alpha² / 2`` beyond, added to the mean loss. It is not convex: training ends in a
    stationary point, mostly near the one where it began. Zeros are exact with every optimizer.

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength at 0; of networks also one for each layer, the first of them for the input, of
        linear models one for each output.
    gamma : float > 1, default=3.0
        How soon it flattens out; L1 where it is infinite. With features of unit variance and half
        the squared error, the objective is convex along every weight.
    positive : bool, default=False
        Whether weights are kept from being negative.

    See Also
    --------
    SCAD : Shrinks in full up to the strength.
    L1 : The convex one, which shrinks all weights alike.
    WeightedL1 : Convex, with strengths that you give.

    References
    ----------
    C.-H. Zhang, "Nearly Unbiased Variable Selection under Minimax Concave Penalty", Annals of
    Statistics 38, 2010; P. Breheny and J. Huang, "Coordinate Descent Algorithms for Nonconvex
    Penalized Regression, with Applications to Biological Feature Selection", Annals of Applied
    Statistics 5, 2011 (gamma=3).

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import MCP
    >>> reg = LinearRegressor(penalty=MCP(alpha=0.1))
    """

    scratch_arrays = 8
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-5, 1e-1)), per="layer"),
        "gamma": Real(1, open_low=True),
        "positive": Boolean(),
    }

    def __init__(
        self, alpha: float | Sequence[float] = 1e-4, gamma: float = 3.0, positive: bool = False
    ) -> None:
        self.alpha: Any = alpha
        self.gamma: Any = gamma
        self.positive = positive

    def _of_size(self, size: Array, alpha: Array, gamma: Array) -> Array:
        u = namespace(size).minimum(size, alpha * gamma)
        return u * (alpha - u / (2 * gamma))

    def _slope(self, size: Array, alpha: Array, gamma: Array) -> Array:
        return namespace(size).clip(alpha - size / gamma, 0.0, None)

    def _shrunk(self, size: Array, step: Array, alpha: Array, gamma: Array) -> Array:
        # With long steps all between 0 and where f is flat is worse than one of the two.
        xp, is_convex = namespace(size), step < gamma
        share = filled(is_convex, 1 - step / gamma, 1.0)
        between = xp.clip(size - step * alpha, 0.0, None) / share
        flat_at = xp.where(is_convex, alpha * gamma, alpha * xp.sqrt(step * gamma))
        below = xp.where(is_convex, between, xp.zeros_like(between))
        return xp.where(size <= flat_at, below, size)
