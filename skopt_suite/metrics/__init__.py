"""How well fits do, all fits of a stack at once, by the names of scikit-learn's scorers.

Shapes: ``y`` is what losses take: one column of class indices for more than two classes, else
numbers ``(n_samples, n_outputs)``, where classes and labels are 0 or 1. What is scored is of shape
``(n_fits, n_samples, n_outputs)``: raw predictions of classifiers, predictions of regressors.
Weights are ``(n_samples,)``, or ``(n_fits, n_samples)`` if fits differ in them. Scores are
``(n_fits,)``, greater is better. Tests hold each to scikit-learn's scorer.
"""

from collections.abc import Callable, Mapping

from skopt_suite.backends import PerFit, Predictions, RawPredictions, SampleWeight, TargetColumns
from skopt_suite.metrics._classification import ACCURACY, accuracy
from skopt_suite.metrics._mean import OfMeans
from skopt_suite.metrics._regression import (
    ABSOLUTE,
    R2,
    ROOT,
    SQUARED,
    neg_mean_absolute_error,
    neg_mean_squared_error,
    neg_root_mean_squared_error,
    r2,
)

Metric = Callable[[TargetColumns, RawPredictions | Predictions, SampleWeight | None], PerFit]
"""``metric(y, scored, weight)``."""

CLASSIFICATION_METRICS: Mapping[str, Metric] = {"accuracy": accuracy}
REGRESSION_METRICS: Mapping[str, Metric] = {
    metric.__name__: metric
    for metric in (
        r2,
        neg_mean_squared_error,
        neg_root_mean_squared_error,
        neg_mean_absolute_error,
    )
}
METRICS: Mapping[str, Metric] = {**CLASSIFICATION_METRICS, **REGRESSION_METRICS}
OF_MEANS: Mapping[Metric, OfMeans] = {
    accuracy: ACCURACY,
    r2: R2,
    neg_mean_squared_error: SQUARED,
    neg_root_mean_squared_error: ROOT,
    neg_mean_absolute_error: ABSOLUTE,
}
"""Those that means over samples are enough for, which can be added up over parts of them."""

__all__ = [
    "CLASSIFICATION_METRICS",
    "METRICS",
    "OF_MEANS",
    "REGRESSION_METRICS",
    "Metric",
    "OfMeans",
    "accuracy",
    "neg_mean_absolute_error",
    "neg_mean_squared_error",
    "neg_root_mean_squared_error",
    "r2",
]
