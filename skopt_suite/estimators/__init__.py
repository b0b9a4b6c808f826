"""The estimators: scikit-learn's face on a pass of one fit."""

from skopt_suite.estimators._linear import LinearClassifier, LinearRegressor
from skopt_suite.estimators._mlp import MLPClassifier, MLPRegressor
from skopt_suite.estimators._path import regularization_path

__all__ = [
    "LinearClassifier",
    "LinearRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "regularization_path",
]
