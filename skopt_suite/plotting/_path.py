"""The coefficients of a linear model over the strength of its penalty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from skopt_suite.estimators import regularization_path
from skopt_suite.plotting._axes import BEST_COLOR
from skopt_suite.plotting._matplotlib import new_axes

_MOST_LABELS = 10  # in a legend; further lines have none


class PathDisplay:
    """Every coefficient of a linear model over the strength of its penalty.

    Use `from_estimator` to make one. Strengths fall from left to right on a logarithmic axis, so
    that features enter one after the other where the penalty takes some away. Scores on held-out
    rows, if there are any, are drawn as a dashed line with a band of one standard error of their
    mean, on an axis of their own on the right, and the strength with the best mean is marked.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Strengths.
    coefs : array-like of shape (n_alphas, n_features) or (n_alphas, n_outputs, n_features)
        Coefficients.
    feature_names : sequence of str, default=None
        Names of the features; None: x0, x1 and so on.
    test_scores : array-like of shape (n_alphas, n_splits), default=None
        Scores on held-out rows.
    score_name : str, default="score"
        Label of their axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the coefficients.
    score_ax_ : matplotlib Axes or None
        Axes with the scores, if there are any; it shares the x-axis of `ax_`.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        A line for every coefficient, output by output.
    score_line_ : matplotlib Line2D or None
        Mean scores.
    best_line_ : matplotlib Line2D or None
        The mark of the strength with the best mean score.

    See Also
    --------
    skopt_suite.regularization_path : The numbers that are drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.plotting import PathDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> display = PathDisplay.from_estimator(LinearRegressor(penalty="l1"), X, y, cv=5)
    >>> display.lines_[2].get_label(), display.ax_.get_xscale()
    ('bmi', 'log')
    >>> float(display.best_line_.get_xdata()[0]) in display.alphas
    True
    """

    def __init__(
        self,
        *,
        alphas: Any,
        coefs: Any,
        feature_names: Sequence[str] | None = None,
        test_scores: Any = None,
        score_name: str = "score",
    ) -> None:
        self.alphas = alphas
        self.coefs = coefs
        self.feature_names = feature_names
        self.test_scores = test_scores
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        alphas: int | Sequence[float] | np.ndarray = 100,
        eps: float = 1e-3,
        sample_weight: Any = None,
        cv: Any = None,
        scoring: Any = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> PathDisplay:
        """Fit a linear model for every strength of its penalty, and draw the coefficients.

        Parameters
        ----------
        estimator : LinearClassifier, LinearRegressor or Pipeline
            What to fit, as in `skopt_suite.regularization_path`; it stays as it is.
        X : {array-like, sparse container} of shape (n_samples, n_features)
            Input.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        alphas : int or sequence of float > 0, default=100
            Strengths, or how many of them.
        eps : float in (0, 1), default=1e-3
            The smallest strength by the largest if `alphas` is a number.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        cv : int, cross-validation generator or iterable, default=None
            Folds on which to score all strengths; None: nothing is scored.
        scoring : str or callable, default=None
            What held-out rows are scored by; None: the estimator's own ``score``.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : PathDisplay
            The display.

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data is not what is accepted, before any work starts.
        ImportError
            If matplotlib is not installed.
        """
        ax = new_axes() if ax is None else ax
        how = {"alphas": alphas, "eps": eps, "sample_weight": sample_weight}
        path = regularization_path(estimator, X, y, **how, cv=cv, scoring=scoring)
        return cls(
            alphas=path.alphas,
            coefs=path.coefs,
            feature_names=_names(path.estimators[0]),
            test_scores=path.test_scores,
            score_name=scoring if isinstance(scoring, str) else "score",
        ).plot(ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> PathDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            Passed to matplotlib's `plot` for the line of every coefficient.

        Returns
        -------
        display : PathDisplay
            This object.
        """
        self.ax_ = new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        coefs = np.asarray(self.coefs)
        by_line = coefs.reshape(len(coefs), -1).T
        styles = [{**style, **kwargs} for style in self._styles(coefs)]
        self.lines_ = [
            self.ax_.plot(self.alphas, line, **style)[0]
            for line, style in zip(by_line, styles, strict=True)
        ]
        self.ax_.set(xscale="log", xlabel="alpha", ylabel="coefficient")
        self.ax_.xaxis.set_inverted(True)
        self._plot_scores()
        handles = self._most_important(by_line)
        if self.best_line_ is not None:
            handles.append(self.best_line_)
        self.ax_.legend(handles=handles, ncols=2, fontsize="small", columnspacing=1, framealpha=0.7)
        return self

    def _styles(self, coefs: np.ndarray) -> list[dict[str, Any]]:
        """Return the label and colour of every line: a feature has one colour in all outputs."""
        n_features = coefs.shape[-1]
        names = self.feature_names
        names = [f"x{j}" for j in range(n_features)] if names is None else list(names)
        n_outputs = coefs.size // (len(coefs) * n_features)
        ends = [""] if n_outputs == 1 else [f", output {k}" for k in range(n_outputs)]
        dashes = ("-", "--", ":", "-.")
        return [
            {"label": f"{name}{end}", "color": f"C{j % 10}", "linestyle": dashes[k % 4]}
            for k, end in enumerate(ends)
            for j, name in enumerate(names)
        ]

    def _most_important(self, by_line: np.ndarray) -> list[Any]:
        """Return the lines that go furthest from 0, in their order."""
        largest = np.argsort(-np.abs(by_line).max(axis=1), kind="stable")[:_MOST_LABELS]
        return [self.lines_[k] for k in np.sort(largest)]

    def _plot_scores(self) -> None:
        """Draw the mean scores on the right axis, and mark the best."""
        self.score_ax_ = self.score_line_ = self.best_line_ = None
        if self.test_scores is None:
            return
        scores = np.asarray(self.test_scores, dtype=float)
        mean, error = scores.mean(axis=1), scores.std(axis=1) / np.sqrt(scores.shape[1])
        self.score_ax_ = self.ax_.twinx()
        (self.score_line_,) = self.score_ax_.plot(self.alphas, mean, color="0.2", linestyle="--")
        band = (self.alphas, mean - error, mean + error)
        self.score_ax_.fill_between(*band, color="0.2", alpha=0.12, linewidth=0)
        self.score_ax_.set_ylabel(f"{self.score_name} (dashed)")
        best = self.alphas[int(np.nanargmax(mean))]
        label = f"best: alpha = {best:.3g}"
        self.best_line_ = self.ax_.axvline(best, color=BEST_COLOR, linewidth=1, label=label)


def _names(model: Any) -> list[str] | None:
    """Return the names of features as the linear model sees them, None if there are none."""
    last = model[-1] if isinstance(model, Pipeline) else model
    if hasattr(last, "feature_names_in_"):
        return list(last.feature_names_in_)
    if last is model or len(model) == 1:
        return None
    try:
        return list(model[:-1].get_feature_names_out())
    except (AttributeError, ValueError):
        return None
