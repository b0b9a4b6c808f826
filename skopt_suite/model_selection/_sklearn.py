"""What we use of scikit-learn's searches that has no public name: all of it is here."""

from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import (
    _fit_and_score as fit_and_score,
)
from sklearn.model_selection._validation import (
    _insert_error_scores as insert_error_scores,
)
from sklearn.model_selection._validation import (
    _score as score,
)
from sklearn.model_selection._validation import (
    _warn_or_raise_about_fit_failures as warn_or_raise_about_fit_failures,
)
from sklearn.utils import _safe_indexing as take_rows
from sklearn.utils.validation import _check_method_params as check_method_params

__all__ = [
    "BaseSearchCV",
    "check_method_params",
    "fit_and_score",
    "insert_error_scores",
    "score",
    "take_rows",
    "warn_or_raise_about_fit_failures",
]
