"""Searches that train all candidates of a fold in one pass."""

from skopt_suite.model_selection._grid import FusedGridSearchCV
from skopt_suite.model_selection._randomized import FusedRandomizedSearchCV
from skopt_suite.model_selection._report import FusionReport
from skopt_suite.model_selection._space import search_space

__all__ = ["FusedGridSearchCV", "FusedRandomizedSearchCV", "FusionReport", "search_space"]
