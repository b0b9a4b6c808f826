"""No penalty."""

from __future__ import annotations

from skopt_suite._separable import Separable
from skopt_suite.penalties._separable import SeparablePenalty


class NoPenalty(SeparablePenalty):
    """No penalty, by name ``"none"``.

    See Also
    --------
    L2 : The default of estimators.
    Box : Bounds without a strength.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(penalty="none")
    """

    scratch_arrays = 0
    name = "none"

    def _strengths(self) -> Separable:
        return Separable(l1=None, l2=None, is_positive=False)
