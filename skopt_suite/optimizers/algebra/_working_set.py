"""One fit of a linear model, solved on some of its features."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from skopt_suite.backends import Array
from skopt_suite.optimizers.algebra._coordinates import (
    Terms,
    descend_by_columns,
    descend_by_sparse_columns,
)

if TYPE_CHECKING:
    from skopt_suite.optimizers._base import LinearRows
    from skopt_suite.optimizers.algebra._stacked_terms import StackedTerms

_FEWEST, _SHARE = 10, 50  # features that it begins with: so many, or a share of all
MOST_EPOCHS = 1000
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
    output: Any
    chosen: np.ndarray
    tol: float
    _known: Any = field(default=None, init=False, repr=False)

    @classmethod
    def of(
        cls,
        rows: LinearRows,
        fit: int,
        output: int,
        is_in: Array,
        distance: Array,
        solved: float,
    ) -> WorkingSet:
        """Return that of a fit and output which is to leave a share of the largest distance.

        See `worth_a_look`.
        """
        tol = solved * distance.max(initial=0.0)
        return cls(rows, fit, output, worth_a_look(is_in, distance), tol)

    def terms(self, stacked: StackedTerms) -> Any:
        """Return the penalty of what is chosen."""
        n_outputs = stacked.l1.shape[2]
        return stacked.at(self.fit, self.chosen * n_outputs + self.output)

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
        w, bias, raw = self._flat(weights), bias[self.fit], raw[self.fit]
        before = raw.copy()
        for i in range(_MOST_QUADRATICS):
            if not self._descend(terms, w, bias, raw, self.tol / 4 ** (i + 1)):
                break
            if self._is_solved(terms, w, raw):
                break
        self._balance(bias, raw)
        vars(self).pop("_columns", None)
        self._known = None
        eps = np.finfo(np.float64).eps
        return bool((np.abs(raw - before) > _ROUNDING * eps * np.abs(raw)).any())

    def is_solved(self, terms: Terms, weights: Array, raw: Array) -> bool:
        """Whether all chosen features are near enough to stationary."""
        solved = self._is_solved(terms, self._flat(weights), raw[self.fit])
        self._known = None
        return solved

    def _flat(self, weights: Array) -> Array:
        """Return a view of the weights that `chosen` is about."""
        return weights[self.fit, :, self.output]

    def _is_solved(self, terms: Terms, w: Array, raw: Array) -> bool:
        distance = terms.distance(w[self.chosen], self._products(self._slope(raw)))
        return bool(distance.max(initial=0.0) <= self.tol)

    def _descend(self, terms: Terms, w: Array, bias: Array, raw: Array, tol: float) -> bool:
        """Step to where a quadratic is least, or part of the way; return whether that helps."""
        chosen, output, now = self.chosen, self.output, self._derivatives(raw)
        new, move, shift = self._least(now, w[chosen], terms, bool(bias.size), tol)
        share = 1.0
        if not self.rows.loss.is_quadratic:
            fall = float(np.sum(now.slope[0, :, output] * move))
            fall += terms.value(new) - terms.value(w[chosen])
            share = self._share(terms, w[chosen], new, raw, move, now.value[0], fall)
        if share == 0.0:
            return False
        w[chosen] = new if share == 1.0 else w[chosen] + share * (new - w[chosen])
        raw[:, output] += share * move
        if bias.size:
            bias[0, output] += share * shift
        if self.rows.loss.is_quadratic:
            self._known = None
        return True

    def _least(
        self, now: Any, w: Array, terms: Terms, has_intercept: bool, tol: float
    ) -> tuple[Array, Array, Any]:
        """Return where a quadratic is least, and how far predictions and the intercept move."""
        slope, curvature = (
            np.ascontiguousarray(part[0, :, self.output]) for part in (now.slope, now.curvature)
        )
        rest = slope, curvature, w, *terms, has_intercept, tol, MOST_EPOCHS
        if self.rows.columns.is_sparse:
            return descend_by_sparse_columns(*self.rows.columns.sparse, self.chosen, *rest)
        return descend_by_columns(self._columns, *rest)

    def _share(
        self, terms: Terms, w: Array, new: Array, raw: Array, move: Array, value: float, fall: float
    ) -> float:
        """Return which share of a step lowers the objective by enough, 0 if none does."""
        begin, tried = value + terms.value(w), raw.copy()
        rounding = 8 * np.finfo(np.float64).eps * abs(begin)
        share = 1.0
        for _ in range(_MOST_HALVINGS):
            tried[:, self.output] = raw[:, self.output] + share * move
            there = self.rows.derivatives(tried[None], self.fit)
            reached = there.value[0] + terms.value(w + share * (new - w))
            if reached <= begin + _SUFFICIENT * share * min(fall, 0.0) + rounding:
                self._known = there
                return share
            share /= 2
        return 0.0

    def _balance(self, bias: Array, raw: Array) -> None:
        """Move the intercept to where the loss is least."""
        if not bias.size or self.rows.loss.is_quadratic:
            return
        at = np.zeros_like(bias[0, self.output])
        low, high, last = at - np.inf, at + np.inf, at + np.inf
        longest = np.maximum(1.0, np.abs(raw[:, self.output]).max(axis=0))
        for i in range(_MOST_SHIFTS):
            step = self._newton_shift(raw)
            if (at + step == at).all():
                return
            if not self.rows.loss.has_coupled_outputs:
                low, high = np.where(step < 0, low, at), np.where(step < 0, at, high)
                step = np.clip(step, -longest, longest)
                step = _bracketed(step, last, at, low, high, 2.0 ** max(0, i - _SHORT_SHIFTS))
            at, last = at + step, step
            bias[0, self.output] += step
            raw[:, self.output] += step
            self._known = None

    def _newton_shift(self, raw: Array) -> Array:
        """Return Newton's steps of intercepts, 0 where rounding hides them."""
        now = self._derivatives(raw)
        slope, curvature = now.slope[0, :, self.output], now.curvature[0, :, self.output]
        eps, total = np.finfo(np.float64).eps, slope.sum(0)
        rounding = _ROUNDING_OF_SUM * eps * np.abs(slope).sum(0)
        return np.where(np.abs(total) <= rounding, 0.0, -total / curvature.sum(0))

    def _slope(self, raw: Array) -> Array:
        return np.ascontiguousarray(self._derivatives(raw).slope[0, :, self.output])

    def _derivatives(self, raw: Array) -> Any:
        """Return those of the fit, found once where predictions stay."""
        if self._known is None:
            self._known = self.rows.derivatives(raw[None], self.fit)
        return self._known

    def _products(self, slope: Array) -> Array:
        """Return the gradient by the chosen weights."""
        columns = self.rows.columns
        return columns.products(self.chosen, slope) if columns.is_sparse else self._columns @ slope

    @cached_property
    def _columns(self) -> Array:
        return self.rows.columns.dense(self.chosen)


def _bracketed(
    step: Array, last: Array, at: Array, low: Array, high: Array, stretch: float
) -> Array:
    """Return steps that stay between bounds: longer where there are none yet.

    They go halfway where they would not stay there, or are hardly shorter than the last.
    """
    is_open, is_inside = np.isinf(high - low), (low < at + step) & (at + step < high)
    is_good = is_inside & (np.abs(step) <= np.abs(last) / 2)
    with np.errstate(invalid="ignore"):
        halfway = (low + high) / 2 - at
    return np.where(is_open, stretch * step, np.where(is_good | (step == 0), step, halfway))
