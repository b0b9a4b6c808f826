"""Losses: value and gradient on raw predictions, and raw predictions → predictions."""

from skopt_suite._component import Registry
from skopt_suite._public import name_publicly
from skopt_suite._target_type import TargetType
from skopt_suite.losses._absolute_error import AbsoluteError
from skopt_suite.losses._base import ClassificationLoss, Loss, RegressionLoss
from skopt_suite.losses._epsilon_insensitive import EpsilonInsensitive, SquaredEpsilonInsensitive
from skopt_suite.losses._focal import Focal
from skopt_suite.losses._gamma import Gamma
from skopt_suite.losses._hessian import Hessian
from skopt_suite.losses._hinge import Hinge, SquaredHinge
from skopt_suite.losses._huber import Huber
from skopt_suite.losses._kink import Kink
from skopt_suite.losses._log_cosh import LogCosh
from skopt_suite.losses._log_loss import LogLoss
from skopt_suite.losses._modified_huber import ModifiedHuber
from skopt_suite.losses._poisson import Poisson
from skopt_suite.losses._quantile import Quantile
from skopt_suite.losses._squared_error import SquaredError
from skopt_suite.losses._tweedie import Tweedie
from skopt_suite.losses._words import CLASSIFICATION_WORDS, REGRESSION_WORDS

CLASSIFICATION_LOSSES = Registry(
    "classification loss",
    ClassificationLoss,
    [LogLoss, Hinge, SquaredHinge, ModifiedHuber, Focal],
    CLASSIFICATION_WORDS,
)
REGRESSION_LOSSES = Registry(
    "regression loss",
    RegressionLoss,
    [
        SquaredError,
        AbsoluteError,
        Huber,
        LogCosh,
        Quantile,
        EpsilonInsensitive,
        SquaredEpsilonInsensitive,
        Poisson,
        Gamma,
        Tweedie,
    ],
    REGRESSION_WORDS,
)

__all__ = [
    "CLASSIFICATION_LOSSES",
    "REGRESSION_LOSSES",
    "AbsoluteError",
    "ClassificationLoss",
    "EpsilonInsensitive",
    "Focal",
    "Gamma",
    "Hessian",
    "Kink",
    "Hinge",
    "Huber",
    "LogCosh",
    "LogLoss",
    "Loss",
    "ModifiedHuber",
    "Poisson",
    "Quantile",
    "RegressionLoss",
    "SquaredEpsilonInsensitive",
    "SquaredError",
    "SquaredHinge",
    "TargetType",
    "Tweedie",
]

name_publicly(__name__, globals(), __all__)
