"""Numbers from raw tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags

from skopt_suite.domains import Real
from skopt_suite.estimators import MLPRegressor
from skopt_suite.estimators._number_targets import NumberTargets
from skopt_suite.estimators._settled import ENOUGH_ROWS
from skopt_suite.tabular._base import Encoded, TabularMLP
from skopt_suite.tabular._recipe import recipe

_COVERAGE = Real(0, 1, open_low=True, open_high=True)


class TabularMLPRegressor(RegressorMixin, TabularMLP):
    r"""Networks that predict numbers from a raw table, without any preparation.

    Columns of numbers, texts, dates and booleans, with missing values, are encoded by
    `TabularEncoder`; members are networks that are trained as one stack; predictions are the mean
    of theirs, and intervals reach as far as the errors :math:`r_{(1)} \le r_{(2)} \le \dots` on
    :math:`m` held-out rows say [1]_,

    .. math::
        \hat y \pm r_{(\lceil \text{coverage}\, (m + 1) \rceil)}.

    Parameters
    ----------
    estimator : object, default=None
        What members are copies of: a `skopt_suite.MLPRegressor` with any parameters; None: one
        with three hidden layers of 64 units, AdamW, a cosine schedule over 60 epochs and the best
        epoch by the loss on held-out rows. ``estimator__<parameter>`` reaches it, None too.
    encoder : transformer, default=None
        What makes numbers of tables; None: `TabularEncoder`. ``encoder__<parameter>`` reaches it.
    n_estimators : int, default=8
        Number of members, which are trained as one stack.
    validation_fraction : float in (0, 1), default=0.15
        Share of the rows that are held out, from 300 rows on: with them every member's best epoch
        is chosen, and the errors are measured.
    max_time : float > 0 or None, default=None
        Seconds that `fit` may take; None: as many as it needs. The pace of a first epoch of all
        members says how many epochs there is time for, over which the schedule is then laid; where
        it is less than ten, there are fewer members. One epoch is trained in any case.
    n_jobs : int or None, default=-1
        Number of threads that share members out; None: 1, -1: one for every processor.
    random_state : int, RandomState instance or None, default=None
        What rows are held out with, and every member's ``random_state`` is drawn with.

    Attributes
    ----------
    estimators_ : list of MLPRegressor
        The members.
    encoder_ : transformer
        What makes numbers of tables, fitted.
    n_held_out_ : int
        How many rows were held out.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where X has text as column names.

    See Also
    --------
    TabularMLPClassifier : The same for classes.

    Notes
    -----
    The encoder sees all rows, held-out ones too, but no targets. All members see minibatches of the
    same rows in the same order, and differ in their initial weights.

    References
    ----------
    .. [1] Lei, G'Sell, Rinaldo, Tibshirani, Wasserman, "Distribution-Free Predictive Inference for
       Regression", Journal of the American Statistical Association 113, 2018, section 2.2.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite.tabular import TabularMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> reg = TabularMLPRegressor(n_estimators=2, random_state=0).fit(X[:400], y[:400])
    >>> reg.predict(X[400:]).shape
    (42,)
    >>> low, high = reg.predict_interval(X[400:], coverage=0.8).T
    >>> bool(((low <= y[400:]) & (y[400:] <= high)).mean() > 0.6)
    True
    """

    _errors: np.ndarray | None
    """Sizes of the errors on held-out rows, in order, (n_held_out, n_outputs)."""

    def __init__(
        self,
        estimator: Any = None,
        *,
        encoder: Any = None,
        n_estimators: int = 8,
        validation_fraction: float = 0.15,
        max_time: float | None = None,
        n_jobs: int | None = -1,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.encoder = encoder
        self.n_estimators = n_estimators
        self.validation_fraction = validation_fraction
        self.max_time = max_time
        self.n_jobs = n_jobs
        self.random_state = random_state

    def predict(self, X: Any) -> np.ndarray:
        """Return the mean of the members' predictions.

        Parameters
        ----------
        X : frame, array-like or sparse container of shape (n_samples, n_features)
            A table with the columns of the one in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        """
        encoded = self._encoded(X)
        return self._members().mean_prediction(encoded)

    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Return intervals that hold targets of new rows with probability `coverage` or more.

        They are as wide for every row: as far on either side of the prediction as the errors on
        held-out rows say. Where there are fewer than ``coverage / (1 - coverage)`` of these,
        intervals are infinite.

        Parameters
        ----------
        X : frame, array-like or sparse container of shape (n_samples, n_features)
            A table with the columns of the one in `fit`.
        coverage : float in (0, 1), default=0.9
            Share of the targets that are to be inside, of every output.

        Returns
        -------
        interval : ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends.
        """
        _COVERAGE.check(type(self).__name__, "coverage", coverage)
        predicted = self.predict(X)
        if self._errors is None:
            raise ValueError(
                f"{type(self).__name__}: predict_interval needs held-out rows, which there are "
                f"none of: it takes at least {ENOUGH_ROWS} rows in fit."
            )
        reach = _reach(self._errors, coverage).reshape(predicted.shape[1:])
        return np.stack([predicted - reach, predicted + reach], axis=-1)

    def _checked_targets(self, y: Any) -> np.ndarray:
        return NumberTargets.check(y, type(self).__name__, "float64")

    def _learnt_targets(self, y: np.ndarray) -> NumberTargets:
        return NumberTargets.learn(y)

    def _learn_from(self, targets: NumberTargets, held_out: Encoded | None) -> None:
        self._errors = None
        if held_out is not None:
            errors = np.abs(held_out.y - self._members().mean_prediction(held_out.X))
            self._errors = np.sort(errors.reshape(len(errors), -1), axis=0)

    def _network(self) -> MLPRegressor:
        # columns are scaled already, targets are not
        return MLPRegressor(**recipe(), dropout=0.0, standardize={"X": (None, None)})

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _reach(errors: np.ndarray, coverage: float) -> np.ndarray:
    """Return the quantile of split-conformal intervals of every output."""
    rank = int(np.ceil(coverage * (len(errors) + 1)))
    return errors[rank - 1] if rank <= len(errors) else np.full(errors.shape[1], np.inf)
