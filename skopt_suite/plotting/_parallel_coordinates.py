"""All parameters of a search and the score, as parallel axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.plotting._axes import BEST_COLOR, legend_above
from skopt_suite.plotting._matplotlib import new_axes
from skopt_suite.plotting._results import index_of_best, read_search
from skopt_suite.plotting._values import MISSING, Scale, label, scale_of, short_names

_MOST_LABELS = 16
_CLOSEST_LABELS = 0.05  # in units of the height of an axis
_WIDTH_PER_AXIS = 1.5  # inches
_NUMBERS_FROM = 0.12  # above what is missing


class ParallelCoordinatesDisplay:
    """One axis per parameter and one for the score, and a line per candidate through them.

    Use `from_search` to make one. Numbers lie on a linear axis, or on a logarithmic one if they
    are positive and span two decades; other values are evenly spaced. A parameter that a candidate
    does not have (lists of grids) is at "–", at the bottom. Lines are coloured by the score, as the
    last axis has it. The best candidate is red; candidates that failed are dotted in grey, and end
    before the score.

    Parameters
    ----------
    params : sequence of dict
        The candidates: values of parameters by name. A name may be missing.
    scores : array-like of shape (n_candidates,)
        Mean test scores; NaN where the fits failed.
    names : sequence of str, default=None
        Which parameters have an axis, from left to right; None: all.
    score_name : str, default="score"
        Label of the last axis.
    best : int, default=None
        Which candidate is highlighted; None: the one with the highest score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the lines. Horizontally, axis number i is at i; vertically, all go from 0 to 1.
    figure_ : matplotlib Figure
        The figure.
    axes_ : list of matplotlib Axes
        The parallel axes, with their ticks; the last is that of the score.
    lines_ : matplotlib LineCollection
        Lines of the candidates that have a score, the best on top.
    failed_lines_ : matplotlib LineCollection or None
        Lines of the candidates that failed, if there are any.
    best_line_ : matplotlib Line2D
        The line of the best candidate.

    See Also
    --------
    ParameterCurveDisplay : One parameter, with all folds.
    SearchHeatmapDisplay : Two parameters.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.model_selection import FusedGridSearchCV
    >>> from skopt_suite.plotting import ParallelCoordinatesDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = FusedGridSearchCV(
    ...     MLPClassifier(max_iter=10, random_state=0),
    ...     {"optimizer": ["adam", "nesterov"], "penalty__alpha": [1e-4, 1e-3, 1e-2]},
    ... )
    >>> display = ParallelCoordinatesDisplay.from_search(search.fit(X, y))
    >>> len(display.axes_), len(display.lines_.get_segments())
    (3, 6)
    """

    def __init__(
        self,
        *,
        params: Sequence[Mapping[str, Any]],
        scores: Any,
        names: Sequence[str] | None = None,
        score_name: str = "score",
        best: int | None = None,
    ) -> None:
        self.params = params
        self.scores = scores
        self.names = names
        self.score_name = score_name
        self.best = best

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        params: Sequence[str] | None = None,
        metric: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> ParallelCoordinatesDisplay:
        """Draw all candidates of a fitted search.

        Parameters
        ----------
        search : object
            A fitted search: of this package, or one of scikit-learn's.
        params : sequence of str, default=None
            Which parameters have an axis, from left to right; None: all that vary.
        metric : str, default=None
            Which metric of a search with several; None: the one that ``refit`` names.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : ParallelCoordinatesDisplay
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
        candidates = range(len(results.params))
        if params is None:
            params = results.others([], candidates) or results.names
        results.check_names(*params)
        results.check_scored(candidates)
        return cls(
            params=results.params,
            scores=results.means,
            names=params,
            score_name=f"mean test {results.score_name}",
            best=results.best(candidates),
        ).plot(ax, **kwargs)

    def plot(
        self, ax: Any = None, *, cmap: str = "viridis", **kwargs: Any
    ) -> ParallelCoordinatesDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure, as wide as the axes need it.
        cmap : str or matplotlib Colormap, default="viridis"
            Colours of the scores.
        **kwargs : dict
            Passed to matplotlib's `LineCollection` of the candidates that have a score.

        Returns
        -------
        display : ParallelCoordinatesDisplay
            This object.
        """
        scores = np.asarray(self.scores, dtype=float)
        best = index_of_best(scores) if self.best is None else self.best
        coordinates = self._coordinates(scores)
        width = max(6.4, _WIDTH_PER_AXIS * len(coordinates))
        self.ax_ = new_axes((width, 4.8)) if ax is None else ax
        self.figure_ = self.ax_.figure
        self._plot_axes(coordinates)
        self._plot_lines(coordinates, scores, {"cmap": cmap, **kwargs})
        self.best_line_ = self.ax_.plot(
            [c.positions[best] for c in coordinates],
            color=BEST_COLOR,
            linewidth=3,
            zorder=3,
            clip_on=False,
            label=f"best: {scores[best]:.4g}",
        )[0]
        handles = [self.best_line_, self.failed_lines_]
        legend_above(self.ax_, [handle for handle in handles if handle is not None])
        return self

    def _coordinates(self, scores: np.ndarray) -> list[_Coordinate]:
        """Return what every axis shows, from left to right."""
        names = self.names
        if names is None:
            names = list(dict.fromkeys(name for params in self.params for name in params))
        short = short_names(names)
        coordinates = [
            _coordinate(short[name], [params.get(name, MISSING) for params in self.params])
            for name in names
        ]
        scored = [float(score) for score in scores if np.isfinite(score)]
        numbers = np.where(np.isfinite(scores), scores, np.nan)
        scale = Scale("linear", sorted(set(scored)))
        return [*coordinates, _number_line(self.score_name, numbers, scale)]

    def _plot_axes(self, coordinates: list[_Coordinate]) -> None:
        """Draw the parallel axes: twins of one, each with its spine where its parameter is."""
        from matplotlib.patheffects import withStroke

        last = len(coordinates) - 1
        self.ax_.set(xlim=(0, last), ylim=(0, 1), yticks=[])
        self.ax_.set_xticks(range(last + 1), [_in_lines(c.name) for c in coordinates])
        self.ax_.tick_params(axis="x", length=0, pad=10)
        self.ax_.spines[:].set_visible(False)
        self.axes_ = [self.ax_.twinx() for _ in coordinates]
        for i, (ax, coordinate) in enumerate(zip(self.axes_, coordinates, strict=True)):
            side = "right" if i == last else "left"
            ax.spines[:].set_visible(False)
            ax.spines[side].set_visible(True)
            ax.spines[side].set_position(("data", i))
            ax.yaxis.set_ticks_position(side)
            ax.set_ylim(0, 1)
            ax.set_yticks(coordinate.ticks, coordinate.labels)
            for text in ax.get_yticklabels():  # readable where lines pass behind
                text.set(fontsize="small", path_effects=[withStroke(linewidth=3, foreground="w")])

    def _plot_lines(
        self, coordinates: list[_Coordinate], scores: np.ndarray, style: dict[str, Any]
    ) -> None:
        from matplotlib.collections import LineCollection

        x = np.arange(len(coordinates))
        heights = np.column_stack([c.positions for c in coordinates])
        failed = np.flatnonzero(~np.isfinite(scores))
        order = np.argsort(scores)[: len(scores) - len(failed)]  # the best on top, NaN are last
        style = {"linewidth": 1.5, "alpha": 0.8, "clip_on": False, **style}
        lines = [np.column_stack([x, heights[i]]) for i in order]
        self.lines_ = self.ax_.add_collection(LineCollection(lines, array=scores[order], **style))
        self.failed_lines_ = None
        if len(failed):
            lines = [np.column_stack([x[:-1], heights[i, :-1]]) for i in failed]
            style = {"color": "0.6", "linestyle": ":", "label": "failed", "clip_on": False}
            self.failed_lines_ = self.ax_.add_collection(LineCollection(lines, **style))


class _Coordinate(NamedTuple):
    """One of the parallel axes."""

    name: str
    positions: np.ndarray
    """Where the candidates cross it: between 0 and 1."""
    ticks: Sequence[float] | np.ndarray
    labels: Sequence[str]


def _coordinate(name: str, values: list[Any]) -> _Coordinate:
    """Return the axis of a parameter; what is missing is at its bottom."""
    scale = scale_of(values)
    has_missing = any(value is MISSING for value in values)
    if scale.is_numeric:
        bottom = _NUMBERS_FROM if has_missing else 0.0
        coordinate = _number_line(name, scale.positions(values), scale, bottom)
    else:
        coordinate = _evenly_spaced(name, scale.positions(values), scale, int(has_missing))
    if not has_missing:
        return coordinate
    return coordinate._replace(
        positions=np.nan_to_num(coordinate.positions, nan=0.0),
        ticks=[0.0, *coordinate.ticks],
        labels=[label(MISSING), *coordinate.labels],
    )


def _number_line(name: str, numbers: np.ndarray, scale: Scale, bottom: float = 0.0) -> _Coordinate:
    """Return an axis of numbers from `bottom` to 1; the ticks are the numbers, if there is room."""
    transform = np.log if scale.kind == "log" else np.asarray
    low, high = transform(float(scale.values[0])), transform(float(scale.values[-1]))

    def position(numbers: np.ndarray) -> np.ndarray:
        if low == high:
            return np.where(np.isnan(numbers), np.nan, 0.5)
        return bottom + (1 - bottom) * (transform(numbers) - low) / (high - low)

    ticks = np.array(scale.values, dtype=float)
    if np.diff(position(ticks)).min(initial=1.0) < _CLOSEST_LABELS:
        ticks = _round_numbers(scale)
    return _Coordinate(name, position(numbers), position(ticks), [label(tick) for tick in ticks])


def _round_numbers(scale: Scale) -> np.ndarray:
    from matplotlib.ticker import LogLocator, MaxNLocator

    low, high = float(scale.values[0]), float(scale.values[-1])
    locator = LogLocator(numticks=8) if scale.kind == "log" else MaxNLocator(6, steps=[1, 2, 5, 10])
    ticks = np.asarray(locator.tick_values(low, high))
    return ticks[(ticks >= low) & (ticks <= high)]


def _evenly_spaced(name: str, indices: np.ndarray, scale: Scale, n_below: int) -> _Coordinate:
    """Return an axis of categories from 0 to 1, with room for `n_below` more at the bottom."""
    labels = scale.labels()
    n_places = n_below + len(labels)

    def position(indices: np.ndarray) -> np.ndarray:
        return (n_below + indices) / (n_places - 1) if n_places > 1 else 0.5 + 0 * indices

    ticks = np.arange(0, len(labels), -(-len(labels) // _MOST_LABELS))
    return _Coordinate(name, position(indices), position(ticks), [labels[i] for i in ticks])


def _in_lines(name: str) -> str:
    """Return the name of a nested parameter with a line for every level."""
    return name.replace("__", "__\n")
