"""Bounds on weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from skopt_suite._layout import Layout
from skopt_suite.backends import FitColumn, FlatWeights, PerFit, like, namespace
from skopt_suite.domains import Real, Vector
from skopt_suite.penalties._base import Penalty


class Box(Penalty):
    """Bounds: ``low <= w <= high`` for every weight.

    Weights are projected after each step. In networks, bounds that are given for each feature are
    those of the weights out of it, and weights of later layers have none.

    Parameters
    ----------
    low : float, a sequence of them, or None, default=-1.0
        The least that a weight may be, also for each feature; None: there is no such bound.
    high : float, a sequence of them, or None, default=1.0
        The most that a weight may be, also for each feature; None: there is no such bound.

    References
    ----------
    N. Parikh and S. Boyd, "Proximal Algorithms", Foundations and Trends in Optimization 1, 2014,
    section 6.2.4.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import Box
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = LinearRegressor(penalty=Box(low=0.0, high=300.0)).fit(X, y)
    >>> float(reg.coef_.min()), float(reg.coef_.max())
    (0.0, 300.0)
    """

    scratch_arrays = 2
    parameters = {
        "low": Vector(Real(optional=True), per="feature"),
        "high": Vector(Real(optional=True), per="feature"),
    }

    def __init__(
        self,
        low: float | Sequence[float] | None = -1.0,
        high: float | Sequence[float] | None = 1.0,
    ) -> None:
        self.low: Any = low
        self.high: Any = high

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.low is None or self.high is None:
            return
        low, high = np.ravel(self.low), np.ravel(self.high)
        if len({1, len(low), len(high)}) > 2 or (low > high).any():
            raise ValueError(
                f"Box: low must not be more than high, entry by entry; got low={self.low!r} and "
                f"high={self.high!r}."
            )

    def on(self, layout: Layout) -> Self:
        """Return the stacked penalty with bounds per weight."""
        resolved = super().on(layout)
        for name, unbounded in (("low", -np.inf), ("high", np.inf)):
            bound = getattr(self, name)
            if bound is not None:
                setattr(resolved, name, layout.per_weight_of_inputs(bound, elsewhere=unbounded))
        return resolved

    @property
    def has_prox(self) -> bool:
        """True."""
        return True

    @property
    def needs_step_size(self) -> bool:
        """False: it projects."""
        return False

    def curvature(self) -> float:
        """Return 0: there is no smooth part."""
        return 0.0

    def project(self, weights: FlatWeights) -> FlatWeights:
        """Return the weights within their bounds."""
        xp = namespace(weights)
        if self.low is not None:
            weights = xp.maximum(weights, *like(weights, self.low))
        return weights if self.high is None else xp.minimum(weights, *like(weights, self.high))

    def nonsmooth_value(self, weights: FlatWeights) -> PerFit:
        """Return 0; the constraint counts for nothing."""
        return namespace(weights).zeros_like(weights[:, 0])

    def prox(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> FlatWeights:
        """Return the weights within their bounds, whatever the step size."""
        return self.project(weights)
