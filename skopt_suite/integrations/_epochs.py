"""What callbacks that follow a fit epoch by epoch share."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from skopt_suite.estimators._callbacks import path_of


class EpochCallback:
    """A callback of scikit-learn that is told of every epoch, how deep the estimator may lie."""

    max_propagation_depth: int | None = None
    """Set on a pipeline or a search, it is told of the estimators inside."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing before a fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing after a fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing at the beginning of a task."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Tell of an epoch; the epochs of a pass that many fits share have no estimator."""
        if context.task_name == "epoch" and fitted_estimator is not None:
            self._epoch_ended(metrics_of(fitted_estimator), fitted_estimator.n_iter_, context)

    def _epoch_ended(self, metrics: dict[str, float], epoch: int, context: Any) -> None:
        """React to the metrics of an epoch, the first of which is 1."""
        raise NotImplementedError


def metrics_of(fitted: Any) -> dict[str, float]:
    """Return the loss of the last epoch, and the score on held-out rows if there are any."""
    scores = fitted.validation_scores_
    return {"loss": fitted.loss_} | ({"validation_score": scores[-1]} if scores else {})


def prefix_of(context: Any) -> str:
    """Return what tells the fits of a search apart; empty outside of searches, and for refits."""
    path = path_of(context)
    numbers = [task.task_id for search, task in pairwise(path) if search.task_name == "search"]
    return "".join(f"fit_{number}/" for number in numbers)
