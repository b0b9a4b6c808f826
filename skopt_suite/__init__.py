"""Linear models and multilayer perceptrons whose optimisation composes freely in scikit-learn."""

import importlib
from typing import Any

from skopt_suite._public import name_publicly, names_in
from skopt_suite.backends import warm_up
from skopt_suite.checkpoints import Checkpoint
from skopt_suite.estimators import (
    LinearClassifier,
    LinearRegressor,
    MLPClassifier,
    MLPRegressor,
    regularization_path,
)
from skopt_suite.exceptions import CheckpointWarning, DivergenceError
from skopt_suite.losses import _components as _losses
from skopt_suite.losses._components import *
from skopt_suite.optimizers import _components as _optimizers
from skopt_suite.optimizers._components import *
from skopt_suite.penalties import _components as _penalties
from skopt_suite.penalties._components import *
from skopt_suite.schedules import FromFunction
from skopt_suite.schedules import _components as _schedules
from skopt_suite.schedules._components import *

__version__ = "0.1.0"

__all__ = [
    "Checkpoint",
    "CheckpointWarning",
    "DivergenceError",
    "LinearClassifier",
    "LinearRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "regularization_path",
    "warm_up",
    *names_in(_losses),
    *names_in(_optimizers),
    *names_in(_penalties),
    *names_in(_schedules),
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
