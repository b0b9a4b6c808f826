"""Scores of classifiers, of their raw predictions."""

from __future__ import annotations

from skopt_suite.backends import (
    PerFit,
    RawPredictions,
    SampleWeight,
    TargetColumns,
    namespace,
)
from skopt_suite.metrics._mean import mean_over_samples


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
    xp = namespace(raw)
    if raw.shape[-1] > y.shape[1]:  # one column of class indices
        right = xp.argmax(raw, axis=-1) == y[:, 0]
    else:
        right = xp.all((raw > 0) == (y > 0), axis=-1)
    right = xp.astype(right, raw.dtype)  # (n_fits, n_samples)
    return mean_over_samples(right[..., None], weight)[:, 0]
