"""The sum of norms of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skopt_suite.domains import Boolean, LogUniform, Real, Vector
from skopt_suite.penalties._feature_groups import FeatureGroups
from skopt_suite.penalties._group_penalty import GroupPenalty


class GroupLasso(GroupPenalty):
    """The sum of the norms of groups of weights, which are 0 together or not at all.

    ``alpha * Σ_g √p_g ‖w_g‖``, p being the size of a group, added to the mean loss.

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength; of networks also one for each layer, the first of them for the input.
    groups : str, labels, or list of index arrays, default="units"
        ``"units"``: all weights out of one feature or hidden unit, so that features and units die;
        with several outputs of a linear model it is the multi-task lasso. ``"incoming"``: all
        weights into one hidden unit. A label for each feature, or a list of arrays of indices: all
        weights out of features of the same label or array; features in none have no penalty, and
        the later layers of networks are as for ``"units"``.
    positive : bool, default=False
        Whether weights are kept from being negative.

    See Also
    --------
    SparseGroupLasso : Zeros inside of groups, too.
    L1 : Every weight is a group.

    References
    ----------
    M. Yuan and Y. Lin, "Model Selection and Estimation in Regression with Grouped Variables",
    Journal of the Royal Statistical Society B 68, 2006; S. Scardapane, D. Comminiello, A. Hussain
    and A. Uncini, "Group Sparse Regularization for Deep Neural Networks", Neurocomputing 241, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import GroupLasso
    >>> X = np.random.default_rng(0).normal(size=(200, 6))
    >>> y = X @ [1.0, 2.0, 3.0, 0.0, 0.0, 0.1]
    >>> reg = LinearRegressor(penalty=GroupLasso(alpha=0.2, groups=["a", "a", "a", "b", "b", "b"]))
    >>> (reg.fit(X, y).coef_ != 0).tolist()
    [True, True, True, False, False, False]
    """

    scratch_arrays = 12
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-5, 1e-1)), per="layer"),
        "groups": FeatureGroups(),
        "positive": Boolean(),
    }

    def __init__(
        self,
        alpha: float | Sequence[float] = 1e-4,
        groups: str | Sequence[Any] = "units",
        positive: bool = False,
    ) -> None:
        self.alpha = alpha
        self.groups = groups
        self.positive = positive

    def _shares(self) -> tuple[float, float]:
        return 0.0, 1.0
