"""The sum of two penalties."""

from __future__ import annotations

from functools import reduce
from typing import Any, Self, TypeVar

import numpy as np

from skopt_suite._component import Registry
from skopt_suite._layout import Layout
from skopt_suite._separable import Blockwise, Description, Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, PerFit
from skopt_suite.domains import Named
from skopt_suite.penalties._base import Penalty

_T = TypeVar("_T", Separable, Blockwise)


class Sum(Penalty):
    """The sum of a smooth penalty and of any other.

    Parameters
    ----------
    smooth : str or Penalty, default="l2"
        One without a part that acts by its proximal operator.
    other : str or Penalty, default="l1"
        Any penalty.

    See Also
    --------
    ElasticNet : The sum of L2 and L1.
    SparseGroupLasso : The sum of L1 and the group lasso.
    Penalty : The base class, for one of your own.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.penalties import L2, GroupLasso, Sum
    >>> reg = LinearRegressor(penalty=Sum(L2(alpha=1e-3), GroupLasso(alpha=0.1)))
    >>> reg = reg.set_params(penalty__other__alpha=0.2)
    """

    scratch_arrays = 12
    parameters = {
        "smooth": Named(lambda: _penalties()),
        "other": Named(lambda: _penalties()),
    }

    def __init__(self, smooth: str | Penalty = "l2", other: str | Penalty = "l1") -> None:
        self.smooth: Any = smooth
        self.other: Any = other

    def _check_parameters(self) -> None:
        super()._check_parameters()
        smooth = _penalties().resolve(self.smooth, owner="Sum", name="smooth")
        if smooth.has_prox:
            raise ValueError(
                f"Sum: smooth must be a penalty without a part that acts by its proximal operator, "
                f"such as 'l2'; got {self.smooth!r}. Only other may be such a one."
            )

    def check_layout(self, layout: Layout) -> None:
        """Let both check it."""
        self.smooth.check_layout(layout)
        self.other.check_layout(layout)

    def on(self, layout: Layout) -> Self:
        """Return the sum of both on weights that lie so."""
        resolved = super().on(layout)
        resolved.smooth, resolved.other = self.smooth.on(layout), self.other.on(layout)
        return resolved

    @property
    def has_gradient(self) -> bool:
        """Whether one of them has a smooth part."""
        return self.smooth.has_gradient or self.other.has_gradient

    @property
    def has_prox(self) -> bool:
        """Whether the other has a part that is not smooth."""
        return self.other.has_prox

    def smooth_value(self, weights: FlatWeights) -> PerFit:
        """Return the sum of the smooth parts."""
        return sum(part.smooth_value(weights) for part in self._with_gradient())

    def gradient(self, weights: FlatWeights) -> FlatWeights:
        """Return the sum of the gradients."""
        return sum(part.gradient(weights) for part in self._with_gradient())

    def add_gradient(self, total: FlatWeights, weights: FlatWeights) -> FlatWeights:
        """Return ``total + gradient(weights)``, one after the other."""
        for part in self._with_gradient():
            total = part.add_gradient(total, weights)
        return total

    def curvature(self) -> FitColumn | float | None:
        """Return the sum, where both are known."""
        one, another = self.smooth.curvature(), self.other.curvature()
        return None if one is None or another is None else _added(one, another)

    def separable(self) -> Separable | None:
        """Return the sum of the strengths, where both are known."""
        one, another = self.smooth.separable(), self.other.separable()
        return None if one is None or another is None else _sum_of(one, another)

    def description(self) -> Description | None:
        """Return the other with the strengths of both, where both are known."""
        one, another = self.smooth.separable(), self.other.description()
        if one is None or another is None:
            return None
        return another._replace(separable=_sum_of(one, another.separable))

    @property
    def needs_step_size(self) -> bool:
        """Whether the other one does."""
        return self.other.needs_step_size

    def linearised(self, weights: FlatWeights) -> Separable | None:
        """Return that of the other."""
        return self.other.linearised(weights)

    @property
    def is_blockwise(self) -> bool:
        """Whether both are, the smooth one by its strengths."""
        return self.smooth.separable() is not None and self.other.is_blockwise

    def blockwise(self, weights: FlatWeights) -> Blockwise | None:
        """Return that of the other with the squares of both, where both are known."""
        one, another = self.smooth.separable(), self.other.blockwise(weights)
        if one is None or another is None:
            return None
        return another._replace(l2=_sum_of(one, another).l2)

    def debts(self, n_weights: int) -> tuple[int, int]:
        """Return those of the other."""
        return self.other.debts(n_weights)

    def pay(
        self, weights: FlatWeights, owed: Array, step_size: FitColumn | FlatWeights
    ) -> tuple[FlatWeights, Array]:
        """Let the other be paid."""
        return self.other.pay(weights, owed, step_size)

    def move_block(
        self, block: Array, step: Array, numbers: tuple[Array, ...], owed: tuple[Array, ...]
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return that of the other, which acts on groups."""
        return self.other.move_block(block, step, numbers, owed)

    def project(self, weights: FlatWeights) -> FlatWeights:
        """Return what the other allows."""
        return self.other.project(weights)

    def nonsmooth_value(self, weights: FlatWeights) -> PerFit:
        """Return that of the other."""
        return self.other.nonsmooth_value(weights)

    def prox(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> FlatWeights:
        """Return that of the other."""
        return self.other.prox(weights, step_size)

    def _with_gradient(self) -> list[Penalty]:
        return [part for part in (self.smooth, self.other) if part.has_gradient]


def _penalties() -> Registry:
    from skopt_suite.penalties import PENALTIES

    return PENALTIES


def _sum_of(smooth: Separable, other: _T) -> _T:
    """Return the other with the squares of both."""
    l2 = [part.l2 for part in (smooth, other) if part.l2 is not None]
    return other._replace(l2=reduce(_added, l2) if l2 else None)


def _added(one: Any, another: Any) -> Any:
    """Return the sum of strengths, which are lists before they are stacked."""
    if isinstance(one, list | tuple) or isinstance(another, list | tuple):
        return np.add(one, another)
    return one + another
