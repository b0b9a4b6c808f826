"""One fit of a linear model, solved on some of its features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from skopt_suite.backends import Array
from skopt_suite.optimizers.algebra._coordinates import (
    Terms,
    descend_by_columns,
    descend_by_sparse_columns,
)

if TYPE_CHECKING:
    from skopt_suite.optimizers._base import LinearRows

_FEWEST, _SHARE = 10, 50  # features that it begins with: so many, or a share of all
_MOST_EPOCHS = 1000
_MOST_QUADRATICS, _MOST_HALVINGS, _MOST_SHIFTS = 10, 30, 100
_SHORT_SHIFTS = 4  # in one direction; then they double
_SUFFICIENT = 1e-4  # of the fall that a quadratic predicts
_ROUNDING, _ROUNDING_OF_SUM = 4.0, 16.0  # units in the last place


def worth_a_look(is_in: Array, distance: Array) -> np.ndarray:
    """Return features that are in, and those furthest from stationary.

    Parameters
    ----------
    is_in : array of shape (n_features,)
        Which of them are not 0 or not penalised.
    distance : array of shape (n_features,)
        How far they are from stationary.
    """
    n_features = len(is_in)
    n_wanted = max(_FEWEST, n_features // _SHARE, 2 * int(is_in.sum()))
    if n_wanted >= n_features:
        return np.arange(n_features)
    rank = np.where(is_in, np.inf, distance)
    chosen = np.argpartition(-rank, n_wanted)[:n_wanted]
    return np.sort(chosen[rank[chosen] > 0])


@dataclass
class WorkingSet:
    """The features of one fit and output that are worth a look.

    Parameters
    ----------
    rows : LinearRows
        What it is trained on.
    fit, output : int
        Which one.
    chosen : array of shape (n_chosen,)
        The features.
    tol : float
        How far from stationary they may be in the end.
    """

    rows: LinearRows
    fit: int
    output: int
    chosen: np.ndarray
    tol: float

    def improve(self, terms: Terms, weights: Array, bias: Array, raw: Array) -> bool:
        """Solve the features, in place; return whether anything moved.

        Parameters
        ----------
        terms : Terms
            The penalty of the chosen features.
        weights : array of shape (n_fits, n_features, n_outputs)
            Of all fits.
        bias : array of shape (n_fits, 1, n_outputs)
            The intercepts, or no columns.
        raw : array of shape (n_fits, n_samples, n_outputs)
            Predictions.
        """
        w, bias, raw = weights[self.fit, :, self.output], bias[self.fit], raw[self.fit]
        before = raw.copy()
        for i in range(_MOST_QUADRATICS):
            if not self._descend(terms, w, bias, raw, self.tol / 4 ** (i + 1)):
                break
            if self._is_solved(terms, w, raw):
                break
        self._balance(bias, raw)
        vars(self).pop("_columns", None)
        eps = np.finfo(np.float64).eps
        return bool((np.abs(raw - before) > _ROUNDING * eps * np.abs(raw)).any())

    def is_solved(self, terms: Terms, weights: Array, raw: Array) -> bool:
        """Whether all chosen features are near enough to stationary."""
        return self._is_solved(terms, weights[self.fit, :, self.output], raw[self.fit])

    def _is_solved(self, terms: Terms, w: Array, raw: Array) -> bool:
        distance = terms.distance(w[self.chosen], self._products(self._slope(raw)))
        return bool(distance.max(initial=0.0) <= self.tol)

    def _descend(self, terms: Terms, w: Array, bias: Array, raw: Array, tol: float) -> bool:
        """Step to where a quadratic is least, or part of the way; return whether that helps."""
        chosen, output = self.chosen, self.output
        now = self.rows.derivatives(raw[None], self.fit)
        slope, curvature = (
            np.ascontiguousarray(part[0, :, output]) for part in (now.slope, now.curvature)
        )
        rest = slope, curvature, w[chosen], *terms, bool(bias.size), tol, _MOST_EPOCHS
        if self.rows.columns.is_sparse:
            new, move, shift = descend_by_sparse_columns(*self.rows.columns.sparse, chosen, *rest)
        else:
            new, move, shift = descend_by_columns(self._columns, *rest)
        share = 1.0
        if not self.rows.loss.is_quadratic:
            fall = float(slope @ move) + terms.value(new) - terms.value(w[chosen])
            share = self._share(terms, w[chosen], new, raw, move, now.value[0], fall)
        if share == 0.0:
            return False
        w[chosen] = new if share == 1.0 else w[chosen] + share * (new - w[chosen])
        raw[:, output] += share * move
        if bias.size:
            bias[0, output] += share * shift
        return True

    def _share(
        self, terms: Terms, w: Array, new: Array, raw: Array, move: Array, value: float, fall: float
    ) -> float:
        """Return which share of a step lowers the objective by enough, 0 if none does."""
        begin, tried = value + terms.value(w), raw.copy()
        rounding = 8 * np.finfo(np.float64).eps * abs(begin)
        share = 1.0
        for _ in range(_MOST_HALVINGS):
            tried[:, self.output] = raw[:, self.output] + share * move
            there = self.rows.value_and_slope(tried[None], self.fit)[0][0]
            there += terms.value(w + share * (new - w))
            if there <= begin + _SUFFICIENT * share * min(fall, 0.0) + rounding:
                return share
            share /= 2
        return 0.0

    def _balance(self, bias: Array, raw: Array) -> None:
        """Move the intercept to where the loss is least."""
        if not bias.size or self.rows.loss.is_quadratic:
            return
        at, low, high = 0.0, -np.inf, np.inf
        for i in range(_MOST_SHIFTS):
            step = self._newton_shift(raw)
            if at + step == at:
                return
            low, high = (low, at) if step < 0 else (at, high)
            if np.isinf(high - low):
                step *= 2.0 ** max(0, i - _SHORT_SHIFTS)
            elif not low < at + step < high:
                step = (low + high) / 2 - at
            at += step
            bias[0, self.output] += step
            raw[:, self.output] += step

    def _newton_shift(self, raw: Array) -> float:
        """Return Newton's step of the intercept, 0 if rounding hides it."""
        now = self.rows.derivatives(raw[None], self.fit)
        slope, curvature = now.slope[0, :, self.output], now.curvature[0, :, self.output]
        eps, total = np.finfo(np.float64).eps, slope.sum()
        rounding = _ROUNDING_OF_SUM * eps * np.abs(slope).sum()
        return 0.0 if abs(total) <= rounding else float(-total / curvature.sum())

    def _slope(self, raw: Array) -> Array:
        slope = self.rows.value_and_slope(raw[None], self.fit)[1]
        return np.ascontiguousarray(slope[0, :, self.output])

    def _products(self, slope: Array) -> Array:
        """Return the gradient by the chosen weights."""
        columns = self.rows.columns
        return columns.products(self.chosen, slope) if columns.is_sparse else self._columns @ slope

    @cached_property
    def _columns(self) -> Array:
        return self.rows.columns.dense(self.chosen)
