"""Orders of rows that are read chunk by chunk: those of chunks, and of rows in a few of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skopt_suite.chunks._rows import ChunkedRows

GROUP = 2**24  # bytes of chunks among which rows are shuffled


@dataclass(frozen=True, eq=False)
class Order:
    """Groups of chunks, and the order of the rows of each: a function of seed and epoch.

    Parameters
    ----------
    rows : ChunkedRows
        What is ordered.
    seed : int, optional
        What the order is drawn from; None: rows stay as they come.
    epoch : int
        Which order of the seed.
    """

    rows: ChunkedRows
    seed: int | None = None
    epoch: int = 0

    @cached_property
    def groups(self) -> list[np.ndarray]:
        """Which chunks are read together."""
        n_chunks = len(self.rows.lengths)
        is_drawn = self.seed is not None and not self.rows.reader.is_sequential
        chunks = self._draws(0).permutation(n_chunks) if is_drawn else np.arange(n_chunks)
        sizes = self.rows.sizes * self.rows.counts / np.maximum(self.rows.lengths, 1)
        before = np.cumsum(sizes[chunks]) - sizes[chunks]
        is_new = np.diff(before // GROUP) > 0
        return np.split(chunks, np.flatnonzero(is_new) + 1)

    @cached_property
    def ends(self) -> np.ndarray:
        """How many rows there are up to the end of every group."""
        return np.cumsum([self.rows.counts[group].sum() for group in self.groups])

    def within(self, group: int) -> np.ndarray:
        """Return the order of the rows of a group."""
        n_rows = int(self.rows.counts[self.groups[group]].sum())
        return (
            np.arange(n_rows) if self.seed is None else self._draws(group + 1).permutation(n_rows)
        )

    def _draws(self, what: int) -> np.random.Generator:
        assert self.seed is not None
        counter = np.array([0, 0, what, self.epoch], np.uint64)
        return np.random.Generator(np.random.Philox(key=self.seed, counter=counter))


class ChunkShuffles:
    """Orders of rows that are read chunk by chunk.

    Parameters
    ----------
    rows : ChunkedRows
        What is ordered.
    seed : int
        What the orders are drawn from, with the number of the epoch.
    """

    def __init__(self, rows: ChunkedRows, seed: int) -> None:
        self.rows, self.seed = rows, seed

    def draw(self, epoch: int) -> None:
        """Do nothing: orders are drawn as they are read."""

    def of(self, epoch: int) -> Order:
        """Return the order of an epoch."""
        return Order(self.rows, self.seed, epoch)
