"""Penalties that are a sum over groups of ``l2 √p ‖w‖ + l1 ‖w‖₁``, p being the size of a group."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np

from skopt_suite._layout import Layout
from skopt_suite._separable import Blockwise, Description, Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, PerFit, like, namespace
from skopt_suite.penalties._base import Penalty
from skopt_suite.penalties._feature_groups import check_features
from skopt_suite.penalties._groups import Groups, groups_on, norm
from skopt_suite.penalties._secular import positive, secular_root

_LONGEST_MEMORY = 100.0  # times the length of a group


class Strengths(NamedTuple):
    """Of one block of groups: arrays (n_fits, 1 or n_groups, 1)."""

    l1: Array
    l2: Array


class GroupPenalty(Penalty):
    """Base of the penalties of groups, which say their strengths."""

    alpha: Any
    groups: Any
    positive: bool
    has_strengths_of_outputs = False
    _groups: Groups

    @abstractmethod
    def _shares(self) -> tuple[Any, Any]:
        """Return by what `alpha` is multiplied for the absolute values and for the norms."""

    @property
    def has_prox(self) -> bool:
        """True."""
        return True

    def curvature(self) -> float:
        """Return 0: there is no smooth part."""
        return 0.0

    def check_layout(self, layout: Layout) -> None:
        """Raise `ValueError` unless groups and strengths are about these features and layers."""
        super().check_layout(layout)
        owner = type(self).__name__
        check_features(owner, self.groups, layout.layers[0].n_in)
        if layout.is_linear and isinstance(self.groups, str) and self.groups == "incoming":
            raise ValueError(
                f"{owner}: groups='incoming' are the weights into hidden units, and a linear model "
                "has none; 'units' are those out of every feature."
            )

    def on(self, layout: Layout) -> Self:
        """Return the stacked penalty with its groups; strengths stay numbers of layers."""
        resolved = super().on(layout)
        resolved.alpha = self.alpha
        resolved._groups = groups_on(layout, self.groups)
        return resolved

    def nonsmooth_value(self, weights: FlatWeights) -> PerFit:
        """Return ``Σ_g l2_g √p_g ‖w_g‖ + l1_g ‖w_g‖₁``; the constraint counts for nothing."""
        xp, blocks = namespace(weights), self._groups.split(weights)
        value = xp.zeros_like(weights[:, 0])
        for block, (l1, l2) in zip(blocks, self._strengths(weights), strict=True):
            terms = l2 * norm(block) + l1 * xp.sum(xp.abs(block), axis=-1, keepdims=True)
            value = value + xp.sum(terms, axis=(1, 2))
        return value

    def prox(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> FlatWeights:
        """Return weights soft-thresholded one by one, then group by group."""
        blocks = [
            self._shrunk(block, step, strengths)
            for block, step, strengths in zip(
                self._groups.split(weights),
                self._steps(weights, step_size),
                self._strengths(weights),
                strict=True,
            )
        ]
        return self._groups.join(blocks)

    def project(self, weights: FlatWeights) -> FlatWeights:
        """Return the weights without a negative part, if that is not allowed."""
        return namespace(weights).clip(weights, 0.0, None) if self.positive else weights

    def debts(self, n_weights: int) -> tuple[int, int]:
        """Return one row: what every weight has paid, then for how many steps every group."""
        return 1, n_weights + self._groups.n_groups

    def description(self) -> Description:
        """Return the strengths of every group, of the absolute values and of the norm."""
        separable = Separable(None, None, self.positive)
        known = Description(separable, type(self).pay, has_slope=False)
        if not hasattr(self, "_groups"):
            return known
        groups, strengths = self._groups, self._strengths(self.alpha)
        numbers = tuple(groups.per_group(part) for part in zip(*strengths, strict=True))
        return known._replace(numbers=numbers, members=groups.members, starts=groups.starts)

    @property
    def is_blockwise(self) -> bool:
        """True."""
        return True

    def blockwise(self, weights: FlatWeights) -> Blockwise:
        """Return the strengths of every weight and of every group."""
        (l1, norm), groups = self.description().numbers, self._groups
        members, starts = groups.members, groups.starts
        of_weights = np.empty((len(l1), weights.shape[1]))
        of_weights[:, members] = np.repeat(l1, np.diff(starts), axis=1)
        lower = 0.0 if self.positive else -np.inf
        return Blockwise(of_weights, None, lower, np.inf, norm, members, starts)

    def pay(
        self, weights: FlatWeights, owed: Array, step_size: FitColumn | FlatWeights
    ) -> tuple[FlatWeights, Array]:
        """Return weights after a noisy step, by FTRL-Proximal.

        A step takes back what was paid before and pays for all steps at once, so that noise
        averages out: a group is 0 as long as the sum of its gradients is not longer than what it
        owes (L. Xiao, "Dual Averaging Methods for Regularized Stochastic Learning and Online
        Optimization", JMLR 11, 2010; H. Yang et al., "Online Learning for Group Lasso", ICML 2010).
        Of groups that are not 0, it slows down turns; so these forget what is worth more than
        some times their length.
        """
        n_weights, groups = weights.shape[1], self._groups
        paid, counts = groups.split(owed[:, 0, :n_weights]), owed[:, 0, n_weights:]
        ends = [
            self.move_block(*of_block)
            for of_block in zip(
                groups.split(weights),
                self._steps(weights, step_size),
                self._strengths(weights),
                zip(paid, groups.split_groups(counts), strict=True),
                strict=True,
            )
        ]
        xp, owing = namespace(weights), [after for _, after in ends]
        owed[:, 0, :n_weights] = groups.join([paid for paid, _ in owing])
        owed[:, 0, n_weights:] = xp.concat([count[:, :, 0] for _, count in owing], axis=1)
        return groups.join([moved for moved, _ in ends]), owed

    def move_block(
        self, block: Array, step: Array, numbers: tuple[Array, ...], owed: tuple[Array, ...]
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the weights of a block after a noisy step, and what they owe.

        Given are their strengths; and what they have paid, and for how many steps.
        """
        xp, (paid, count) = namespace(block), owed
        count = count + xp.astype(xp.any(step > 0, axis=-1, keepdims=True), count.dtype)
        whole = block + step * paid
        left = self._shrunk(whole, step, Strengths(*(count * one for one in numbers)))
        paid = xp.where(step > 0, (whole - left) / positive(step), paid)
        length, worth = norm(left), norm(step * paid)
        kept = xp.clip(_LONGEST_MEMORY * length / positive(worth), None, 1.0)
        kept = xp.where((length > 0) & (worth > 0), kept, xp.ones_like(kept))
        return left, (kept * paid, kept * count)

    def _shrunk(self, block: Array, step: Array, strengths: Strengths) -> Array:
        """Return the proximal operator of one block."""
        l1, l2 = strengths
        xp = namespace(block)
        sign = xp.ones_like(block) if self.positive else xp.sign(block)
        thresholded = sign * xp.clip(sign * block - step * l1, 0.0, None)
        return group_threshold(thresholded, step * l2)

    def _strengths(self, weights: FlatWeights) -> list[Strengths]:
        """Return the strengths of every block."""
        of_l1, of_l2 = self._shares()
        blocks = self._groups.blocks
        of_blocks = zip(
            blocks, self._per_block(weights, of_l1), self._per_block(weights, of_l2), strict=True
        )
        return [
            Strengths(l1 * float(block.is_penalised), l2 * block.factor)
            for block, l1, l2 in of_blocks
        ]

    def _per_block(self, weights: FlatWeights, share: Any) -> list[Array]:
        return self._groups.per_block(*like(weights, self.alpha * share))

    def _steps(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> list[Array]:
        """Return step sizes of every block, that broadcast to it."""
        (step_size,) = like(weights, step_size)
        if step_size.shape[1] == 1:
            return [step_size[:, :, None]] * len(self._groups.blocks)
        return self._groups.split(step_size)


def group_threshold(block: Array, threshold: Array) -> Array:
    """Return ``argmin over u of ‖u_g‖ + Σ_j (u_j - w_j)² / (2 threshold_j)`` for every group g.

    That is ``w ν / (ν + threshold)`` with ν the norm of the result, or 0.

    Parameters
    ----------
    block : array of shape (n_fits, n_groups, size)
        Weights w.
    threshold : array that broadcasts to it
        Numbers >= 0.
    """
    xp, size = namespace(block), norm(block)
    if threshold.shape[-1] == 1:
        return block * (xp.clip(size - threshold, 0.0, None) / positive(size))
    is_free = (threshold == 0) & (block != 0)
    ratio = block / positive(threshold)
    is_zero = xp.vecdot(ratio, ratio)[:, :, None] <= 1
    is_zero = is_zero & ~xp.any(is_free, axis=-1, keepdims=True)
    block = xp.where(is_zero, xp.zeros_like(block), block)
    longest = xp.max(threshold, axis=-1, keepdims=True)
    start = xp.maximum(size - longest, xp.max(xp.abs(block) - threshold, axis=-1, keepdims=True))
    start = xp.clip(start, 0.0, None)
    root = secular_root(block, threshold, xp.ones_like(start), start)
    return block * (root / positive(root + threshold))
