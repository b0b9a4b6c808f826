"""Losses: value and gradient on raw predictions, and raw predictions → predictions."""

from skopt_suite._component import Registry
from skopt_suite._public import classes_in, name_publicly, names_in
from skopt_suite._target_type import TargetType
from skopt_suite.losses import _components
from skopt_suite.losses._base import ClassificationLoss, Loss, RegressionLoss
from skopt_suite.losses._components import *
from skopt_suite.losses._hessian import Hessian
from skopt_suite.losses._kink import Kink
from skopt_suite.losses._words import CLASSIFICATION_WORDS, REGRESSION_WORDS

CLASSIFICATION_LOSSES = Registry(
    "classification loss",
    ClassificationLoss,
    classes_in(_components, ClassificationLoss),
    CLASSIFICATION_WORDS,
)
REGRESSION_LOSSES = Registry(
    "regression loss",
    RegressionLoss,
    classes_in(_components, RegressionLoss),
    REGRESSION_WORDS,
)

__all__ = [
    "CLASSIFICATION_LOSSES",
    "REGRESSION_LOSSES",
    "ClassificationLoss",
    "Hessian",
    "Kink",
    "Loss",
    "RegressionLoss",
    "TargetType",
    *names_in(_components),
]

name_publicly(__name__, globals(), __all__)
