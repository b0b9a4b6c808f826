"""The sum of absolute values, with a strength for each feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from skopt_suite._layout import Layout
from skopt_suite._separable import Separable
from skopt_suite.backends import FitColumn, FlatWeights
from skopt_suite.domains import Boolean, LogUniform, Real, Vector
from skopt_suite.penalties._separable import SeparablePenalty


class WeightedL1(SeparablePenalty):
    """The sum of absolute values, with a strength for each feature: the adaptive lasso.

    ``alpha * Σ_j v_j |w_j|`` with ``v = feature_weights``, added to the mean loss. In networks, all
    weights out of a feature have its strength, and those of later layers have `alpha`. As with
    `L1`, weights are exactly 0 with every optimizer.

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength; of networks also one for each layer, the first of them for the input, of
        linear models one for each output.
    feature_weights : float >= 0, or a sequence of them, default=1.0
        Factor on the strength for each feature; 0: the feature is free. The adaptive lasso takes
        ``1 / |w|^γ`` with the weights w of a model that was fitted without selection, ridge for
        instance, and γ of 0.5 to 2.
    positive : bool, default=False
        Whether weights are kept from being negative.

    See Also
    --------
    L1 : The same strength for all.
    MCP : Shrinks large weights less by itself.
    Box : Bounds for each feature.

    References
    ----------
    H. Zou, "The Adaptive Lasso and Its Oracle Properties", Journal of the American Statistical
    Association 101, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_regression
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import WeightedL1
    >>> X, y = make_regression(100, 20, n_informative=3, noise=5.0, random_state=0)
    >>> ridge = LinearRegressor(penalty="l2").fit(X, y)
    >>> adaptive = WeightedL1(alpha=5.0, feature_weights=1 / abs(ridge.coef_))
    >>> int(np.count_nonzero(LinearRegressor(penalty=adaptive).fit(X, y).coef_))
    3
    """

    scratch_arrays = 2
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-5, 1e-1)), per="layer"),
        "feature_weights": Vector(Real(0), per="feature"),
        "positive": Boolean(),
    }

    def __init__(
        self,
        alpha: float | Sequence[float] = 1e-4,
        feature_weights: float | Sequence[float] = 1.0,
        positive: bool = False,
    ) -> None:
        self.alpha: FitColumn | FlatWeights = alpha
        self.feature_weights: FitColumn | FlatWeights = feature_weights
        self.positive = positive

    def on(self, layout: Layout) -> Self:
        """Return the stacked penalty with the strength of every weight as `alpha`."""
        resolved = super().on(layout)
        factors = layout.per_weight_of_inputs(self.feature_weights, elsewhere=1.0)
        resolved.alpha = resolved.alpha * factors
        return resolved

    @property
    def has_prox(self) -> bool:
        """True."""
        return True

    def _strengths(self) -> Separable:
        return Separable(self.alpha, None, self.positive)
