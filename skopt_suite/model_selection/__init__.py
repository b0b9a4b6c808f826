"""Searches that train all candidates of a fold in one pass."""

from skopt_suite._public import name_publicly
from skopt_suite.model_selection._cost import SearchCost
from skopt_suite.model_selection._cross_validate import (
    fused_cross_val_score,
    fused_cross_validate,
)
from skopt_suite.model_selection._grid import FusedGridSearchCV
from skopt_suite.model_selection._halving import (
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
)
from skopt_suite.model_selection._randomized import FusedRandomizedSearchCV
from skopt_suite.model_selection._report import FusionReport
from skopt_suite.model_selection._space import search_space

__all__ = [
    "FusedGridSearchCV",
    "FusedHalvingGridSearchCV",
    "FusedHalvingRandomSearchCV",
    "FusedRandomizedSearchCV",
    "FusionReport",
    "SearchCost",
    "fused_cross_val_score",
    "fused_cross_validate",
    "search_space",
]

name_publicly(__name__, globals(), __all__)
