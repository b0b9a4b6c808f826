"""Targets that stand for many: their losses by any constant are those of all."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

_N_GROUPS = 1000  # of numbers, of the same weight; losses of constants are those of their means


class TargetSummary(NamedTuple):
    """A few targets, with weights that add up to those of all."""

    y: np.ndarray
    weight: np.ndarray

    @classmethod
    def of_labels(cls, y: np.ndarray, weight: np.ndarray) -> Self:
        """Return every label once, (n_labels,)."""
        labels, codes = np.unique(y, return_inverse=True)
        return cls(labels, np.bincount(codes.ravel(), weight, minlength=len(labels)))

    @classmethod
    def of_numbers(cls, y: np.ndarray, weight: np.ndarray) -> Self:
        """Return means of groups of neighbours, column by column, (n_groups, ...).

        Those of several columns do not belong together, which no loss of a constant knows.
        """
        total, columns = weight.sum(), y if y.ndim > 1 else y[:, None]
        means = np.stack([_means_of_groups(column, weight) for column in columns.T], axis=1)
        shares = np.full(_N_GROUPS, total / _N_GROUPS)
        return cls(means if y.ndim > 1 else means[:, 0], shares)

    @classmethod
    def of(cls, y: np.ndarray, weight: np.ndarray, are_labels: bool) -> Self:
        """Return the summary of targets or of summaries together."""
        return cls.of_labels(y, weight) if are_labels else cls.of_numbers(y, weight)


def _means_of_groups(y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the means of groups of the same weight, from the smallest numbers to the largest."""
    weight = weight if weight.any() else np.ones(len(y))  # whatever nothing counts
    order = np.argsort(y, kind="stable")
    reached = np.concatenate([[0.0], np.cumsum(weight[order])])
    summed = np.concatenate([[0.0], np.cumsum(weight[order] * y[order])])
    ends = np.linspace(0.0, reached[-1], _N_GROUPS + 1)
    return np.diff(np.interp(ends, reached, summed)) / np.diff(ends)
