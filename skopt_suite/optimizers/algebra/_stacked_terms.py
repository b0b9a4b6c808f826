"""Separable penalties of all fits of a stack of linear models."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from skopt_suite.backends import Array, Params, PerFit
from skopt_suite.optimizers.algebra._coordinates import Terms
from skopt_suite.optimizers.algebra._strengths import spread

if TYPE_CHECKING:
    from skopt_suite.optimizers._base import Problem


class StackedTerms(NamedTuple):
    """The penalties of all fits, (n_fits, n_features, n_outputs); see `Terms`."""

    l1: Array
    l2: Array
    lower: Array
    upper: Array

    @classmethod
    def at(cls, params: Params, problem: Problem, shape: tuple[int, int, int]) -> Self:
        """Return them from how penalties describe themselves.

        Those that are concave in sizes of weights are bounded by a tangent.
        """
        separable = problem.separable or problem.linearised(params)
        assert separable is not None
        lower = 0.0 if separable.is_positive else -np.inf
        parts = separable.l1, separable.l2, lower, np.inf
        return cls(*(spread(part, shape) for part in parts))

    def of_output(self, fit: int, output: int) -> Terms:
        """Return those of one fit and output."""
        return Terms(*(np.ascontiguousarray(part[fit, :, output]) for part in self))

    def smooth_value(self, weights: Array) -> PerFit:
        """Return ``Σ_j l2_j / 2 w_j²``, (n_fits,)."""
        return (self.l2 * weights * weights).sum(axis=(1, 2)) / 2

    def value(self, weights: Array) -> PerFit:
        """Return the penalties, (n_fits,)."""
        return self.smooth_value(weights) + (self.l1 * np.abs(weights)).sum(axis=(1, 2))

    def distance(self, weights: Array, gradient: Array) -> Array:
        """Return how far every weight is from stationary, given the gradient of the loss."""
        return Terms(*self).distance(weights, gradient)
