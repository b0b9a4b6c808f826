"""One fit of a linear model, solved on some blocks of its coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from skopt_suite.backends import Array
from skopt_suite.optimizers.algebra._blocks import BlockTerms, descend_by_blocks
from skopt_suite.optimizers.algebra._working_set import MOST_EPOCHS, WorkingSet, worth_a_look

if TYPE_CHECKING:
    from skopt_suite.optimizers._base import LinearRows
    from skopt_suite.optimizers.algebra._stacked_terms import StackedTerms


@dataclass
class WorkingBlocks(WorkingSet):
    """The coordinates of one fit that are worth a look: features of outputs, block by block.

    Parameters are those of `WorkingSet`, of which `output` stands for all and `chosen` are places
    in the weights of a fit, and these:

    n_outputs : int
        How many there are.
    blocks : array of shape (n_blocks,)
        Which ones they are.
    starts : array of shape (n_blocks + 1,)
        Where they begin in `chosen`, and where the last one ends.
    """

    n_outputs: int = 1
    blocks: np.ndarray = field(default_factory=lambda: np.empty(0))
    starts: np.ndarray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of_fit(
        cls,
        rows: LinearRows,
        fit: int,
        stacked: StackedTerms,
        is_in: Array,
        distance: Array,
        solved: float,
    ) -> WorkingBlocks:
        """Return those of a fit which are to leave a share of the largest distance.

        See `worth_a_look`, which is about blocks here.
        """
        blocks, n_outputs = worth_a_look(is_in, distance), stacked.l1.shape[2]
        sizes, first = np.diff(stacked.starts)[blocks], stacked.starts[blocks]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
        chosen = stacked.members[np.repeat(first, sizes) + within]
        tol = solved * distance.max(initial=0.0)
        return cls(rows, fit, slice(None), chosen, tol, n_outputs, blocks, starts)

    def terms(self, stacked: StackedTerms) -> BlockTerms:
        """Return the penalty of what is chosen."""
        assert stacked.norm is not None
        norm = stacked.norm[min(self.fit, len(stacked.norm) - 1), self.blocks]
        norm = np.ascontiguousarray(norm, dtype=np.float64)
        return BlockTerms(stacked.at(self.fit, self.chosen), norm, self.starts)

    def _flat(self, weights: Array) -> Array:
        return weights[self.fit].reshape(-1)

    def _least(
        self, now: Any, w: Array, terms: Any, has_intercept: bool, tol: float
    ) -> tuple[Array, Array, Any]:
        slope, curvature = now.slope[0].T, now.curvature[0].T
        root = np.empty((0, slope.shape[1])) if now.root is None else now.root[0].T
        known: BlockTerms = terms
        feature, output = self._places
        new, move, shift = descend_by_blocks(
            *self._matrix,
            feature,
            output,
            known.starts,
            slope,
            curvature,
            root,
            w,
            *known.terms,
            known.norm,
            has_intercept,
            tol,
            MOST_EPOCHS,
        )
        return new, move.T, shift

    def _products(self, slope: Array) -> Array:
        """Return the gradient by the chosen weights."""
        features, inverse = self._features
        columns = self.rows.columns
        found = columns.products(features, slope) if columns.is_sparse else self._columns @ slope
        return found[inverse, self.chosen % slope.shape[1]]

    @cached_property
    def _features(self) -> tuple[np.ndarray, np.ndarray]:
        """The features that there are, and which of them coordinates are."""
        return np.unique(self.chosen // self.n_outputs, return_inverse=True)

    @property
    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        """Columns and outputs of coordinates."""
        features, inverse = self._features
        column = features[inverse] if self.rows.columns.is_sparse else inverse
        return column, self.chosen % self.n_outputs

    @property
    def _matrix(self) -> tuple[Array, ...]:
        """The features as the kernel takes them."""
        if self.rows.columns.is_sparse:
            data, indices, indptr = self.rows.columns.sparse
            return np.empty((0, 0), dtype=data.dtype), data, indices, indptr
        nowhere = np.empty(0, dtype=np.int32)
        return self._columns, np.empty(0), nowhere, nowhere.astype(np.int64)

    @cached_property
    def _columns(self) -> Array:
        return self.rows.columns.dense(self._features[0])
