"""Penalties that rise like L1 at 0 and flatten out: sums over weights of a concave function."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from skopt_suite._separable import Description, Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, PerFit, like, namespace
from skopt_suite.penalties._base import Penalty


class FoldedConcave(Penalty):
    """Base of the penalties ``Σ_j f(|w_j|)`` that say f, its slope and its proximal operator."""

    alpha: Any
    gamma: Any
    positive: bool

    @property
    def has_prox(self) -> bool:
        """True."""
        return True

    def curvature(self) -> float:
        """Return 0: there is no smooth part."""
        return 0.0

    @property
    def needs_step_size(self) -> bool:
        """False: it is linearised."""
        return False

    def debts(self, n_weights: int) -> tuple[int, int]:
        """Return two rows: weights owe what the slope is where they are."""
        return 2, n_weights

    @property
    def has_tangent(self) -> bool:
        """True: it is concave."""
        return True

    def linearised(self, weights: FlatWeights) -> Separable | None:
        """Return L1 with the slope at every weight as its strength.

        H. Zou and R. Li, "One-step Sparse Estimates in Nonconcave Penalized Likelihood Models",
        Annals of Statistics 36, 2008.
        """
        size = namespace(weights).abs(weights)
        return Separable(
            self._slope(size, *like(weights, self.alpha, self.gamma)), None, self.positive
        )

    def description(self) -> Description:
        """Return the slope as what L1 is."""
        separable = Separable(None, None, self.positive)
        return Description(separable, type(self)._slope, (self.alpha, self.gamma))

    def project(self, weights: FlatWeights) -> FlatWeights:
        """Return the weights without a negative part, if that is not allowed."""
        return namespace(weights).clip(weights, 0.0, None) if self.positive else weights

    def nonsmooth_value(self, weights: FlatWeights) -> PerFit:
        """Return ``Σ_j f(|w_j|)``; the constraint counts for nothing."""
        xp = namespace(weights)
        alpha, gamma = like(weights, self.alpha, self.gamma)
        return xp.sum(self._of_size(xp.abs(weights), alpha, gamma), axis=-1)

    def prox(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> FlatWeights:
        """Return the sign of every weight times the proximal operator of f for its size."""
        xp, weights = namespace(weights), self.project(weights)
        alpha, gamma, step = like(weights, self.alpha, self.gamma, step_size)
        return xp.sign(weights) * self._shrunk(xp.abs(weights), step, alpha, gamma)

    @abstractmethod
    def _of_size(self, size: Array, alpha: Array, gamma: Array) -> Array:
        """Return f."""

    @abstractmethod
    def _slope(self, size: Array, alpha: Array, gamma: Array) -> Array:
        """Return the derivative of f, from the right at 0."""

    @abstractmethod
    def _shrunk(self, size: Array, step: Array, alpha: Array, gamma: Array) -> Array:
        """Return ``argmin over u >= 0 of f(u) + (u - size)² / (2 step)``."""


def filled(condition: Array, values: Array, other: float) -> Array:
    """Return `values` where the condition holds, so that what divides by them is finite."""
    xp = namespace(condition)
    return xp.where(condition, values, xp.asarray(other, dtype=values.dtype, device=values.device))
