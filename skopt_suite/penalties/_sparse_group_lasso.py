"""The mixture of L1 and the group lasso."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skopt_suite.domains import Boolean, LogUniform, Real, Uniform, Vector
from skopt_suite.penalties._feature_groups import FeatureGroups
from skopt_suite.penalties._group_penalty import GroupPenalty


class SparseGroupLasso(GroupPenalty):
    """A mixture of L1 and the group lasso: few groups, and few weights in each.

    ``alpha * (l1_ratio * ‖w‖₁ + (1 - l1_ratio) * Σ_g √p_g ‖w_g‖)``, p being the size of a group,
    added to the mean loss.

    Parameters
    ----------
    alpha : float >= 0, or a sequence of them, default=1e-4
        Strength; of networks also one for each layer, the first of them for the input.
    l1_ratio : float in [0, 1], default=0.95
        Share of L1.
    groups : str, labels, or list of index arrays, default="units"
        ``"units"``: all weights out of one feature or hidden unit, so that features and units die.
        ``"incoming"``: all weights into one hidden unit. A label for each feature, or a list of
        arrays of indices: all weights out of features of the same label or array; features in none
        have no penalty, and the later layers of networks are as for ``"units"``.
    positive : bool, default=False
        Whether weights are kept from being negative.

    See Also
    --------
    GroupLasso : No zeros inside of groups.
    ElasticNet : The mixture without groups.
    L1 : Zeros without groups.

    References
    ----------
    N. Simon, J. Friedman, T. Hastie and R. Tibshirani, "A Sparse-Group Lasso", Journal of
    Computational and Graphical Statistics 22, 2013 (l1_ratio=0.95); S. Scardapane, D. Comminiello,
    A. Hussain and A. Uncini, "Group Sparse Regularization for Deep Neural Networks",
    Neurocomputing 241, 2017.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.penalties import SparseGroupLasso
    >>> clf = MLPClassifier(penalty=SparseGroupLasso(alpha=1e-3, l1_ratio=0.5))
    """

    scratch_arrays = 12
    parameters = {
        "alpha": Vector(Real(0, search=LogUniform(1e-5, 1e-1)), per="layer"),
        "l1_ratio": Real(0, 1, search=Uniform(0, 1)),
        "groups": FeatureGroups(),
        "positive": Boolean(),
    }

    def __init__(
        self,
        alpha: float | Sequence[float] = 1e-4,
        l1_ratio: float = 0.95,
        groups: str | Sequence[Any] = "units",
        positive: bool = False,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio: Any = l1_ratio
        self.groups = groups
        self.positive = positive

    def _shares(self) -> tuple[Any, Any]:
        return self.l1_ratio, 1 - self.l1_ratio
