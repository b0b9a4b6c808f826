"""What we use of scikit-learn's searches that has no public name: all of it is here."""

from sklearn.metrics._scorer import _MultimetricScorer as MultimetricScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._search_successive_halving import (
    HalvingGridSearchCV,  # public, but only after an import that switches it on everywhere
    HalvingRandomSearchCV,
)
from sklearn.model_selection._validation import (
    _aggregate_score_dicts as aggregate_score_dicts,
)
from sklearn.model_selection._validation import (
    _check_groups_routing_disabled as check_groups_routing_disabled,
)
from sklearn.model_selection._validation import (
    _fit_and_score as fit_and_score,
)
from sklearn.model_selection._validation import (
    _insert_error_scores as insert_error_scores,
)
from sklearn.model_selection._validation import (
    _normalize_score_results as normalize_score_results,
)
from sklearn.model_selection._validation import (
    _score as score,
)
from sklearn.model_selection._validation import (
    _warn_or_raise_about_fit_failures as warn_or_raise_about_fit_failures,
)
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.metaestimators import _safe_split as safe_split
from sklearn.utils.validation import _check_method_params as check_method_params
from sklearn.utils.validation import _num_samples as n_samples_of

__all__ = [
    "BaseSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "Interval",
    "MultimetricScorer",
    "StrOptions",
    "aggregate_score_dicts",
    "check_groups_routing_disabled",
    "check_method_params",
    "fit_and_score",
    "insert_error_scores",
    "n_samples_of",
    "normalize_score_results",
    "safe_split",
    "score",
    "validate_params",
    "warn_or_raise_about_fit_failures",
]
