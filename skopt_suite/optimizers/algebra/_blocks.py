"""Cyclic block coordinate descent on quadratics of several outputs.

A coordinate is a feature of an output. Blocks g of them have a penalty ``norm_g ‖w_g‖`` beside
those of coordinates. With the gradient d of the quadratic by a block and a bound c on its curvature
there, a step is to

    (1 - norm_g / (c ‖z‖))₊ z,    z_j = clip(S(w_j - d_j / c, l1_j / c), lower_j, upper_j)

(N. Simon, J. Friedman, T. Hastie and R. Tibshirani, "A Sparse-Group Lasso", Journal of
Computational and Graphical Statistics 22, 2013). Where raw predictions of a row depend on
one another, their Hessian is ``diag(h) - q qᵀ``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from skopt_suite.backends import Array, kernel
from skopt_suite.optimizers.algebra._coordinates import Terms


class BlockTerms(NamedTuple):
    """A penalty on some coordinates, block by block; the last axis of arrays is theirs."""

    terms: Terms
    norm: Array  # of blocks
    starts: np.ndarray  # where they begin, and where the last one ends

    def value(self, weights: Array) -> float:
        """Return the penalty."""
        return self.terms.value(weights) + float(self.norm @ lengths(weights, self.starts))

    def distance(self, weights: Array, gradient: Array) -> Array:
        """Return how far every coordinate is from stationary, given that of the smooth loss.

        It is the subgradient of a block that is nearest to 0.
        """
        counts, length = np.diff(self.starts), lengths(weights, self.starts)
        slope = np.where(length > 0, self.norm / _positive(length), 0.0)
        gradient = gradient + np.repeat(slope, counts, axis=-1) * weights
        distance = self.terms.distance(weights, gradient)
        far = lengths(distance, self.starts)
        left = np.maximum(far - self.norm, 0.0) / _positive(far)
        return distance * np.repeat(np.where(length > 0, 1.0, left), counts, axis=-1)


def lengths(values: Array, starts: np.ndarray) -> Array:
    """Return the Euclidean norms of blocks."""
    return np.sqrt(np.add.reduceat(values * values, starts[:-1], axis=-1))


def _positive(values: Array) -> Array:
    return np.where(values > 0, values, 1.0)


@kernel
def descend_by_blocks(
    columns: Array,
    data: Array,
    indices: Array,
    indptr: Array,
    feature: Array,
    output: Array,
    starts: Array,
    slope: Array,
    curvature: Array,
    root: Array,
    weights: Array,
    l1: Array,
    l2: Array,
    lower: Array,
    upper: Array,
    norm: Array,
    has_intercept: bool,
    tol: float,
    max_epochs: int,
) -> tuple[Array, Array, Array]:
    """Minimise ``Σ_i slope_i·m_i + ½ m_iᵀ H_i m_i`` and a penalty, m being moves of the model.

    They are ``m_ik = Σ_c x_ic (w_c - w⁰_c) + b_k`` with all coordinates c of output k.

    Parameters
    ----------
    columns : array of shape (n_columns, n_samples)
        Dense features, one per row; of no numbers where they are sparse.
    data, indices, indptr : arrays
        Sparse features as a CSC matrix has them; of no numbers where they are dense.
    feature, output : array of shape (n_coordinates,)
        Which column and which output a coordinate is.
    starts : array of shape (n_blocks + 1,)
        Where blocks begin, and where the last one ends.
    slope, curvature : array of shape (n_outputs, n_samples)
        Of the loss by raw predictions: its gradient, and h. A curvature may be 0 only where the
        slope is.
    root : array of shape (n_outputs, n_samples) or (0, n_samples)
        q, where outputs depend on one another.
    weights, l1, l2, lower, upper : array of shape (n_coordinates,)
        Where it begins, and the penalty: see `Terms`.
    norm : array of shape (n_blocks,)
        Strengths of the norms of blocks.
    has_intercept : bool
        Whether there are intercepts.
    tol, max_epochs : float, int
        As in `descend_by_columns`.

    Returns
    -------
    weights : array of shape (n_coordinates,)
        Where it ends.
    move : array of shape (n_outputs, n_samples)
        How the model moved.
    intercept : array of shape (n_outputs or 0,)
        What was added to the intercepts.
    """
    if len(indptr):
        columns = _dense(data, indices, indptr, slope.shape[1])
    design = np.zeros((len(feature), *slope.shape))
    design[np.arange(len(feature)), output] = columns[feature]
    ones = np.eye(len(slope))[: len(slope) * has_intercept, :, None] + np.zeros_like(slope)
    design = np.concatenate([design, ones])
    flat, free = design.reshape(len(design), -1), np.zeros(len(ones))
    second = (flat * curvature.ravel()) @ flat.T
    if len(root):
        together = (design * root).sum(axis=1)
        second -= together @ together.T
    bounds = np.concatenate([lower, free - np.inf]), np.concatenate([upper, free + np.inf])
    terms = Terms(np.concatenate([l1, free]), np.concatenate([l2, free]), *bounds)
    ends = np.concatenate([starts, starts[-1] + 1 + np.arange(len(ones))])
    known = BlockTerms(terms, np.concatenate([norm, free]), ends)
    begin = np.concatenate([weights, free])
    w = _descended(second, flat @ slope.ravel(), begin, known, tol, max_epochs)
    move = np.tensordot(w - begin, design, axes=1)
    return w[: len(weights)], move, w[len(weights) :]


def _dense(data: Array, indices: Array, indptr: Array, n_samples: int) -> Array:
    columns = np.zeros((len(indptr) - 1, n_samples))
    for j in range(len(columns)):
        part = slice(indptr[j], indptr[j + 1])
        columns[j, indices[part]] = data[part]
    return columns


def _descended(
    second: Array, gradient: Array, begin: Array, known: BlockTerms, tol: float, max_epochs: int
) -> Array:
    """Return where a quadratic is least, given its gradient where it begins."""
    w, blocks = begin.copy(), [slice(*ends) for ends in pairwise(known.starts)]
    for _ in range(max_epochs):
        most = 0.0
        for part, norm in zip(blocks, known.norm, strict=True):
            terms = known.terms.take(part)
            bound = np.linalg.eigvalsh(second[part, part] + np.diag(terms.l2))[-1]
            if bound > 0:
                slope = gradient[part] + second[part] @ (w - begin) + terms.l2 * w[part]
                new = _prox(w[part] - slope / bound, terms, norm, bound)
                most = max(most, bound * np.abs(new - w[part]).max())
                w[part] = new
        if not most > tol:
            break
    return w


def _prox(z: Array, terms: Terms, norm: float, bound: float) -> Array:
    shrunk = np.sign(z) * np.maximum(np.abs(z) - terms.l1 / bound, 0.0)
    z = np.clip(shrunk, terms.lower, terms.upper)
    length = float(np.linalg.norm(z))
    return z * max(1 - norm / bound / length, 0.0) if length > 0 else z
