"""What we use of scikit-learn's bagging that has no public name: all of it is here.

Besides these functions, ensembles override `_fit`, `_make_estimator`, `_parallel_args`,
`_get_estimator` and `_set_oob_score` of its ``BaggingClassifier`` and ``BaggingRegressor``.
"""

from sklearn.ensemble._bagging import _consumes_sample_weight as consumes_sample_weight

__all__ = ["consumes_sample_weight"]
