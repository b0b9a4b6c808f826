"""How much the score of an estimator owes to every column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance
from sklearn.utils.validation import check_is_fitted

from skopt_suite.plotting._matplotlib import new_axes

_INCHES_PER_COLUMN = 0.3


class ImportanceDisplay:
    """By how much the score falls when a column is shuffled, one box for every column.

    Use `from_estimator` to make one. The most important column is at the top.

    Parameters
    ----------
    importances : ndarray of shape (n_features, n_repeats)
        By how much the score fell, as often as every column was shuffled.
    names : sequence of str
        Names of the columns.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the boxes.
    figure_ : matplotlib Figure
        The figure.
    boxes_ : dict of str to list of matplotlib artists
        What matplotlib's `boxplot` drew.

    See Also
    --------
    skopt_suite.tabular.TabularMLPClassifier : Its ``permutation_importance`` has the numbers.
    skopt_suite.tabular.TabularMLPRegressor : The same for numbers as targets.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.plotting import ImportanceDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = MLPClassifier(max_iter=50, random_state=0).fit(X, y)
    >>> display = ImportanceDisplay.from_estimator(clf, X, y, random_state=0)
    >>> sorted(label.get_text() for label in display.ax_.get_yticklabels())
    ['petal length (cm)', 'petal width (cm)', 'sepal length (cm)', 'sepal width (cm)']
    """

    def __init__(self, *, importances: Any, names: Sequence[str]) -> None:
        self.importances = np.asarray(importances)
        self.names = [str(name) for name in names]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        scoring: Any = None,
        n_repeats: int = 5,
        random_state: Any = None,
        max_features: int = 20,
        ax: Any = None,
        **kwargs: Any,
    ) -> ImportanceDisplay:
        """Shuffle every column of X, and draw by how much the score falls.

        Parameters
        ----------
        estimator : object
            Any fitted estimator, a pipeline too: columns are those of the X that it is given.
        X : frame or array of shape (n_samples, n_features)
            Rows that it was not trained on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        scoring : str or callable, default=None
            What is to fall, as in scikit-learn; None: the estimator's ``score``.
        n_repeats : int, default=5
            How often every column is shuffled.
        random_state : int, RandomState or None, default=None
            What they are shuffled with.
        max_features : int, default=20
            Most columns to draw: the most important ones.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : ImportanceDisplay
            The display.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is not installed.
        """
        check_is_fitted(estimator)
        X = X.to_pandas() if hasattr(X, "to_pandas") else X  # scikit-learn keeps names of these
        found = permutation_importance(
            estimator, X, y, scoring=scoring, n_repeats=n_repeats, random_state=random_state
        )
        display = cls(importances=found.importances, names=_names(X))
        return display.plot(ax, max_features=max_features, **kwargs)

    def plot(self, ax: Any = None, *, max_features: int = 20, **kwargs: Any) -> ImportanceDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        max_features : int, default=20
            Most columns to draw: the most important ones.
        **kwargs : dict
            Passed to matplotlib's `boxplot`.

        Returns
        -------
        display : ImportanceDisplay
            This object.
        """
        order = np.argsort(self.importances.mean(axis=1), kind="stable")[-max_features:]
        height = 1.5 + _INCHES_PER_COLUMN * len(order)
        self.ax_ = new_axes((6.4, height)) if ax is None else ax
        self.figure_ = self.ax_.figure
        style = {"orientation": "horizontal", "tick_labels": [self.names[j] for j in order]}
        self.boxes_ = self.ax_.boxplot(self.importances[order].T, **{**style, **kwargs})
        self.ax_.axvline(0, color="0.7", linewidth=1, zorder=0)
        self.ax_.set_xlabel("fall of the score when the column is shuffled")
        return self


def _names(X: Any) -> list[str]:
    names = getattr(X, "columns", None)
    return [f"x{j}" for j in range(np.shape(X)[1])] if names is None else list(names)
