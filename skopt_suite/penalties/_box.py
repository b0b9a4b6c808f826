"""Bounds on weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skopt_suite._layout import Layout
from skopt_suite._separable import Blockwise, Description, Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, PerFit, Placement, like, namespace
from skopt_suite.domains import Real, Vector
from skopt_suite.penalties._base import Penalty


@dataclass(frozen=True)
class _Bounds(Vector):
    """Bounds of features, of which some may be None; `missing` stands for these."""

    missing: float = np.nan

    def filled(self, value: Any) -> np.ndarray:
        """Return a bound or several as numbers."""
        given = [self.missing if bound is None else bound for bound in np.ravel(value)]
        return np.array(given, dtype=np.float64)

    def stack(self, values: Sequence[Any], placement: Placement, ndim: int) -> Array:
        """Return an array (n_fits, 1, ..., n_entries)."""
        return super().stack([self.filled(value) for value in values], placement, ndim)


_LOW, _HIGH = (
    _Bounds(Real(optional=True), per="feature", missing=missing) for missing in (-np.inf, np.inf)
)


class Box(Penalty):
    """Bounds: ``low <= w <= high`` for every weight.

    Weights are projected after each step. In networks, bounds that are given for each feature are
    those of the weights out of it, and weights of later layers have none.

    Parameters
    ----------
    low : float or None, or a sequence of them, default=-1.0
        The least that a weight may be, also for each feature; None: there is no such bound.
    high : float or None, or a sequence of them, default=1.0
        The most that a weight may be, also for each feature; None: there is no such bound.

    See Also
    --------
    MaxNorm : Bounds the norm of weights.
    L1 : With ``positive=True`` a bound at 0, and exact zeros.
    NoPenalty : No bounds.

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
    parameters = {"low": _LOW, "high": _HIGH}

    def __init__(
        self,
        low: float | Sequence[float | None] | None = -1.0,
        high: float | Sequence[float | None] | None = 1.0,
    ) -> None:
        self.low: Any = low
        self.high: Any = high

    def _check_parameters(self) -> None:
        super()._check_parameters()
        low, high = _LOW.filled(self.low), _HIGH.filled(self.high)
        given = f"got low={self.low!r} and high={self.high!r}."
        if len({1, len(low), len(high)}) > 2:
            raise ValueError(f"Box: low and high must be for as many features; {given}")
        if (low > high).any():
            raise ValueError(f"Box: low must not be more than high, entry by entry; {given}")

    def on(self, layout: Layout) -> Self:
        """Return the stacked penalty with bounds per weight."""
        resolved = super().on(layout)
        for name, domain in (("low", _LOW), ("high", _HIGH)):
            bound = getattr(self, name)
            if bound is not None:
                of_weights = layout.per_weight_of_inputs(bound, elsewhere=domain.missing)
                setattr(resolved, name, of_weights)
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

    def description(self) -> Description:
        """Return the bounds."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        bounds = low, high
        return Description(Separable(None, None, False), type(self).project, bounds, False)

    @property
    def is_blockwise(self) -> bool:
        """True."""
        return True

    def blockwise(self, weights: FlatWeights) -> Blockwise:
        """Return the bounds."""
        low = -np.inf if self.low is None else self.low
        return Blockwise(None, None, low, np.inf if self.high is None else self.high)

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
