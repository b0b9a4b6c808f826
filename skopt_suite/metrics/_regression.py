"""Scores of regressors, of their predictions."""

from __future__ import annotations

from skopt_suite.backends import Array, PerFit, Predictions, SampleWeight, TargetColumns, namespace
from skopt_suite.metrics._mean import mean_over_samples


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
    xp = namespace(prediction)
    y = y[None, ...]
    residual = mean_over_samples((prediction - y) ** 2, weight)  # (n_fits, n_outputs)
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
    return -_mean_over_outputs(_mean_squared_errors(y, prediction, weight))


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
    mean_squared = _mean_squared_errors(y, prediction, weight)
    return -_mean_over_outputs(namespace(mean_squared).sqrt(mean_squared))


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
    error = namespace(prediction).abs(prediction - y)
    return -_mean_over_outputs(mean_over_samples(error, weight))


def _mean_squared_errors(
    y: TargetColumns, prediction: Predictions, weight: SampleWeight | None
) -> Array:
    return mean_over_samples((prediction - y) ** 2, weight)  # (n_fits, n_outputs)


def _mean_over_outputs(values: Array) -> PerFit:
    return namespace(values).mean(values, axis=-1)
