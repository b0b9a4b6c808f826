"""Estimators for raw tables, and what makes numbers of them."""

from skopt_suite._public import name_publicly
from skopt_suite.tabular._classifier import TabularMLPClassifier
from skopt_suite.tabular._encoder import TabularEncoder
from skopt_suite.tabular._piecewise_linear import PiecewiseLinearEncoder
from skopt_suite.tabular._regressor import TabularMLPRegressor
from skopt_suite.tabular._smooth_clip import SmoothClipScaler

__all__ = [
    "PiecewiseLinearEncoder",
    "SmoothClipScaler",
    "TabularEncoder",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
]

name_publicly(__name__, globals(), __all__)
