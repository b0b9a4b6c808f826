"""Linear models and multilayer perceptrons whose optimisation composes freely in scikit-learn."""

import importlib
from typing import Any

from skopt_suite._public import name_publicly
from skopt_suite.backends import warm_up
from skopt_suite.estimators import (
    LinearClassifier,
    LinearRegressor,
    MLPClassifier,
    MLPRegressor,
)
from skopt_suite.exceptions import DivergenceError
from skopt_suite.losses import (
    AbsoluteError,
    EpsilonInsensitive,
    Focal,
    Gamma,
    Hinge,
    Huber,
    LogCosh,
    LogLoss,
    ModifiedHuber,
    Poisson,
    Quantile,
    SquaredEpsilonInsensitive,
    SquaredError,
    SquaredHinge,
    Tweedie,
)
from skopt_suite.optimizers import (
    FISTA,
    LBFGS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    AverageWeights,
    ClipGradient,
    ClosedForm,
    CoordinateDescent,
    GradientDescent,
    Lion,
    Lookahead,
    Momentum,
    Muon,
    NAdam,
    Nesterov,
    Prodigy,
    RAdam,
    RMSprop,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)
from skopt_suite.penalties import (
    L1,
    L2,
    MCP,
    SCAD,
    Box,
    ElasticNet,
    GroupLasso,
    MaxNorm,
    NoPenalty,
    SparseGroupLasso,
    Sum,
    WeightedL1,
)
from skopt_suite.schedules import (
    Adaptive,
    Constant,
    Cosine,
    CosineRestarts,
    Cyclic,
    Exponential,
    FromFunction,
    InverseTime,
    Invscaling,
    Linear,
    MultiStep,
    Noam,
    OneCycle,
    Optimal,
    Polynomial,
    Product,
    ReduceOnPlateau,
    Step,
    Then,
    Warmup,
    WarmupStableDecay,
)

__version__ = "0.1.0"

__all__ = [
    "DivergenceError",
    "LinearClassifier",
    "LinearRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "warm_up",
    "LogLoss",
    "Hinge",
    "SquaredHinge",
    "ModifiedHuber",
    "Focal",
    "SquaredError",
    "AbsoluteError",
    "Huber",
    "LogCosh",
    "Quantile",
    "EpsilonInsensitive",
    "SquaredEpsilonInsensitive",
    "Poisson",
    "Gamma",
    "Tweedie",
    "GradientDescent",
    "SGD",
    "Momentum",
    "Nesterov",
    "Adagrad",
    "Adadelta",
    "RMSprop",
    "Adam",
    "AdamW",
    "AMSGrad",
    "Adamax",
    "NAdam",
    "RAdam",
    "Lion",
    "Muon",
    "Prodigy",
    "ScheduleFreeSGD",
    "ScheduleFreeAdamW",
    "ClipGradient",
    "AverageWeights",
    "Lookahead",
    "LBFGS",
    "FISTA",
    "ClosedForm",
    "CoordinateDescent",
    "NoPenalty",
    "L1",
    "L2",
    "ElasticNet",
    "WeightedL1",
    "MCP",
    "SCAD",
    "GroupLasso",
    "SparseGroupLasso",
    "Box",
    "MaxNorm",
    "Sum",
    "Constant",
    "Step",
    "MultiStep",
    "Exponential",
    "InverseTime",
    "Invscaling",
    "Optimal",
    "Polynomial",
    "Linear",
    "Cosine",
    "CosineRestarts",
    "OneCycle",
    "Cyclic",
    "Warmup",
    "WarmupStableDecay",
    "Noam",
    "ReduceOnPlateau",
    "Adaptive",
    "Then",
    "Product",
    "FromFunction",
]
_OF_COMPONENTS = ("losses", "optimizers", "penalties", "schedules")
_FOLDERS = ("ensemble", "metrics", "model_selection", "plotting", "tabular", "testing")
"""Imported when they are first asked for, which keeps the import of the package short."""

name_publicly(__name__, globals(), __all__)


def __dir__() -> list[str]:
    return sorted([*__all__, *_FOLDERS, *_OF_COMPONENTS, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _FOLDERS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
