"""The score of a search over two of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skopt_suite.plotting._axes import BEST_COLOR, legend_above, set_categories, set_scale
from skopt_suite.plotting._matplotlib import new_axes
from skopt_suite.plotting._results import index_of_best, read_search
from skopt_suite.plotting._values import Scale, scale_of, short_names

_MOST_ANNOTATED = 64
_FEW_VALUES = 6


class SearchHeatmapDisplay:
    """The mean test score of a search over two parameters, as coloured cells or points.

    Use `from_search` to make one. Values from lists make *cells*: one row and one column per
    value, evenly spaced, with the score written in if there are few; combinations that were not
    tried, or failed, are blank. Values that were drawn from a continuous distribution, where
    hardly two candidates share one, make *points* on axes as `ParameterCurveDisplay` has them;
    failed ones are grey crosses. The best combination is marked in red.

    Parameters
    ----------
    x, y : sequence of length n_combinations
        Values of the two parameters.
    scores : array-like of shape (n_combinations,)
        Mean test scores; NaN where the fits failed.
    x_name : str, default="x"
        Label of the horizontal axis.
    y_name : str, default="y"
        Label of the vertical axis.
    score_name : str, default="score"
        Label of the colour bar.
    best : int, default=None
        Which combination is marked; None: the one with the highest score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the heat map.
    figure_ : matplotlib Figure
        The figure.
    image_ : matplotlib QuadMesh or PathCollection
        The cells or the points.
    colorbar_ : matplotlib Colorbar or None
        The colour bar.
    text_ : ndarray of shape (n_y, n_x) of matplotlib Text or None
        What is written in the cells; None: nothing is.
    best_mark_ : matplotlib Artist
        The mark of the best combination.

    See Also
    --------
    ParameterCurveDisplay : One parameter, with all folds.
    ParallelCoordinatesDisplay : All parameters.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.model_selection import FusedGridSearchCV
    >>> from skopt_suite.plotting import SearchHeatmapDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = FusedGridSearchCV(
    ...     MLPClassifier(max_iter=10, random_state=0),
    ...     {"optimizer__learning_rate": [1e-3, 1e-2], "penalty__alpha": [1e-4, 1e-3, 1e-2]},
    ... )
    >>> display = SearchHeatmapDisplay.from_search(
    ...     search.fit(X, y), "penalty__alpha", "optimizer__learning_rate"
    ... )
    >>> display.image_.get_array().shape
    (2, 3)
    """

    def __init__(
        self,
        *,
        x: Sequence[Any],
        y: Sequence[Any],
        scores: Any,
        x_name: str = "x",
        y_name: str = "y",
        score_name: str = "score",
        best: int | None = None,
    ) -> None:
        self.x = x
        self.y = y
        self.scores = scores
        self.x_name = x_name
        self.y_name = y_name
        self.score_name = score_name
        self.best = best

    @classmethod
    def from_search(
        cls,
        search: Any,
        x: str,
        y: str,
        *,
        where: Mapping[str, Any] | None = None,
        metric: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> SearchHeatmapDisplay:
        """Draw the mean test scores of a fitted search over two of its parameters.

        Where other parameters vary too, a combination shows the best among the candidates that
        have it, and the label of the colour bar says so. Candidates without one of the parameters
        (from a list of grids) are left out.

        Parameters
        ----------
        search : object
            A fitted search: of this package, or one of scikit-learn's.
        x, y : str
            Names of the parameters, as in ``cv_results_["params"]``.
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
        display : SearchHeatmapDisplay
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
        chosen = results.select([x, y], where)
        results.check_scored(chosen)
        shown = [results.best(group) for group in results.groups([x, y], chosen)]
        note = results.note(results.others([x, y], chosen), where)
        short = short_names(results.names)
        return cls(
            x=results.values(x, shown),
            y=results.values(y, shown),
            scores=results.means[shown],
            x_name=short[x],
            y_name=short[y],
            score_name="\n".join(filter(None, [f"mean test {results.score_name}", note])),
            best=shown.index(results.best(shown)),
        ).plot(ax, **kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "auto",
        cmap: str = "viridis",
        colorbar: bool = True,
        values_format: str | None = None,
        **kwargs: Any,
    ) -> SearchHeatmapDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        kind : {"auto", "cells", "points"}, default="auto"
            What is drawn; ``"auto"``: points where a parameter has about as many different numbers
            as there are combinations, else cells.
        cmap : str or matplotlib Colormap, default="viridis"
            Colours of the scores.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        values_format : str, default=None
            Format of the scores in the cells; None: ``".3f"``, or ``".4g"`` if some are large.
        **kwargs : dict
            Passed to matplotlib's `pcolormesh` or `scatter`, such as ``vmin`` where few bad scores
            leave no colours for the others.

        Returns
        -------
        display : SearchHeatmapDisplay
            This object.
        """
        if kind not in ("auto", "cells", "points"):
            raise ValueError(f"kind must be 'auto', 'cells' or 'points'; got {kind!r}")
        scales = scale_of(self.x), scale_of(self.y)
        scores = np.asarray(self.scores, dtype=float)
        best = index_of_best(scores) if self.best is None else self.best
        self.ax_ = new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        self.text_ = self.colorbar_ = None
        if kind == "points" or (kind == "auto" and _are_draws(*scales, len(scores))):
            self._plot_points(scales, scores, best, cmap=cmap, **kwargs)
        else:
            self._plot_cells(scales, scores, best, values_format, cmap=cmap, **kwargs)
        self.best_mark_.set_label(f"best: {scores[best]:.4g}")
        self.ax_.set(xlabel=self.x_name, ylabel=self.y_name)
        legend_above(self.ax_, [self.best_mark_])
        if colorbar:
            self.colorbar_ = self.figure_.colorbar(
                self.image_, ax=self.ax_, label=self.score_name, pad=0.02
            )
        return self

    def _plot_cells(
        self,
        scales: tuple[Scale, Scale],
        scores: np.ndarray,
        best: int,
        values_format: str | None,
        **kwargs: Any,
    ) -> None:
        from matplotlib.patches import Rectangle

        columns, rows = (
            Scale("category", scale.values).positions(values).astype(int)
            for scale, values in zip(scales, (self.x, self.y), strict=True)
        )
        table = np.full((len(scales[1].values), len(scales[0].values)), np.nan)
        table[rows, columns] = scores
        edges = (np.arange(len(scale.values) + 1) - 0.5 for scale in scales)
        self.image_ = self.ax_.pcolormesh(*edges, np.ma.masked_invalid(table), **kwargs)
        self.ax_.grid(False)
        for which, scale in zip("xy", scales, strict=True):
            set_categories(self.ax_, which, scale)
        if np.isfinite(scores).sum() <= _MOST_ANNOTATED:
            self.text_ = self._annotate(table, values_format)
        corner = columns[best] - 0.5, rows[best] - 0.5
        frame = Rectangle(
            corner, 1, 1, fill=False, edgecolor=BEST_COLOR, linewidth=3, clip_on=False
        )
        self.best_mark_ = self.ax_.add_patch(frame)

    def _annotate(self, table: np.ndarray, values_format: str | None) -> np.ndarray:
        """Write the scores into the cells, in black on light colours and in white on dark ones."""
        text = np.full(table.shape, None, dtype=object)
        values_format = values_format or (".3f" if np.nanmax(abs(table)) < 10 else ".4g")
        for row, column in np.argwhere(np.isfinite(table)):
            red, green, blue, _ = self.image_.to_rgba(table[row, column])
            is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            text[row, column] = self.ax_.text(
                column,
                row,
                format(table[row, column], values_format),
                ha="center",
                va="center",
                color="white" if is_dark else "black",
                fontsize="small",
            )
        return text

    def _plot_points(
        self, scales: tuple[Scale, Scale], scores: np.ndarray, best: int, **kwargs: Any
    ) -> None:
        x, y = (s.positions(v) for s, v in zip(scales, (self.x, self.y), strict=True))
        for which, scale in zip("xy", scales, strict=True):
            set_scale(self.ax_, which, scale)
        failed = ~np.isfinite(scores)
        if failed.any():
            self.ax_.scatter(x[failed], y[failed], marker="x", color="0.7")
        order = np.argsort(scores)[: len(scores) - failed.sum()]  # the best on top, NaN are last
        style = {"s": 50, "edgecolor": "white", "linewidth": 0.5, **kwargs}
        self.image_ = self.ax_.scatter(x[order], y[order], c=scores[order], **style)
        style = {"s": 160, "facecolor": "none", "edgecolor": BEST_COLOR, "linewidth": 2}
        self.best_mark_ = self.ax_.scatter(x[best], y[best], **style)


def _are_draws(x: Scale, y: Scale, n_combinations: int) -> bool:
    """Return whether one of the parameters looks as if drawn from a continuous distribution."""
    if min(len(x.values), len(y.values)) < 2:
        return False
    return any(
        scale.is_numeric and len(scale.values) > max(_FEW_VALUES, n_combinations / 2)
        for scale in (x, y)
    )
