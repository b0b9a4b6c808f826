"""Ensembles whose members are trained as stacks."""

from skopt_suite._public import name_publicly
from skopt_suite.ensemble._classifier import FusedBaggingClassifier
from skopt_suite.ensemble._regressor import FusedBaggingRegressor

__all__ = ["FusedBaggingClassifier", "FusedBaggingRegressor"]

name_publicly(__name__, globals(), __all__)
