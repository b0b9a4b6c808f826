"""The penalties of a stack of linear models, as coordinate descent sees them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skopt_suite._separable import Blockwise
from skopt_suite.backends import Array, Params, PerFit
from skopt_suite.optimizers.algebra._blocks import BlockTerms, lengths
from skopt_suite.optimizers.algebra._coordinates import Terms
from skopt_suite.optimizers.algebra._strengths import spread

if TYPE_CHECKING:
    from skopt_suite.optimizers._base import Problem


class StackedTerms(NamedTuple):
    """Those of weights, (n_fits, n_features, n_outputs), and of blocks; see `Terms`."""

    l1: Array
    l2: Array
    lower: Array
    upper: Array
    norm: Array | None = None  # (n_fits or 1, n_blocks); None: there are no blocks
    members: np.ndarray = np.empty(0, dtype=np.int64)  # places of weights, block by block
    starts: np.ndarray = np.empty(0, dtype=np.int64)

    @classmethod
    def of(
        cls, penalty: Blockwise | None, shape: tuple[int, int, int], is_coupled: bool
    ) -> StackedTerms:
        """Return them from how penalties describe themselves.

        With outputs that depend on one another every coordinate is a block.
        """
        assert penalty is not None
        terms = cls(*(spread(part, shape) for part in penalty[:4]))
        if penalty.norm is not None:
            return terms._replace(norm=penalty.norm, members=penalty.members, starts=penalty.starts)
        if not is_coupled:
            return terms
        starts = np.arange(shape[1] * shape[2] + 1)
        norm = np.zeros((1, len(starts) - 1))
        return terms._replace(norm=norm, members=starts[:-1], starts=starts)

    def smooth_value(self, weights: Array) -> PerFit:
        """Return ``Σ_j l2_j / 2 w_j²``, (n_fits,)."""
        return (self.l2 * weights * weights).sum(axis=(1, 2)) / 2

    def distance(self, weights: Array, gradient: Array) -> Array:
        """Return how far weights are from stationary, in their shape; see `BlockTerms`."""
        if self.norm is None:
            return Terms(*self[:4]).distance(weights, gradient)
        terms = Terms(*(self._ordered(part) for part in self[:4]))
        blocks = BlockTerms(terms, self.norm, self.starts)
        found = blocks.distance(self._ordered(weights), self._ordered(gradient))
        distance = np.empty(weights.shape)
        distance.reshape(len(distance), -1)[:, self.members] = found
        return distance

    def value(self, weights: Array) -> PerFit:
        """Return the penalties, (n_fits,)."""
        return self.smooth_value(weights) + self.kinked_value(weights)

    def kinked_value(self, weights: Array) -> PerFit:
        """Return the rest of the penalties, (n_fits,)."""
        value = (self.l1 * np.abs(weights)).sum(axis=(1, 2))
        return value if self.norm is None else value + (self.norm * self.sizes(weights)).sum(axis=1)

    def can_fall(
        self, weights: Array, distance: Array, smooth: PerFit, least: Array | float = 0.0
    ) -> tuple[PerFit, Array | None]:
        """Return how much a convex objective can fall at most, (n_fits,).

        And the part of every output, (n_fits, n_outputs), None with blocks. What has a squared
        penalty only is no further than that allows. What has none is taken to be as far from its
        optimum as from 0, but at the `least` so far, which broadcasts against weights: at 0 it need
        not be optimal. Of the objective, `smooth` is the loss and squares of weights.
        """
        size, far, strength = self.sizes(weights), self.sizes(distance), self.strength
        has_none, of_sizes = strength == 0, far * size
        ratio = far / np.where(has_none, np.inf, strength)
        if has_none.any():
            way = np.maximum(size, self.sizes(np.broadcast_to(least, weights.shape)))
            is_bent = has_none & ~self.is_free
            squares = far * far / (2 * np.where(is_bent, self.bend, 1.0))
            of_sizes = np.where(is_bent, squares, far * (size + has_none * way))
        objective = smooth + self.kinked_value(weights)
        if self.norm is not None:
            return of_sizes.sum(axis=1) + ratio.max(axis=1) * objective, None
        total = of_sizes.reshape(weights.shape).sum(axis=1)
        furthest = ratio.reshape(weights.shape).max(axis=1)
        gap = total + furthest * objective[:, None]
        if gap.shape[1] == 1:
            return gap[:, 0], gap
        return total.sum(axis=1) + furthest.max(axis=1) * objective, gap

    @property
    def is_free(self) -> Array:
        """Which weights or blocks nothing pulls to 0, (n_fits or 1, n_weights or n_blocks)."""
        return (self.strength == 0) & (self.bend == 0)

    @property
    def strength(self) -> Array:
        """How long a subgradient of every weight or block can be at 0, at least."""
        if self.norm is None:
            return self.l1.reshape(len(self.l1), -1)
        return self.norm + np.minimum.reduceat(self._ordered(self.l1), self.starts[:-1], axis=1)

    @property
    def bend(self) -> Array:
        """The least second derivative of the penalty of every weight or block, apart from kinks."""
        if self.norm is None:
            return self.l2.reshape(len(self.l2), -1)
        return np.minimum.reduceat(self._ordered(self.l2), self.starts[:-1], axis=1)

    def sizes(self, values: Array) -> Array:
        """Return the sizes of weights or blocks, (n_fits, n_weights or n_blocks)."""
        if self.norm is None:
            return np.abs(values).reshape(len(values), -1)
        return lengths(self._ordered(values), self.starts)

    def at(self, fit: int, places: np.ndarray) -> Terms:
        """Return those of some weights of a fit, by their places."""
        return Terms(*(part[fit].reshape(-1)[places] for part in self[:4]))

    def _ordered(self, values: Array) -> Array:
        return values.reshape(len(values), -1)[:, self.members]


class Tangents:
    """Penalties of a stack; those that are concave in sizes of weights are bounded by a tangent.

    Parameters
    ----------
    problem : Problem
        Whose penalties they are.
    params : array of shape (n_fits, n_params)
        Its parameters, which follow.
    is_coupled : bool
        Whether outputs depend on one another.
    """

    def __init__(self, problem: Problem, params: Params, is_coupled: bool) -> None:
        (layer,) = problem.layout.layers
        self.problem, self.params, self.weights = problem, params, layer.weights(params)
        self.is_coupled = is_coupled
        self.are_fixed = problem.separable is not None or problem.linearised(params) is None

    def at(self, weights: Array) -> StackedTerms:
        """Return the penalties at weights, which become those of the parameters."""
        self.weights[...] = weights
        return self._fixed if self.are_fixed else self._here()

    @cached_property
    def _fixed(self) -> StackedTerms:
        return self._here()

    def _here(self) -> StackedTerms:
        penalty = self.problem.blockwise(self.params)
        return StackedTerms.of(penalty, self.weights.shape, self.is_coupled)
