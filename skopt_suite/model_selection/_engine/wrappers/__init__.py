"""Estimators around a model: how each of them fits what it wraps, one file per kind.

A new one says what it is in a class of its own, derived from `Wrapper`, and is listed here.
"""

from __future__ import annotations

from typing import Any

from skopt_suite.model_selection._engine.wrappers._calibrated import Calibrated
from skopt_suite.model_selection._engine.wrappers._multi_output import (
    ClassesOfColumns,
    NumbersOfColumns,
)
from skopt_suite.model_selection._engine.wrappers._one_vs_rest import OneVsRest
from skopt_suite.model_selection._engine.wrappers._pipeline import InPipeline
from skopt_suite.model_selection._engine.wrappers._stand_in import Rows
from skopt_suite.model_selection._engine.wrappers._transformed_target import TransformedTarget
from skopt_suite.model_selection._engine.wrappers._wrapper import Wrapper

__all__ = ["InPipeline", "Rows", "Wrapper", "wrapper_of"]

_WRAPPERS = (
    InPipeline(),
    TransformedTarget(),
    OneVsRest(),
    ClassesOfColumns(),
    NumbersOfColumns(),
    Calibrated(),
)


def wrapper_of(estimator: Any) -> Wrapper | None:
    """Return how an estimator wraps another; None: it does not."""
    return next((one for one in _WRAPPERS if isinstance(estimator, one.kind)), None)
