"""Steps with one row after the other, whose gradients are remembered.

A linear model learns from rows ``x_i - m``, with s_i the gradient of the mean loss by the raw
predictions of a row, and a their average, ``a = Σ_i s_i (x_i - m)``, of when they were last seen.
With n rows, a row i that is drawn moves weights by

    w ← prox(w - η (n (s_i(w) - s_i) (x_i - m) + a)),

η being a step for every feature, and then s_i and a are brought up to date.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from skopt_suite.backends import Array, kernel


class RowLoss(NamedTuple):
    """The loss of every row of one fit."""

    name: str
    """Of its definition, and of the kind of its targets."""
    numbers: Array  # its hyperparameters, float64
    loss: Any
    y: Array  # (n_samples, n_columns)
    share: Array  # (n_samples,) of the mean

    def slope(self, i: int, raw: Array) -> Array:
        """Return the gradient of the mean loss by the raw predictions of a row, (n_outputs,)."""
        _, slope = self.loss.value_and_gradient(self.y[i : i + 1], raw[None, None])
        return self.share[i] * slope[0, 0]


class Point(NamedTuple):
    """Where a fit is, in float64, with the intercept that it has for centred rows."""

    weights: Array  # (n_features, n_outputs)
    bias: Array  # (n_outputs,)


class Remembered(NamedTuple):
    """Gradients of all rows where they were last seen."""

    slopes: Array  # (n_samples, n_outputs), by raw predictions
    average: Array  # (n_features, n_outputs), by weights
    of_bias: Array  # (n_outputs,)

    def copy(self) -> Remembered:
        """Return what may be overwritten."""
        return Remembered(*(np.array(part) for part in self))


class Steps(NamedTuple):
    """How far steps go, and the penalty."""

    sizes: Array  # (n_features,)
    of_bias: float
    l1: Array  # (n_features, n_outputs)
    l2: Array  # (n_features, n_outputs)
    lower: float
    """The least that weights may be, 0 or -inf."""

    def prox(self, weights: Array) -> Array:
        """Return where the penalty lets weights go."""
        sizes = self.sizes[:, None]
        thresholded = np.maximum(np.abs(weights) - sizes * self.l1, 0.0)
        moved = np.sign(weights) * thresholded / (1 + sizes * self.l2)
        return np.maximum(moved, self.lower)


@kernel
def sweep_rows(
    x: Array,
    mean: Array,
    order: Array,
    rows: RowLoss,
    at: Point,
    remembered: Remembered,
    steps: Steps,
) -> Point | None:
    """Return where steps with rows lead, one after the other.

    Parameters
    ----------
    x : array of shape (n_samples, n_features)
        Inputs.
    mean : array of shape (n_features,)
        What is taken off them.
    order : array of shape (n_steps,)
        Which rows are drawn.
    rows : RowLoss
        Their losses.
    at : Point
        Where steps begin.
    remembered : Remembered
        Gradients there, or of before.
    steps : Steps
        How far they go.

    Returns
    -------
    point : Point or None
        Where steps end; None if the loss has no compiled body.
    """
    (weights, bias), (slopes, average, of_bias), n = at, remembered.copy(), len(x)
    for i in order.tolist():
        row = x[i] - mean
        change = rows.slope(i, row @ weights + bias) - slopes[i]
        learnt = np.outer(row, change)
        weights = steps.prox(weights - steps.sizes[:, None] * (n * learnt + average))
        bias = bias - steps.of_bias * (n * change + of_bias)
        slopes[i] += change
        average += learnt
        of_bias += change
    return Point(weights, bias)


@kernel
def sweep_sparse_rows(
    data: Array,
    indices: Array,
    indptr: Array,
    order: Array,
    rows: RowLoss,
    at: Point,
    remembered: Remembered,
    steps: Steps,
) -> Point | None:
    """Do what `sweep_rows` does with rows of a CSR matrix, which stay as they are."""
    shape = len(indptr) - 1, len(at.weights)
    x = scipy.sparse.csr_array((data, indices, indptr), shape).toarray()
    rest = order, rows, at, remembered, steps
    return sweep_rows.definition(x, np.zeros(shape[1]), *rest)  # type: ignore[attr-defined]
