"""Where the weights of groups lie: blocks of groups of the same size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._layout import DenseLayout, Layout
from skopt_suite.backends import Array, FlatWeights, namespace
from skopt_suite.penalties._feature_groups import indices_of


class Block(NamedTuple):
    """Groups of the same size in one layer."""

    layer: int
    positions: np.ndarray  # (n_groups, size), of weights in a row
    is_penalised: bool = True

    @property
    def factor(self) -> float:
        """The square root of the size, by which norms count; 0 where they do not."""
        return float(np.sqrt(self.positions.shape[1])) if self.is_penalised else 0.0


@dataclass(frozen=True, eq=False)
class Groups:
    """Every weight, in one group.

    Parameters
    ----------
    blocks : tuple of Block
        All groups.
    """

    blocks: tuple[Block, ...]

    def __deepcopy__(self, memo: Any) -> Groups:
        return self  # it never changes

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return sum(len(block.positions) for block in self.blocks)

    @cached_property
    def order(self) -> np.ndarray | None:
        """Positions of weights, group by group; None where they lie so."""
        order = np.concatenate([block.positions.ravel() for block in self.blocks])
        return None if np.array_equal(order, np.arange(len(order))) else order

    @cached_property
    def back(self) -> np.ndarray | None:
        """Where to find every weight among those that are group by group; None: in its place."""
        return None if self.order is None else np.argsort(self.order)

    @cached_property
    def members(self) -> np.ndarray:
        """Positions of weights, group by group."""
        order = self.order
        return np.arange(self.starts[-1]) if order is None else order.astype(np.int64)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each group begins among the members, and where the last one ends."""
        sizes = [np.full(len(block.positions), block.positions.shape[1]) for block in self.blocks]
        return np.concatenate([[0], np.cumsum(np.concatenate(sizes))])

    def per_group(self, of_blocks: Sequence[Array]) -> Array:
        """Return numbers of blocks, (n_fits, 1, 1) each, as (n_fits, n_groups)."""
        xp = namespace(of_blocks[0])
        parts = [
            xp.repeat(numbers[:, 0, :], len(block.positions), axis=1)
            for numbers, block in zip(of_blocks, self.blocks, strict=True)
        ]
        return xp.concat(parts, axis=1)

    def split(self, weights: FlatWeights) -> list[Array]:
        """Return weights, or what there is one of for each, as blocks (n_fits, n_groups, size)."""
        ordered, parts, start = _taken(weights, self.order), [], 0
        for block in self.blocks:
            part = ordered[:, start : start + block.positions.size]
            parts.append(namespace(part).reshape(part, (part.shape[0], *block.positions.shape)))
            start += block.positions.size
        return parts

    def join(self, parts: Sequence[Array]) -> FlatWeights:
        """Return blocks (n_fits, n_groups, size) as what was `split`."""
        xp = namespace(parts[0])
        flat = xp.concat([xp.reshape(part, (part.shape[0], -1)) for part in parts], axis=1)
        return _taken(flat, self.back)

    def per_block(self, values: Array) -> list[Array]:
        """Return numbers of layers, (n_fits, 1 or n_layers), as (n_fits, 1, 1) for every block."""
        layers = [min(block.layer, values.shape[1] - 1) for block in self.blocks]
        return [values[:, layer : layer + 1, None] for layer in layers]

    def split_groups(self, values: Array) -> list[Array]:
        """Return numbers of groups, (n_fits, n_groups), as blocks (n_fits, n_groups, 1)."""
        parts, start = [], 0
        for block in self.blocks:
            parts.append(values[:, start : start + len(block.positions), None])
            start += len(block.positions)
        return parts


def groups_on(layout: Layout, groups: Any) -> Groups:
    """Return the groups that a user asks for.

    Parameters
    ----------
    layout : Layout
        Where weights lie.
    groups : str, or sequence
        What `FeatureGroups` accepts.
    """
    first, *later = layout.layers
    if isinstance(groups, str) and groups == "incoming":
        return incoming(layout, with_outputs=False)
    if isinstance(groups, str):
        return Groups(tuple(_outgoing(layout.layers)))
    blocks = [*_of_features(first, indices_of(groups)), *_outgoing(later, start=1)]
    return Groups(tuple(blocks))


def incoming(layout: Layout, with_outputs: bool) -> Groups:
    """Return all weights into one unit as a group, those of outputs only if asked for."""
    blocks = [Block(i, layer.positions.T) for i, layer in enumerate(layout.layers)]
    if not with_outputs:
        blocks[-1] = blocks[-1]._replace(is_penalised=False)
    return Groups(tuple(blocks))


def _outgoing(layers: Sequence[DenseLayout], start: int = 0) -> Iterator[Block]:
    """Yield all weights out of one feature or unit as a group."""
    for index, layer in enumerate(layers, start):
        yield Block(index, layer.positions)


def _of_features(layer: DenseLayout, members: list[list[int]]) -> Iterator[Block]:
    """Yield all weights out of features of one group as a group, and those of no group."""
    for size in sorted({len(features) for features in members}):
        same = np.array([features for features in members if len(features) == size])
        yield Block(0, layer.positions[same].reshape(len(same), -1))
    free = np.setdiff1d(np.arange(layer.n_in), np.concatenate(members))
    if len(free):
        yield Block(0, layer.positions[free].reshape(1, -1), is_penalised=False)


def _taken(values: Array, order: np.ndarray | None) -> Array:
    if order is None:
        return values
    xp = namespace(values)
    return xp.take(values, xp.asarray(order, device=values.device), axis=1)


def norm(block: Array) -> Array:
    """Return the Euclidean norm of every group, (n_fits, n_groups, 1)."""
    xp = namespace(block)
    return xp.sqrt(xp.vecdot(block, block))[:, :, None]
