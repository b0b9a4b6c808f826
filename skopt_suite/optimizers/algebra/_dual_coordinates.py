"""Coordinate descent on the dual of a linear model whose loss is linear between kinks.

With slopes l and h below and above a kink c of row i, ``max(l t, h t) = max_{l ≤ a ≤ h} a t`` for
``t = x_i w + b - c``. So with L2 of strength λ_j, one dual variable a for every kink of every row,

    min_{w, b} F = max_a D,    D = -Σ a c - Σ_j (Σ a x_ij)² / (2 λ_j),    Σ a = 0,

and ``w_j = -Σ a x_ij / λ_j``. The sum of all a, which has to be 0, is kept near by the method of
multipliers, of which the intercept is the multiplier.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from skopt_suite.backends import Array, kernel


class Kinks(NamedTuple):
    """Of one fit and output, (n_kinks * n_samples,): kink by kink, all rows."""

    at: Array
    below: Array
    above: Array

    def loss(self, raw: Array) -> float:
        """Return the mean loss of raw predictions, (n_samples,)."""
        beyond = self.beyond(raw)
        return float(np.maximum(self.below * beyond, self.above * beyond).sum())

    def beyond(self, raw: Array) -> Array:
        """Return how far raw predictions are beyond kinks."""
        return (raw - self.at.reshape(-1, len(raw))).ravel()

    def intercept(self, raw: Array) -> float:
        """Return the intercept with which the loss is least, added to raw predictions."""
        places = -self.beyond(raw)
        order = np.argsort(places)
        slope = self.below.sum() + np.cumsum((self.above - self.below)[order])
        return float(places[order][min(np.searchsorted(slope, 0.0), len(order) - 1)])

    def balanced(self, dual: Array) -> Array:
        """Return dual variables whose sum is 0, from some whose sum is not."""
        total = dual.sum()
        gives = dual > 0 if total > 0 else dual < 0
        given = dual[gives].sum()
        return np.where(gives, dual * (1 - total / given), dual) if given else dual


class Dual(NamedTuple):
    """Where the dual is, in float64."""

    variables: Array  # (n_kinks * n_samples,)
    weights: Array  # (n_features,), which follow from them
    bias: float
    furthest: float  # that any prediction was from a kink that a variable moved to, in a pass


@kernel
def ascend_dual(
    data: Array,
    indices: Array,
    indptr: Array,
    kinks: Kinks,
    order: Array,
    at: Dual,
    strengths: Array,
    has_bias: bool,
    n_passes: int,
) -> Dual:
    """Step along the dual variables of one row after the other, to where the dual is highest.

    The first pass goes through all rows; the next ones leave out those whose variables were all at
    a bound and further from leaving it than any other was from its optimum in the pass before.

    Parameters
    ----------
    data, indices, indptr : array
        Rows of a CSR matrix.
    kinks : Kinks
        The loss.
    order : array of shape (n_samples,)
        In which order rows are gone through.
    at : Dual
        Where it begins.
    strengths : array of shape (n_features,)
        Of L2: λ.
    has_bias : bool
        Whether there is an intercept.
    n_passes : int
        At most.
    """
    n, shape = len(indptr) - 1, (len(indptr) - 1, len(strengths))
    x = scipy.sparse.csr_array((data, indices, indptr), shape).toarray()
    squares = (x * x) @ (1 / strengths)
    (a, w), b, active = (np.array(part) for part in at[:2]), at.bias, order
    give, worst = intercept_gives(squares, has_bias), at.furthest
    for _ in range(n_passes):
        b -= give * a.sum()
        kept, furthest = [], 0.0
        for i in active.tolist():
            of_row = Kinks(*(part[i::n] for part in kinks))
            raw = x[i] @ w + b
            if _rest(a[i::n], of_row, raw, worst):
                continue
            kept.append(i)
            step, far = _ascend_row(a[i::n], of_row, raw, max(squares[i] + give, _TINY))
            furthest = max(furthest, far)
            w = w - step * x[i] / strengths
            b -= step * give
        active, worst = np.array(kept, dtype=np.int64), furthest
    return Dual(a, w, float(b), float(worst))


def _rest(a: Array, kinks: Kinks, raw: float, worst: float) -> bool:
    """Whether variables of a row are all at a bound, and far from leaving it."""
    beyond = raw - kinks.at
    is_low, is_high = (a <= kinks.below) & (beyond < -worst), (a >= kinks.above) & (beyond > worst)
    return bool((is_low | is_high).all())


def _ascend_row(a: Array, kinks: Kinks, raw: float, curvature: float) -> tuple[float, float]:
    """Step along the variables of a row; return by how much in sum, and how far off they were.

    First upwards, from the lowest kink on, then downwards, from the highest on: so all of them
    together are where the dual is highest, if the kinks are in order.
    """
    total, furthest = 0.0, 0.0
    upwards = [(v, 1) for v in range(len(a))]
    for v, sign in [*upwards, *((v, -1) for v, _ in reversed(upwards))]:
        beyond = raw - kinks.at[v]
        step = np.clip(a[v] + beyond / curvature, kinks.below[v], kinks.above[v]) - a[v]
        if not sign * step <= 0:
            a[v] += step
            raw, total, furthest = raw - step * curvature, total + step, max(furthest, abs(beyond))
    return total, furthest


def intercept_gives(squares: Array, has_bias: bool) -> float:
    """Return by how much an intercept moves against the sum of the dual variables."""
    return _GIVES * float(np.mean(squares)) if has_bias else 0.0


_TINY = 1e-300  # where rows are 0 and there is no intercept, the dual is linear
_GIVES = 0.1  # of the mean curvature along a variable: 1 takes about twice as many passes


def lower_bound(x: Any, kinks: Kinks, variables: Array, strengths: Array, has_bias: bool) -> float:
    """Return the dual at the nearest point where it bounds the objective from below."""
    a = kinks.balanced(variables) if has_bias else variables
    product = x.T @ a.reshape(-1, x.shape[0]).sum(axis=0)
    return float(-(a @ kinks.at) - (product * product / strengths).sum() / 2)
