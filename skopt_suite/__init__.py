"""Linear models and multilayer perceptrons whose optimisation composes freely in scikit-learn."""

from skopt_suite._public import name_publicly
from skopt_suite.backends import warm_up
from skopt_suite.estimators import (
    LinearClassifier,
    LinearRegressor,
    MLPClassifier,
    MLPRegressor,
)
from skopt_suite.exceptions import DivergenceError

__version__ = "0.1.0"

__all__ = [
    "DivergenceError",
    "LinearClassifier",
    "LinearRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "warm_up",
]

name_publicly(__name__, globals(), __all__)
