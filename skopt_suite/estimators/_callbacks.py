"""scikit-learn's callbacks, which are experimental: all that we use of them is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.callback import CallbackSupportMixin, ProgressBar, with_callbacks
from sklearn.callback._callback_context import get_context_path as path_of

from skopt_suite.estimators._pace import Pace
from skopt_suite.estimators._prepared import Prepared
from skopt_suite.training import Report, kind_of_steps

__all__ = [
    "CallbackSupportMixin",
    "FitObserver",
    "has_callbacks",
    "is_watched",
    "path_of",
    "print_epoch",
    "print_steps",
    "show_bars",
    "take_bars",
    "with_callbacks",
]


def is_watched(estimator: Any) -> bool:
    """Whether anyone is to be told of the epochs of a fit: a callback, or who reads what it prints.

    Callbacks may also be a meta-estimator's.
    """
    is_part = hasattr(estimator, "_parent_callback_ctx")
    return bool(estimator.verbose) or has_callbacks(estimator) or is_part


def has_callbacks(estimator: Any) -> bool:
    """Whether callbacks were set on an estimator."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def take_bars(context: Any) -> list[Any]:
    """Let no bar be told of a task and its subtasks; return the bars."""
    bars = [one for one in context._callbacks if isinstance(one, ProgressBar)]
    context._callbacks = [one for one in context._callbacks if one not in bars]
    return bars


def show_bars(context: Any, bars: list[Any]) -> None:
    """Let bars be told of a task again."""
    context._callbacks = [*context._callbacks, *bars]


class FitObserver:
    """Tells callbacks about the epochs of one fit, and prints them if `verbose`.

    Parameters
    ----------
    estimator : object
        The estimator that is fitted.
    X, y : object
        The training data as the user gave it.
    metadata : dict
        What else was given to ``fit``.
    fitted_attributes : callable
        From parameters to the attributes of an estimator that is ready to predict.
    n_samples : int
        How many rows an epoch has.
    pace : Pace, optional
        Says how fast it is.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        metadata: dict[str, Any],
        fitted_attributes: Callable[[Any], dict[str, Any]],
        n_samples: int = 0,
        pace: Pace | None = None,
    ) -> None:
        self.estimator = estimator
        self.task = {"X": X, "y": y, "metadata": metadata}
        self.fitted_attributes = fitted_attributes
        self.n_samples, self.pace, self.n_watched = n_samples, pace, 0
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.context.call_on_fit_task_begin(estimator=estimator, **self.task)

    def epoch_begins(self) -> None:
        """Open the task of an epoch."""
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.task)
        if self.pace is not None:
            self.pace.epoch_begins(len(self.losses) + 1, self.n_samples)

    def epoch_ends(self, report: Report) -> bool:
        """Close the task of the epoch; True if a callback asks to stop."""
        if self.estimator.verbose:
            print_epoch(report.epoch, report.loss[0], report.score, self._pace(report.epoch))
        self.losses.append(float(report.loss[0]))
        if report.score is not None:
            self.scores.append(float(report.score[0]))
        return self.epoch.call_on_fit_task_end(
            estimator=self.estimator,
            **self.task,
            reconstruction_attributes=lambda: {
                **self.fitted_attributes(report.params(0)),
                **_progress(list(self.losses), list(self.scores)),
            },
        )

    def _pace(self, epoch: int) -> str:
        if self.pace is None:
            return ""
        self.n_watched += 1
        return self.pace.epoch_ends(self.n_watched, self.estimator.max_iter - epoch)

    def goes_on(self, losses: list[float], scores: list[float]) -> None:
        """Take over what epochs gave that were trained before."""
        self.losses, self.scores = self.losses + losses, self.scores + scores
        if self.estimator.verbose:
            print(f"going on after epoch {len(self.losses)}")

    def fit_ends(self, params: Any) -> None:
        """Close the task of the fit."""
        self.context.call_on_fit_task_end(
            estimator=self.estimator,
            **self.task,
            reconstruction_attributes=lambda: self.fitted_attributes(params),
        )


def print_steps(prepared: Prepared) -> None:
    """Print what makes the steps, as ``verbose=2`` asks for."""
    job = prepared.job
    like, is_sparse = prepared.placement.asarray([0.0]), prepared.data.train.is_sparse
    kind = kind_of_steps(job.plan, job.network, like, is_sparse)
    print(f"optimizer {job.plan.optimizer.name!r}, steps: {kind}")


def print_epoch(epoch: int, loss: float, score: Any = None, pace: str = "") -> None:
    """Print the line of an epoch, as ``verbose`` asks for."""
    held_out = "" if score is None else f", validation score {score[0]:.4f}"
    print(f"epoch {epoch}: loss {loss:.6f}{held_out}{pace}")


def _progress(losses: list[float], scores: list[float]) -> dict[str, Any]:
    """Return the fitted attributes that tell of the epochs so far."""
    return {
        "loss_": losses[-1],
        "loss_curve_": losses,
        "n_iter_": len(losses),
        "validation_scores_": scores or None,
        "best_validation_score_": max(scores, default=None),
    }
