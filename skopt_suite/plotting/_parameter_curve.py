"""The score of a search over one of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skopt_suite.plotting._axes import BEST_COLOR, set_scale
from skopt_suite.plotting._matplotlib import new_axes
from skopt_suite.plotting._results import index_of_best, read_search
from skopt_suite.plotting._values import label, scale_of, short_names


class ParameterCurveDisplay:
    """The score of a search over one parameter: every fold, their mean, and the best value.

    A validation curve out of what a search has already computed. Use `from_search` to make one.
    Numbers that are positive and span two decades have a logarithmic axis; values that are not
    numbers are evenly spaced. Train scores are drawn if the search kept them
    (``return_train_score=True``). A value whose fits failed is a gap, with a cross on the x-axis.

    Parameters
    ----------
    values : sequence of length n_values
        Values of the parameter.
    test_scores : array-like of shape (n_values, n_splits)
        Test scores; NaN where a fit failed.
    train_scores : array-like of shape (n_values, n_splits), default=None
        Train scores, if there are any.
    param_name : str, default="parameter"
        Label of the x-axis.
    score_name : str, default="score"
        Label of the y-axis.
    connect : bool, default=True
        Whether lines connect the values. False suits values that were drawn at random together
        with those of other parameters.
    best : int, default=None
        Which value is marked; None: the one with the highest mean test score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        The figure.
    line_ : matplotlib Line2D
        Mean test scores.
    fold_lines_ : list of matplotlib Line2D
        Test scores of every fold.
    train_line_ : matplotlib Line2D or None
        Mean train scores, if there are any.
    train_fold_lines_ : list of matplotlib Line2D
        Train scores of every fold.
    best_point_ : matplotlib Line2D
        The mark of the best value.
    failed_points_ : matplotlib Line2D or None
        Marks of the values without a mean test score, if there are any.

    See Also
    --------
    SearchHeatmapDisplay : Two parameters.
    ParallelCoordinatesDisplay : All parameters.
    SearchLossCurvesDisplay : The training of candidates.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.model_selection import FusedGridSearchCV
    >>> from skopt_suite.plotting import ParameterCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = FusedGridSearchCV(LinearClassifier(), {"penalty__alpha": [1e-4, 1e-2, 1.0]})
    >>> display = ParameterCurveDisplay.from_search(search.fit(X, y), "penalty__alpha")
    >>> display.ax_.get_xlabel(), display.ax_.get_xscale()
    ('penalty__alpha', 'log')
    >>> len(display.fold_lines_)
    5
    """

    def __init__(
        self,
        *,
        values: Sequence[Any],
        test_scores: Any,
        train_scores: Any = None,
        param_name: str = "parameter",
        score_name: str = "score",
        connect: bool = True,
        best: int | None = None,
    ) -> None:
        self.values = values
        self.test_scores = test_scores
        self.train_scores = train_scores
        self.param_name = param_name
        self.score_name = score_name
        self.connect = connect
        self.best = best

    @classmethod
    def from_search(
        cls,
        search: Any,
        param: str,
        *,
        where: Mapping[str, Any] | None = None,
        metric: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> ParameterCurveDisplay:
        """Draw the scores of a fitted search over one of its parameters.

        Where other parameters vary too, a value shows the candidate with the best mean test score
        among those that have it, and the label of the x-axis says so. Candidates without the
        parameter (from a list of grids) are left out.

        Parameters
        ----------
        search : object
            A fitted search: of this package, or one of scikit-learn's.
        param : str
            Name of the parameter, as in ``cv_results_["params"]``.
        where : dict of str to object, default=None
            Values of other parameters: only candidates that have them are drawn.
        metric : str, default=None
            Which metric of a search with several; None: the one that ``refit`` names.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : ParameterCurveDisplay
            The display.

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        TypeError
            If it is not a search.
        ValueError
            If a parameter or the metric is unknown, or if every candidate failed.
        ImportError
            If matplotlib is not installed.
        """
        results = read_search(search, metric, cls.__name__)
        chosen = results.select([param], where)
        results.check_scored(chosen)
        groups = results.groups([param], chosen)
        shown = [results.best(group) for group in groups]
        others = results.others([param], chosen)
        note = results.note(others, where)
        train = results.train_scores
        return cls(
            values=results.values(param, shown),
            test_scores=results.test_scores[shown],
            train_scores=None if train is None else train[shown],
            param_name="\n".join(filter(None, [short_names(results.names)[param], note])),
            score_name=results.score_name,
            connect=not others or len(chosen) > len(shown),
            best=shown.index(results.best(shown)),
        ).plot(ax, **kwargs)

    def plot(self, ax: Any = None, *, folds: bool = True, **kwargs: Any) -> ParameterCurveDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        folds : bool, default=True
            Whether to draw every fold besides the mean.
        **kwargs : dict
            Passed to matplotlib's `plot` for the lines of the means.

        Returns
        -------
        display : ParameterCurveDisplay
            This object.
        """
        scale = scale_of(self.values)
        x = scale.positions(self.values)
        self.ax_ = new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        self.train_line_, self.train_fold_lines_ = None, []
        if self.train_scores is not None:
            style = {"label": "train", "color": "C1", "linestyle": "--", **kwargs}
            self.train_line_, self.train_fold_lines_ = self._lines(
                x, self.train_scores, folds, style
            )
        style = {"label": "test", "color": "C0", **kwargs}
        self.line_, self.fold_lines_ = self._lines(x, self.test_scores, folds, style)
        self._mark_best(x)
        self._mark_failed(x)
        set_scale(self.ax_, "x", scale)
        self.ax_.set(xlabel=self.param_name, ylabel=self.score_name)
        self.ax_.legend()
        return self

    def _lines(self, x: np.ndarray, scores: Any, folds: bool, style: dict[str, Any]) -> tuple:
        """Draw the mean over the folds, and the folds."""
        scores = np.asarray(scores, dtype=float)
        order = np.argsort(x)
        style = {"marker": "o", **style}
        if not self.connect:
            style["linestyle"] = ""
        (mean,) = self.ax_.plot(x[order], scores.mean(axis=1)[order], **style)
        thin = {"color": mean.get_color(), "linestyle": mean.get_linestyle(), "marker": "."}
        thin |= {"alpha": 0.3, "linewidth": 1, "zorder": 1.5}
        drawn = scores[order].T if folds else []
        return mean, [self.ax_.plot(x[order], fold, **thin)[0] for fold in drawn]

    def _mark_best(self, x: np.ndarray) -> None:
        means = np.asarray(self.test_scores, dtype=float).mean(axis=1)
        best = index_of_best(means) if self.best is None else self.best
        (self.best_point_,) = self.ax_.plot(
            x[best],
            means[best],
            marker="*",
            markersize=16,
            color=BEST_COLOR,
            markeredgecolor="white",
            linestyle="",
            zorder=3,
            label=f"best: {label(self.values[best])} ({means[best]:.4g})",
        )

    def _mark_failed(self, x: np.ndarray) -> None:
        failed = x[np.isnan(np.asarray(self.test_scores, dtype=float)).any(axis=1)]
        self.failed_points_ = None
        if len(failed):
            (self.failed_points_,) = self.ax_.plot(
                failed,
                np.zeros(len(failed)),
                marker="x",
                color="0.5",
                linestyle="",
                transform=self.ax_.get_xaxis_transform(),
                clip_on=False,
                zorder=3,
                label="failed",
            )
