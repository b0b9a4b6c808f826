"""The sum of absolute values."""

from __future__ import annotations

from collections.abc import Sequence

from skopt_suite._separable import Separable
from skopt_suite.backends import FitColumn, FlatWeights
from skopt_suite.domains import Boolean, LogUniform, Real, Vector
from skopt_suite.penalties._separable import SeparablePenalty


class L1(SeparablePenalty):
    """The sum of absolute values: lasso. Gives exact zeros with every optimizer.

    ``alpha * ‖w‖₁``, added to the mean loss. Where steps see all rows, weights are soft-thresholded
    after each; where they see minibatches, by all that weights at 0 still owe to the penalty, since
    noise would lift them again after each step (FTRL-Proximal).

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength; of networks also one for each layer, the first of them for the input, of
        linear models one for each output.
    positive : bool, default=False
        Whether weights are kept from being negative.

    See Also
    --------
    ElasticNet : Takes correlated features together.
    WeightedL1 : A strength for each feature.
    MCP : Does not shrink what is large.
    GroupLasso : Groups that are 0 together.

    References
    ----------
    N. Parikh and S. Boyd, "Proximal Algorithms", Foundations and Trends in Optimization 1, 2014,
    section 6.5.2; H. B. McMahan, "Follow-the-Regularized-Leader and Mirror Descent: Equivalence
    Theorems and L1 Regularization", AISTATS 2011; Y. Tsuruoka, J. Tsujii and S. Ananiadou,
    "Stochastic Gradient Descent Training for L1-regularized Log-linear Models with Cumulative
    Penalty", ACL 2009.

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

    def _strengths(self) -> Separable:
        return Separable(self.alpha, None, self.positive)
