"""Searches that train all candidates of a fold in one pass."""

from skopt_suite.model_selection._report import FusionReport
from skopt_suite.model_selection._search import FusedGridSearchCV, FusedRandomizedSearchCV

__all__ = ["FusedGridSearchCV", "FusedRandomizedSearchCV", "FusionReport"]
