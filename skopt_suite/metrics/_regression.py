"""Scores of regressors, of their predictions."""

from __future__ import annotations

from skopt_suite.backends import Array, PerFit, Predictions, SampleWeight, TargetColumns, namespace
from skopt_suite.metrics._mean import OfMeans, mean_over_samples


def r2(y: TargetColumns, prediction: Predictions, weight: SampleWeight | None = None) -> PerFit:
    """Return the coefficient of determination R², averaged over outputs.

    Of an output whose targets are all the same it is 1 where predictions are exact, else 0, as in
    `sklearn.metrics.r2_score`.

    Parameters
    ----------
    y : array of shape (n_samples, n_outputs)
        Targets.
    prediction : array of shape (n_fits, n_samples, n_outputs)
        Predictions.
    weight : array of shape (n_samples,) or (n_fits, n_samples), default=None
        Weight of every sample.

    Returns
    -------
    r2 : array of shape (n_fits,)
        At most 1.
    """
    return _explained(_mean_squared_errors(y, prediction, weight), y, weight)


def _explained(residual: Array, y: TargetColumns, weight: SampleWeight | None = None) -> PerFit:
    """Return R² from mean squared errors, (n_fits, n_outputs)."""
    xp, y = namespace(residual), y[None, ...]
    centre = mean_over_samples(y, weight)[:, None, :]
    total = mean_over_samples((y - centre) ** 2, weight)
    varies = total > 0
    unexplained = xp.where(
        varies,
        residual / xp.where(varies, total, xp.ones_like(total)),
        xp.astype(residual > 0, residual.dtype),
    )
    return xp.mean(1 - unexplained, axis=-1)


def neg_mean_squared_error(
    y: TargetColumns, prediction: Predictions, weight: SampleWeight | None = None
) -> PerFit:
    """Return minus the mean squared error, averaged over outputs.

    Parameters
    ----------
    y, prediction, weight : array
        As in `r2`.

    Returns
    -------
    score : array of shape (n_fits,)
        At most 0.
    """
    return _minus(_mean_squared_errors(y, prediction, weight))


def neg_root_mean_squared_error(
    y: TargetColumns, prediction: Predictions, weight: SampleWeight | None = None
) -> PerFit:
    """Return minus the root of the mean squared error of every output, averaged over outputs.

    Parameters
    ----------
    y, prediction, weight : array
        As in `r2`.

    Returns
    -------
    score : array of shape (n_fits,)
        At most 0.
    """
    return _minus_root(_mean_squared_errors(y, prediction, weight))


def neg_mean_absolute_error(
    y: TargetColumns, prediction: Predictions, weight: SampleWeight | None = None
) -> PerFit:
    """Return minus the mean absolute error, averaged over outputs.

    Parameters
    ----------
    y, prediction, weight : array
        As in `r2`.

    Returns
    -------
    score : array of shape (n_fits,)
        At most 0.
    """
    return _minus(mean_over_samples(_errors(y, prediction), weight))


def _mean_squared_errors(
    y: TargetColumns, prediction: Predictions, weight: SampleWeight | None
) -> Array:
    return mean_over_samples(_squares(y, prediction), weight)  # (n_fits, n_outputs)


def _squares(y: TargetColumns, prediction: Predictions) -> Array:
    return (prediction - y) ** 2


def _errors(y: TargetColumns, prediction: Predictions) -> Array:
    return namespace(prediction).abs(prediction - y)


def _minus(means: Array, y: TargetColumns | None = None) -> PerFit:
    """Return minus the mean over outputs."""
    return -namespace(means).mean(means, axis=-1)


def _minus_root(means: Array, y: TargetColumns | None = None) -> PerFit:
    return _minus(namespace(means).sqrt(means))


R2 = OfMeans(_squares, _explained)
SQUARED = OfMeans(_squares, _minus)
ROOT = OfMeans(_squares, _minus_root)
ABSOLUTE = OfMeans(_errors, _minus)
