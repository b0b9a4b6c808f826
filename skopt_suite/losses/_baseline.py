"""The best constant of a loss: in closed form, by bisection, or by search.

Targets and weights are on the host, as there is one such constant per fit: ``y`` is
(n_samples, n_columns), ``weight`` is (n_samples,) or None.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from skopt_suite._component import stack
from skopt_suite.backends import Placement

if TYPE_CHECKING:
    from skopt_suite.losses._base import Loss

_N_STEPS = 200
_EXACT = 1e-12  # a step next to the raw prediction that it changes
_FLAT = 1e-12  # a slope next to the steepest one
_MISSED = 2e-12  # of a share of the weight: what rounding may hide
_ROUNDING = 4 * float(np.finfo(np.float64).eps)  # of a sum, or a number in it
_HALVINGS = 60  # of the range of the targets, until float64 knows no smaller one
_GROWTH, _SHRINKAGE = 1.5, 0.5


def mean(y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the mean of every column, (n_columns,), in float64."""
    if weight is None:
        return y.sum(axis=0, dtype=np.float64) / len(y)
    return np.average(y, axis=0, weights=weight)


def median(y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the lower median of every column, (n_columns,)."""
    return quantile(y, weight, 0.5)


def quantile(y: np.ndarray, weight: np.ndarray | None, level: float) -> np.ndarray:
    """Return the lower quantile of every column, (n_columns,)."""
    if weight is None:
        rank = max(math.ceil(len(y) * level * (1 - _MISSED)) - 1, 0)
        return np.partition(y, rank, axis=0)[rank]
    weight = np.asarray(weight, dtype=np.float64)
    order = np.argsort(y, axis=0)
    reached = np.cumsum(weight[order], axis=0)
    rank = np.argmax(reached >= reached[-1] * level * (1 - _MISSED), axis=0)
    return np.take_along_axis(y, np.take_along_axis(order, rank[None, :], axis=0), axis=0)[0]


def class_shares(y: np.ndarray, weight: np.ndarray | None, n_classes: int) -> np.ndarray:
    """Return the share of every class, (n_classes,), from class indices."""
    counts = np.bincount(y[:, 0], weight, minlength=n_classes)
    return counts / counts.sum()


def zero_of_increasing(
    function: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Return where a function of every entry for itself passes zero, between `low` and `high`."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_above = function(middle) > 0
        low, high = np.where(is_above, low, middle), np.where(is_above, middle, high)
    return (low + high) / 2


def zero_of_slopes(
    slope: Callable[[np.ndarray], np.ndarray],
    y: np.ndarray,
    weight: np.ndarray | None,
    reach: float = 0.0,
) -> np.ndarray:
    """Return where slopes of residuals, which increase, are 0 in the mean, (n_columns,).

    It is within the range of the targets, or no further than `reach` beyond.
    """
    y = y.astype(np.float64)

    def mean_slope(raw: np.ndarray) -> np.ndarray:
        return mean(slope(raw - y), weight)

    return zero_of_increasing(mean_slope, y.min(axis=0) - reach, y.max(axis=0) + reach)


def centre_of_clipped(y: np.ndarray, weight: np.ndarray | None, size: float) -> np.ndarray:
    """Return where residuals, cut off at `size`, are 0 in the mean, (n_columns,)."""
    weight = np.ones(len(y)) if weight is None else weight
    return np.array([_zero_of_clipped(column, weight, size) for column in y.astype(np.float64).T])


def _zero_of_clipped(y: np.ndarray, weight: np.ndarray, size: float) -> float:
    """Return where the mean is 0 for one column, by Newton's method between ends that enclose it.

    It is linear but where residuals begin to be cut off, so few steps are exact. Now and then one
    goes to the middle, lest many go from kink to kink.
    """
    low, high, whole = float(y.min()), float(y.max()), size * float(weight.sum())
    raw = float(np.average(y, weights=weight))
    for i in range(_N_STEPS):
        clipped = np.clip(raw - y, -size, size)
        total, slope = float(weight @ clipped), float(weight @ (np.abs(clipped) < size))
        if abs(total) <= _ROUNDING * (whole + slope * abs(raw)):
            break
        low, high = (low, raw) if total > 0 else (raw, high)
        new = raw - total / slope if slope > 0 else math.inf
        raw = new if low < new < high and i % 4 < 3 else (low + high) / 2
    return raw


def best_constant(loss: Loss, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the raw prediction for all samples whose mean loss is least, (n_outputs,).

    Every output has a step size of its own, which grows while its slope keeps its sign, and
    shrinks otherwise (Rprop); it stands still where its slope is next to nothing, which may be far
    away. Kinks and units do no harm. The optimum is a local one.
    """
    mean_loss = _mean_loss_of(loss, y, weight)
    raw, last, steepest = np.zeros((3, loss.n_outputs(y)))
    step, best, least = np.ones_like(raw), raw, np.inf
    with np.errstate(all="ignore"):  # far away there may be no finite loss
        for _ in range(_N_STEPS):
            value, slope = mean_loss(raw)
            if not np.isfinite(slope).all():
                raw, step, last = best, step / 16, 0 * last
                continue
            if value < least:
                best, least = raw, value
            change = np.where(slope * last < 0, _SHRINKAGE, np.where(slope * last > 0, _GROWTH, 1))
            step, last = change * step, np.where(change < 1, 0.0, slope)
            steepest = np.maximum(steepest, np.abs(slope))
            is_flat = np.abs(slope) <= _FLAT * steepest
            raw = raw - np.where(is_flat, 0.0, np.sign(last) * step)
            if (is_flat | (step <= _EXACT * np.abs(raw))).all():
                break
    return best


def _mean_loss_of(
    loss: Loss, y: np.ndarray, weight: np.ndarray | None
) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Return the function from a raw prediction for all samples to mean loss and gradient."""
    share = np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum()
    stacked = stack([loss], Placement(np), ndim=3)
    y = y.astype(np.float64) if y.dtype.kind == "f" else y

    def mean_loss(raw: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = stacked.value_and_gradient(y, np.tile(raw, (1, len(y), 1)))
        return float(value[0] @ share), share @ gradient[0]

    return mean_loss
