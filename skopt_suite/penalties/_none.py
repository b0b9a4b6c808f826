"""No penalty."""

from __future__ import annotations

from skopt_suite.penalties._base import Penalty


class NoPenalty(Penalty):
    """No penalty, by name ``"none"``.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> reg = LinearRegressor(penalty="none")
    """

    scratch_arrays = 0
    name = "none"

    def curvature(self) -> float:
        """Return 0."""
        return 0.0
