"""The mixture of L1 and L2."""

from __future__ import annotations

from collections.abc import Sequence

from skopt_suite._separable import Separable
from skopt_suite.backends import FitColumn, FlatWeights
from skopt_suite.domains import Boolean, LogUniform, Real, Uniform, Vector
from skopt_suite.penalties._separable import SeparablePenalty


class ElasticNet(SeparablePenalty):
    """A mixture of L1 and L2.

    ``alpha * (l1_ratio * ‖w‖₁ + (1 - l1_ratio) / 2 * ‖w‖²)``, added to the mean loss.

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength; of networks also one for each layer, the first of them for the input, of
        linear models one for each output.
    l1_ratio : float in [0, 1], default=0.5
        Share of L1.
    positive : bool, default=False
        Whether weights are kept from being negative.

    See Also
    --------
    L1 : The one end of the mixture.
    L2 : The other one.
    SparseGroupLasso : The mixture with groups.
    Sum : Any smooth penalty with any other.

    References
    ----------
    H. Zou and T. Hastie, "Regularization and Variable Selection via the Elastic Net", Journal of
    the Royal Statistical Society B 67, 2005 (the naive elastic net).

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import ElasticNet
    >>> reg = LinearRegressor(penalty=ElasticNet(alpha=0.1, l1_ratio=0.9))
    """

    scratch_arrays = 0
    # The strength as for L1; the share as for glmnet in Probst, Boulesteix and Bischl, "Tunability:
    # Importance of Hyperparameters of Machine Learning Algorithms", JMLR 20, 2019.
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-5, 1e-1)), per="layer"),
        "l1_ratio": Real(0, 1, search=Uniform(0, 1)),
        "positive": Boolean(),
    }

    def __init__(
        self, alpha: float | Sequence[float] = 1e-4, l1_ratio: float = 0.5, positive: bool = False
    ) -> None:
        self.alpha: FitColumn | FlatWeights = alpha
        self.l1_ratio = l1_ratio
        self.positive = positive

    @property
    def has_gradient(self) -> bool:
        """True."""
        return True

    @property
    def has_prox(self) -> bool:
        """True."""
        return True

    def _strengths(self) -> Separable:
        l1, l2 = self.alpha * self.l1_ratio, self.alpha * (1 - self.l1_ratio)
        return Separable(l1, l2, self.positive)
