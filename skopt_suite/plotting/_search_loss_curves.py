"""The training losses of all candidates of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skopt_suite.plotting._matplotlib import new_axes
from skopt_suite.plotting._results import Results, read_search
from skopt_suite.plotting._values import MISSING, Scale, scale_of, short_names

_MOST_DISTINCT = 10
_GREY = "0.7"


class SearchLossCurvesDisplay:
    """The objective over the time of training, a line per candidate of a fused search.

    Use `from_search` to make one. Lines are coloured by the score or by a parameter: numbers with
    a colour bar, other values with a legend. Candidates without the score or the parameter are
    grey.

    Parameters
    ----------
    curves : sequence of array-like
        The objective after every epoch or iteration, of every fit.
    color_values : sequence, default=None
        What the line of every fit is coloured by, NaN if unknown; None: all have the same colour.
    color_name : str, default=""
        Label of the colour bar, or title of the legend.
    log_colors : bool, default=None
        Whether colours of numbers are logarithmic; None: if they are positive and span two decades.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        A line for every fit.
    colorbar_ : matplotlib Colorbar or None
        The colour bar, if colours are numbers.
    legend_ : matplotlib Legend or None
        The legend, if they are not.

    See Also
    --------
    LossCurveDisplay : Those of single fits.
    ParameterCurveDisplay : Scores over a parameter.
    skopt_suite.model_selection.FusedGridSearchCV : A search that keeps the curves.

    Examples
    --------
    >>> from skopt_suite.plotting import SearchLossCurvesDisplay
    >>> display = SearchLossCurvesDisplay(
    ...     curves=[[1.0, 0.9, 0.8], [1.0, 0.4, 0.2]],
    ...     color_values=[1e-4, 1e-2],
    ...     color_name="learning_rate",
    ... ).plot(yscale="log")
    >>> type(display.colorbar_.norm).__name__
    'LogNorm'
    """

    def __init__(
        self,
        *,
        curves: Sequence[Any],
        color_values: Sequence[Any] | None = None,
        color_name: str = "",
        log_colors: bool | None = None,
    ) -> None:
        self.curves = curves
        self.color_values = color_values
        self.color_name = color_name
        self.log_colors = log_colors

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        color_by: str | None = None,
        pass_number: int | None = None,
        candidates: Sequence[int] | None = None,
        split: int | None = 0,
        metric: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> SearchLossCurvesDisplay:
        """Draw the loss curves that a fused search kept.

        Candidates that were trained the ordinary way, or whose fits failed, have none and are left
        out.

        Parameters
        ----------
        search : object
            A fitted `FusedGridSearchCV` or `FusedRandomizedSearchCV`.
        color_by : str, default=None
            Name of the parameter that gives the colours; None: the mean test score.
        pass_number : int, default=None
            Only candidates of this pass, as ``fusion_report_`` numbers them; None: of all.
        candidates : sequence of int, default=None
            Only these candidates, by their place in ``cv_results_``; None: all.
        split : int or None, default=0
            Number of the split whose curves are drawn; None: all, a line for each.
        metric : str, default=None
            Which metric of a search with several gives the colours; None: the one that ``refit``
            names.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : SearchLossCurvesDisplay
            The display.

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        TypeError
            If it is not a search, or one that keeps no loss curves.
        ValueError
            If a parameter, metric, pass, candidate or split is unknown, or if nothing that was
            asked for has a loss curve.
        ImportError
            If matplotlib is not installed.
        """
        results = read_search(search, metric, cls.__name__)
        if not hasattr(search, "loss_curves_"):
            raise TypeError(
                f"{cls.__name__} needs a search that keeps loss_curves_: FusedGridSearchCV or "
                f"FusedRandomizedSearchCV; got {type(search).__name__}."
            )
        chosen = _chosen(search, pass_number, candidates)
        splits = _splits(search, split)
        fits = [(i, s) for i in chosen for s in splits if search.loss_curves_[i][s] is not None]
        if not fits:
            raise ValueError(
                f"{cls.__name__}: none of the {len(chosen)} candidates has a loss curve: they were "
                "trained the ordinary way, or their fits failed. fusion_report_ says which was "
                "trained how."
            )
        return cls(
            curves=[search.loss_curves_[i][s] for i, s in fits],
            **_colors(results, color_by, owners=[i for i, _ in fits]),
        ).plot(ax, **kwargs)

    def plot(
        self,
        ax: Any = None,
        *,
        yscale: str = "linear",
        cmap: str = "viridis",
        **kwargs: Any,
    ) -> SearchLossCurvesDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        yscale : str, default="linear"
            Scale of the objective; ``"log"`` shows small objectives that differ by factors.
        cmap : str or matplotlib Colormap, default="viridis"
            Colours of numbers.
        **kwargs : dict
            Passed to matplotlib's `plot` for every line.

        Returns
        -------
        display : SearchLossCurvesDisplay
            This object.
        """
        self.ax_ = new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        self.colorbar_ = self.legend_ = None
        self.lines_ = []
        for curve, color in zip(self.curves, self._line_colors(cmap), strict=True):
            style = {"color": color, "linewidth": 1.2, "zorder": 1.5 if color == _GREY else 2}
            epochs = np.arange(1, len(curve) + 1)
            self.lines_ += self.ax_.plot(epochs, curve, **{**style, **kwargs})
        self.ax_.set(xlabel="epoch or iteration", ylabel="objective", yscale=yscale)
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        return self

    def _line_colors(self, cmap: Any) -> list[Any]:
        """Return a colour for every line, and draw what explains them."""
        if self.color_values is None:
            return ["C0"] * len(self.curves)
        values = [MISSING if _is_nan(value) else value for value in self.color_values]
        scale = scale_of(values)
        if not scale.values:
            return [_GREY] * len(self.curves)
        explain = self._explain_numbers if scale.is_numeric else self._explain_categories
        color_of = explain(scale, cmap)
        return [
            _GREY if np.isnan(position) else color_of(position)
            for position in scale.positions(values)
        ]

    def _explain_numbers(self, scale: Scale, cmap: Any) -> Any:
        """Draw a colour bar and return its colours as a function of the number."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import LogNorm, Normalize

        is_log = scale.kind == "log" if self.log_colors is None else self.log_colors
        norm = (LogNorm if is_log else Normalize)(scale.values[0], scale.values[-1])
        colors = ScalarMappable(norm, cmap)
        self.colorbar_ = self.figure_.colorbar(colors, ax=self.ax_, label=self.color_name, pad=0.02)
        return colors.to_rgba

    def _explain_categories(self, scale: Scale, cmap: Any) -> Any:
        """Draw a legend and return its colours as a function of the index of the category."""
        from matplotlib import colormaps
        from matplotlib.lines import Line2D

        n = len(scale.values)
        if n <= _MOST_DISTINCT:
            colors: list[Any] = [f"C{i}" for i in range(n)]
        else:
            colors = [colormaps.get_cmap(cmap)(i / (n - 1)) for i in range(n)]
        handles = [
            Line2D([], [], color=color, label=text)
            for color, text in zip(colors, scale.labels(), strict=True)
        ]
        self.legend_ = self.ax_.legend(handles=handles, title=self.color_name)
        return lambda index: colors[int(index)]


def _colors(results: Results, color_by: str | None, owners: list[int]) -> dict[str, Any]:
    """Return what the constructor takes about colours, for fits of the candidates `owners`."""
    if color_by is None:
        return {
            "color_values": list(results.means[owners]),
            "color_name": f"mean test {results.score_name}",
            "log_colors": False,
        }
    results.check_names(color_by)
    return {
        "color_values": results.values(color_by, owners),
        "color_name": short_names(results.names)[color_by],
    }


def _chosen(search: Any, pass_number: int | None, candidates: Sequence[int] | None) -> list[int]:
    """Return the places of the candidates that are asked for."""
    n_candidates = len(search.loss_curves_)
    chosen = list(range(n_candidates) if candidates is None else candidates)
    for i in chosen:
        if not 0 <= i < n_candidates:
            raise ValueError(f"candidates must be from 0 to {n_candidates - 1}; got {i}")
    if pass_number is None:
        return chosen
    passes = [entry.group for entry in search.fusion_report_.entries]
    if pass_number not in passes:
        known = sorted({number for number in passes if number is not None})
        raise ValueError(
            f"pass_number must be one of {', '.join(map(str, known)) or 'none'}, as "
            f"fusion_report_ has them; got {pass_number!r}"
        )
    return [i for i in chosen if passes[i] == pass_number]


def _splits(search: Any, split: int | None) -> list[int]:
    n_splits = len(search.loss_curves_[0])
    if split is None:
        return list(range(n_splits))
    if not 0 <= split < n_splits:
        raise ValueError(f"split must be from 0 to {n_splits - 1}, or None for all; got {split}")
    return [split]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and bool(np.isnan(value))
