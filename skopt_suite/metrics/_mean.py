"""Means over samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from skopt_suite.backends import Array, PerFit, SampleWeight, mean_in_double, sum_in_double


class OfMeans(NamedTuple):
    """What a metric of samples of weight 1 is, where it is known from means over samples."""

    values: Callable[[Array, Array], Array]
    """From targets and what is scored to what to average, (n_fits, n_samples, n_outputs)."""
    score: Callable[[Array, Array], PerFit]
    """From means, (n_fits, n_outputs), and the targets of all samples to scores."""


def mean_over_samples(values: Array, weight: SampleWeight | None) -> Array:
    """Return the mean of every output of every fit, by weight if there is one.

    Parameters
    ----------
    values : array of shape (n_fits, n_samples, n_outputs)
        What to average.
    weight : array of shape (n_samples,) or (n_fits, n_samples), or None
        Weight of every sample; None: all the same.

    Returns
    -------
    mean : array of shape (n_fits, n_outputs)
        Fits are one if `values` and `weight` are of one.
    """
    if weight is None:
        return mean_in_double(values, axis=1)
    weight = weight[..., None]  # (n_samples, 1) or (n_fits, n_samples, 1)
    return sum_in_double(values * weight, axis=1) / sum_in_double(weight, axis=-2)
