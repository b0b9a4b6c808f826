"""The objective over the time of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skopt_suite.plotting._matplotlib import new_axes


class Curve(NamedTuple):
    """What is drawn of one fit."""

    loss: Sequence[float]
    """The objective after every epoch or iteration."""
    score: Sequence[float] | None = None
    """The score on held-out rows after every epoch or iteration."""
    unit: str = "epoch"
    """What is counted: ``"epoch"``, or ``"iteration"`` for full-batch optimizers."""
    first: int = 1
    """Number of the first of them: partial fits keep the last entries only."""


class LossCurveDisplay:
    """The objective after every epoch, and the validation score where there is one.

    Use `from_estimator` or `from_estimators` to make one. The objective is drawn as a solid line;
    scores on held-out rows as a dashed line of the same colour, on an axis of their own on the
    right.

    Parameters
    ----------
    curves : dict of str to tuple
        What to draw, by the name that the legend gives it: tuples ``(loss, score, unit, first)``
        of the objective after every epoch, the validation score after every epoch or None,
        ``"epoch"`` or ``"iteration"``, and the number of the first; the last three may be left out.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the objective.
    score_ax_ : matplotlib Axes or None
        Axes with the validation scores, if there are any; it shares the x-axis of `ax_`.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        A line for the objective of every estimator.
    score_lines_ : list of matplotlib Line2D
        A line for every estimator that has validation scores.

    See Also
    --------
    SearchLossCurvesDisplay : Those of the candidates of a search.
    ScheduleDisplay : The learning rate over the same time.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.plotting import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> fitted = {
    ...     name: MLPClassifier(optimizer=name, max_iter=20, random_state=0).fit(X, y)
    ...     for name in ("adam", "nesterov")
    ... }
    >>> display = LossCurveDisplay.from_estimators(fitted)
    >>> [line.get_label() for line in display.lines_]
    ['adam', 'nesterov']
    """

    def __init__(self, *, curves: Mapping[str, tuple]) -> None:
        self.curves = {name: Curve(*curve) for name, curve in curves.items()}

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, name: str | None = None, ax: Any = None, **kwargs: Any
    ) -> LossCurveDisplay:
        """Draw the loss curve of one fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator, a pipeline that ends with one, or a search that found one.
        name : str, default=None
            Its name in the legend; None: its class.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : LossCurveDisplay
            The display.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is one that keeps no loss curve.
        ImportError
            If matplotlib is not installed.
        """
        name = name or type(_trained_part(estimator)).__name__
        return cls.from_estimators({name: estimator}, ax=ax, **kwargs)

    @classmethod
    def from_estimators(
        cls, estimators: Mapping[str, Any], *, ax: Any = None, **kwargs: Any
    ) -> LossCurveDisplay:
        """Draw the loss curves of several fitted estimators together.

        Parameters
        ----------
        estimators : dict of str to object
            Fitted estimators, as in `from_estimator`, by the name that the legend gives them.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : LossCurveDisplay
            The display.
        """
        curves = {name: _curve(estimator) for name, estimator in estimators.items()}
        return cls(curves=curves).plot(ax, **kwargs)

    def plot(self, ax: Any = None, *, yscale: str = "linear", **kwargs: Any) -> LossCurveDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        yscale : str, default="linear"
            Scale of the objective; ``"log"`` shows small objectives that differ by factors.
        **kwargs : dict
            Passed to matplotlib's `plot` for every line.

        Returns
        -------
        display : LossCurveDisplay
            This object.
        """
        self.ax_ = new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        self.lines_ = [
            self.ax_.plot(_time(curve.loss, curve.first), curve.loss, **{"label": name, **kwargs})[
                0
            ]
            for name, curve in self.curves.items()
        ]
        self.ax_.set(xlabel=self._time_label(), ylabel="objective", yscale=yscale)
        self._plot_scores(kwargs)
        if self.lines_:
            self.ax_.legend()
        return self

    def _plot_scores(self, kwargs: dict[str, Any]) -> None:
        """Draw the validation scores on the right axis, dashed, in the colours of the losses."""
        self.score_ax_, self.score_lines_ = None, []
        if all(curve.score is None for curve in self.curves.values()):
            return
        self.score_ax_ = self.ax_.twinx()
        for line, curve in zip(self.lines_, self.curves.values(), strict=True):
            if curve.score is not None:
                style = {**kwargs, "color": line.get_color(), "linestyle": "--"}
                style["label"] = f"{line.get_label()}, validation"
                self.score_lines_ += self.score_ax_.plot(
                    _time(curve.score, curve.first), curve.score, **style
                )
        self.ax_.set_ylabel("objective (solid)")
        self.score_ax_.set_ylabel("validation score (dashed)")

    def _time_label(self) -> str:
        return " or ".join(sorted({curve.unit for curve in self.curves.values()}))


def _curve(estimator: Any) -> Curve:
    """Return what is drawn of a fitted estimator."""
    trained = _trained_part(estimator)
    check_is_fitted(trained)
    if not hasattr(trained, "loss_curve_"):
        raise TypeError(
            "LossCurveDisplay needs an estimator that keeps its loss_curve_, such as those of "
            f"skopt_suite; got {type(trained).__name__}."
        )
    full_batch = getattr(getattr(trained, "optimizer_", None), "is_full_batch", False)
    return Curve(
        loss=trained.loss_curve_,
        score=getattr(trained, "validation_scores_", None),
        unit="iteration" if full_batch else "epoch",
        first=1 + max(0, getattr(trained, "n_iter_", 0) - len(trained.loss_curve_)),
    )


def _trained_part(estimator: Any) -> Any:
    """Return the estimator inside a search or at the end of a pipeline."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    return _trained_part(estimator[-1]) if isinstance(estimator, Pipeline) else estimator


def _time(values: Sequence[float], first: int) -> np.ndarray:
    return np.arange(first, first + len(values))
