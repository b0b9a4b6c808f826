"""A line search of linear models: raw predictions are linear in how far it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from skopt_suite.backends import Array, PerFit, RawPredictions, namespace
from skopt_suite.optimizers.algebra._design import dot, of_fits

if TYPE_CHECKING:
    from skopt_suite.optimizers._base import LinearRows

_MOST_TRIALS = 40
_SUFFICIENT_DECREASE = 1e-4


class Start(Protocol):
    """Where a line begins."""

    @property
    def coef(self) -> Array:
        """Coefficients, (n_fits, n_columns, n_outputs)."""

    @property
    def raw(self) -> RawPredictions:
        """Raw predictions."""

    @property
    def value(self) -> PerFit:
        """The objective."""

    @property
    def slope(self) -> RawPredictions:
        """The gradient of the mean loss by raw predictions."""


class Line(NamedTuple):
    """The fits that are searching, and the objective where they begin."""

    raw: RawPredictions
    change: RawPredictions  # of raw predictions in a step of length 1
    value: PerFit
    slope: PerFit  # along the line
    coef: Array
    direction: Array
    ridge: Array  # the curvature of the penalty by every coefficient

    @classmethod
    def of(cls, start: Start, change: RawPredictions, ridge: Array, direction: Array) -> Line:
        """Return the lines from there along directions; `change` is that of raw predictions."""
        slope = dot(start.slope, change) + dot(ridge * start.coef, direction)
        return cls(start.raw, change, start.value, slope, start.coef, direction, ridge)

    def at(self, rows: LinearRows, t: PerFit) -> tuple[LineEnd, PerFit]:
        """Return points on the lines, and the slopes there."""
        length = t[:, None, None]
        coef = self.coef + length * self.direction
        raw = namespace(self.raw).asarray(length, device=self.raw.device) * self.change
        raw += self.raw
        value, by_raw = rows.value_and_slope(raw)
        by_penalty = self.ridge * coef
        value = value + dot(by_penalty, coef) / 2
        slope = dot(by_raw, self.change) + dot(by_penalty, self.direction)
        return LineEnd(t, raw, value, by_raw), slope

    def take(self, index: np.ndarray) -> Line:
        """Return those of the fits that `index` names."""
        return Line(*(of_fits(part, index) for part in self))


class LineEnd(NamedTuple):
    """Where the search ended; a length of 0 where no lower point was found."""

    length: PerFit
    raw: RawPredictions
    value: PerFit
    slope: RawPredictions  # of the mean loss by raw predictions


def backtrack(rows: LinearRows, line: Line) -> LineEnd:
    """Return points on lines, no further than 1, where the objective is lower by enough.

    A change of the value within rounding counts as none, and the slope decides (see
    `wolfe_line_search`).

    Parameters
    ----------
    rows : LinearRows
        The data.
    line : Line
        Of every fit.
    """
    t, left, found = np.ones_like(line.value), np.arange(len(line.value)), None
    for _ in range(_MOST_TRIALS):
        end, slope = line.at(rows, t)
        is_done = _falls(line, end, slope)
        found = _kept(found, end, left)
        if is_done.all():
            return found
        t = _shorter(line, end)
        if is_done.any():
            keep = np.flatnonzero(~is_done)
            t, left, line, rows = t[keep], left[keep], line.take(keep), rows.take(keep)
    end, _ = line.at(rows, np.zeros_like(t))
    return _kept(found, end, left)


def _falls(line: Line, end: LineEnd, slope: PerFit) -> PerFit:
    """Return where the objective is lower by enough; False for a value that is not a number."""
    rounding = 8 * np.finfo(np.float64).eps * np.abs(line.value)
    is_lower = end.value <= line.value + _SUFFICIENT_DECREASE * end.length * line.slope
    is_flat = slope <= (2 * _SUFFICIENT_DECREASE - 1) * line.slope
    return is_lower | ((end.value <= line.value + rounding) & is_flat)


def _shorter(line: Line, end: LineEnd) -> PerFit:
    """Return where a parabola through the value is least, a tenth to half as far."""
    t = end.length
    excess = end.value - line.value - t * line.slope
    is_usable = (excess > 0) & np.isfinite(excess)
    parabola = -line.slope * t * t / (2 * np.where(is_usable, excess, 1.0))
    return np.where(is_usable, np.clip(parabola, 0.1 * t, 0.5 * t), 0.1 * t)


def _kept(found: LineEnd | None, end: LineEnd, index: np.ndarray) -> LineEnd:
    """Return `found` with the ends of the fits that `index` names, which may be all."""
    if found is None or len(index) == len(found.length):
        return end
    for old, new in zip(found, end, strict=True):
        for position, fit in enumerate(index.tolist()):
            old[fit, ...] = new[position, ...]
    return found
