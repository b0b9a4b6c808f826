"""Scores of classifiers, of their raw predictions."""

from __future__ import annotations

from skopt_suite.backends import (
    Array,
    PerFit,
    RawPredictions,
    SampleWeight,
    TargetColumns,
    namespace,
)
from skopt_suite.metrics._mean import OfMeans, mean_over_samples


def accuracy(y: TargetColumns, raw: RawPredictions, weight: SampleWeight | None = None) -> PerFit:
    """Return the share of samples, by weight, whose outputs are all right.

    Parameters
    ----------
    y : array of shape (n_samples, 1) or (n_samples, n_outputs)
        One column of class indices; or 0 and 1, for two classes and for labels.
    raw : array of shape (n_fits, n_samples, n_outputs)
        Raw predictions; positive ones are class or label 1, or the largest one is the class.
    weight : array of shape (n_samples,) or (n_fits, n_samples), default=None
        Weight of every sample.

    Returns
    -------
    accuracy : array of shape (n_fits,)
        Between 0 and 1.
    """
    return mean_over_samples(_right(y, raw), weight)[:, 0]


def _right(y: TargetColumns, raw: RawPredictions) -> Array:
    """Return 1 for samples whose outputs are all right, else 0, (n_fits, n_samples, 1)."""
    xp = namespace(raw)
    if raw.shape[-1] > y.shape[1]:  # one column of class indices
        right = xp.argmax(raw, axis=-1) == y[:, 0]
    else:
        right = xp.all((raw > 0) == (y > 0), axis=-1)
    return xp.astype(right, raw.dtype)[..., None]


ACCURACY = OfMeans(_right, lambda mean, y: mean[:, 0])
