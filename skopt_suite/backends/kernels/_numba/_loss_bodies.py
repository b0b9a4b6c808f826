"""Losses of one fit, by what they are."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba import _class_losses as of_classes
from skopt_suite.backends.kernels._numba import _number_losses as of_numbers
from skopt_suite.backends.kernels._numba._body import Body, loss_type

_DEFINITIONS = {
    ("_squared_error.SquaredError", "numbers"): of_numbers.squared_error,
    ("_absolute_error.AbsoluteError", "numbers"): of_numbers.absolute_error,
    ("_huber.Huber", "numbers"): of_numbers.huber,
    ("_epsilon_insensitive.EpsilonInsensitive", "numbers"): of_numbers.epsilon_insensitive,
    (
        "_epsilon_insensitive.SquaredEpsilonInsensitive",
        "numbers",
    ): of_numbers.squared_epsilon_insensitive,
    ("_log_cosh.LogCosh", "numbers"): of_numbers.log_cosh,
    ("_quantile.Quantile", "numbers"): of_numbers.quantile,
    ("_quantile.Quantile", "several of each"): of_numbers.quantiles,
    ("_poisson.Poisson", "numbers"): of_numbers.poisson,
    ("_gamma.Gamma", "numbers"): of_numbers.gamma,
    ("_tweedie.Tweedie", "numbers"): of_numbers.tweedie,
    ("_log_loss.LogLoss", "classes"): of_classes.log_loss_of_classes,
    ("_log_loss.LogLoss", "labels"): of_classes.log_loss_of_labels,
    ("_hinge.Hinge", "classes"): of_classes.hinge,
    ("_hinge.Hinge", "labels"): of_classes.hinge,
    ("_hinge.SquaredHinge", "classes"): of_classes.squared_hinge,
    ("_hinge.SquaredHinge", "labels"): of_classes.squared_hinge,
    ("_modified_huber.ModifiedHuber", "classes"): of_classes.modified_huber,
    ("_modified_huber.ModifiedHuber", "labels"): of_classes.modified_huber,
    ("_focal.Focal", "classes"): of_classes.focal_of_classes,
    ("_focal.Focal", "labels"): of_classes.focal_of_labels,
}

LOSSES: dict[str, Body] = {
    f"skopt_suite.losses.{name}.value_and_gradient, {kind}": Body(body, loss_type)
    for (name, kind), body in _DEFINITIONS.items()
}
"""By the definition of value and gradient, and the kind of targets or raw predictions."""

_ONE_BY_ONE = "LogCosh", "Poisson", "Gamma", "Tweedie", "Focal"
IN_BULK = {name for name in LOSSES if name.split(".")[3] not in _ONE_BY_ONE}
"""Those that take no longer for many rows than NumPy, which computes all functions as vectors."""

WITH_NUMBERS: dict[str, Body] = {
    "skopt_suite.losses._log_loss.LogLoss.value_and_gradient, classes": Body(
        of_classes.smoothed_log_loss_of_classes, loss_type
    )
}
"""Those that stand in where hyperparameters are not all 0."""


def body_of(name: str, numbers: np.ndarray) -> Body:
    """Return the body of a loss with such hyperparameters."""
    return WITH_NUMBERS.get(name, LOSSES[name]) if numbers.any() else LOSSES[name]
