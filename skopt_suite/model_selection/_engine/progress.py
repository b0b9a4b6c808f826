"""What a search tells scikit-learn's callbacks: of every pass, and of its epochs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skopt_suite.estimators._callbacks import show_bars, take_bars
from skopt_suite.training import Report


def metadata_of(params: dict[str, Any]) -> dict[str, Any] | None:
    """Return what scikit-learn's searches tell callbacks of the parameters of a fit."""
    weight = params.get("sample_weight")
    return None if weight is None else {"sample_weight": weight}


class PassBar:
    """The task of one pass, which may be a bar, among the tasks of a search.

    scikit-learn's searches announce one task for every fit. So a pass comes with one task for each
    of its other fits, which are ticked off as epochs go by: the bar of the search moves evenly.

    Parameters
    ----------
    search : estimator object
        Whose callbacks are told.
    context : CallbackContext
        The search's.
    first_id : int
        First free number of a task in `context`.
    n_fits : int
        Number of fits in the pass.
    is_pass : bool
        Whether there are epochs to tell of; otherwise it is a fit that scikit-learn tells of.
    """

    def __init__(
        self, search: Any, context: Any, first_id: int, n_fits: int, is_pass: bool
    ) -> None:
        self._search = search
        self._context = context.subcontext(
            task_name="pass" if is_pass else "candidate-split-evaluation",
            task_id=first_id,
        )
        self._others = [
            context.subcontext(task_name="fit", task_id=first_id + k) for k in range(1, n_fits)
        ]

    @contextmanager
    def watch(self, X: Any, y: Any, metadata: dict[str, Any] | None) -> Iterator[PassObserver]:
        """Open the task of the pass and close it, with those of its other fits.

        Parameters
        ----------
        X, y : object
            What is trained on, before the preceding steps of a Pipeline.
        metadata : dict or None
            Beside it, see `metadata_of`.
        """
        given = {"estimator": self._search, "X": X, "y": y, "metadata": metadata}
        observer = PassObserver(self._context, self._others, given)
        yield observer
        observer.pass_ends()

    def for_estimator(self) -> dict[str, Any]:
        """Return what scikit-learn's own way of fitting a candidate needs to tell callbacks."""
        return {"caller": self._search, "callback_ctx": self._context}


class NoBar:
    """There are no callbacks to tell."""

    @contextmanager
    def watch(self, X: Any, y: Any, metadata: dict[str, Any] | None) -> Iterator[None]:
        """Do nothing."""
        yield None

    def for_estimator(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


class PassObserver:
    """Tells callbacks about the epochs of a pass; one that returns true ends the pass.

    Bars are told when it ends, only: there would be one for every pass, where that of the search
    moves with its epochs.

    Parameters
    ----------
    context : CallbackContext
        The pass's.
    others : list of CallbackContext
        Of the other fits of the pass.
    given : dict
        What all hooks are given.
    """

    def __init__(self, context: Any, others: list[Any], given: dict[str, Any]) -> None:
        self._context, self._others, self._given = context, others, given
        self.n_parts = 1  # one after the other, where candidates have several fits
        self._has_begun, self._n_epochs, self._n_ended, self._n_ticked_off = False, 0, 0, 0
        self._epoch: Any = None
        self._bars: list[Any] = []

    def pass_begins(self, n_epochs: int) -> None:
        """Open the task of the pass, each of whose parts has at most that many epochs."""
        if self._has_begun:
            return
        self._context.max_subtasks = self._n_epochs = n_epochs * self.n_parts
        self._bars = take_bars(self._context)
        self._context.call_on_fit_task_begin(**self._given)
        self._has_begun = True

    def begins_again(self, n_epochs: int) -> None:
        """Close the task of an epoch that failed; there are so many more epochs."""
        self._n_epochs += n_epochs
        self._context.max_subtasks = self._n_epochs
        self._close_epoch()

    def epoch_begins(self) -> None:
        """Open the task of an epoch."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._given)

    def epoch_ends(self, report: Report) -> bool:
        """Close the task of the epoch; True if a callback asks to stop."""
        self._n_ended += 1
        self._tick_off(len(self._others) * self._n_ended // self._n_epochs)
        epoch, self._epoch = self._epoch, None
        return epoch.call_on_fit_task_end(**self._given)

    def goes_on(self, losses: list[float], scores: list[float]) -> None:
        """Do nothing: the rest is ticked off at the end."""

    def pass_ends(self) -> None:
        """Close the task of the pass."""
        if not self._has_begun:  # it failed before training
            self.pass_begins(n_epochs=0)
        self._close_epoch()
        self._tick_off(len(self._others))
        show_bars(self._context, self._bars)
        self._context.call_on_fit_task_end(**self._given)

    def _close_epoch(self) -> None:
        """Close the task of an epoch that failed, if there is one."""
        if self._epoch is not None:
            self._epoch.call_on_fit_task_end(**self._given)
            self._epoch = None

    def _tick_off(self, n_others: int) -> None:
        """Tell of so many of the other fits."""
        for other in self._others[self._n_ticked_off : n_others]:
            other.call_on_fit_task_begin(**self._given)
            other.call_on_fit_task_end(**self._given)
        self._n_ticked_off = n_others
