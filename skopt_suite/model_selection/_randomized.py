"""The drop-in replacement of scikit-learn's RandomizedSearchCV."""

import numpy as np
from sklearn.model_selection import RandomizedSearchCV

from skopt_suite.model_selection._search import FusedSearch


class FusedRandomizedSearchCV(FusedSearch, RandomizedSearchCV):
    """`sklearn.model_selection.RandomizedSearchCV` that trains candidates together.

    See `FusedGridSearchCV` for how, and for the few differences to scikit-learn.

    Parameters
    ----------
    estimator : estimator object
        One of this package, a Pipeline whose last step is, or any other.
    param_distributions : dict or list of dict
        Names of parameters, and distributions or lists to draw from.
    n_iter : int, default=10
        Number of candidates.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score : object
        As in `sklearn.model_selection.RandomizedSearchCV`.
    random_state : int, RandomState or None, default=None
        Seed of the draws.
    max_memory : int, str or None, default=None
        Memory that one pass may take for its fits: bytes, or text such as ``"2GB"``; None: 2 GB.

    Attributes
    ----------
    fusion_report_ : FusionReport
        In which pass every candidate was trained, and if alone, why.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.model_selection import FusedRandomizedSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = FusedRandomizedSearchCV(
    ...     MLPClassifier(random_state=0),
    ...     {"optimizer__learning_rate": loguniform(1e-4, 1e-1)},
    ...     n_iter=20,
    ...     random_state=0,
    ... )
    >>> bool(search.fit(X, y).best_score_ > 0.95)
    True
    """

    def __init__(
        self,
        estimator,
        param_distributions,
        *,
        n_iter=10,
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
        max_memory=None,
    ):
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.max_memory = max_memory
