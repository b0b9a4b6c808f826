"""What a search tells scikit-learn's callbacks: of every pass, and of its epochs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skopt_suite.training import Report


class PassBar:
    """The task of one pass, which may be a bar, among the tasks of a search.

    scikit-learn's searches announce one task for every fit. So a pass comes with one task for each
    of its other fits, and the bar of the search is full when all passes are done.

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

    def __init__(self, search: Any, context: Any, first_id: int, n_fits: int, is_pass: bool):
        self._search = search
        self._context = context.subcontext(
            task_name="pass" if is_pass else "candidate-split-evaluation",
            task_id=first_id,
            max_subtasks=int(is_pass),
        )
        self._others = [
            context.subcontext(task_name="fit", task_id=first_id + k) for k in range(1, n_fits)
        ]

    @contextmanager
    def watch(self, X: Any = None, y: Any = None) -> Iterator[PassObserver]:
        """Open the task of the pass and close it, with those of its other fits.

        Parameters
        ----------
        X, y : object
            What is trained on, before the preceding steps of a Pipeline, or functions that
            return it.
        """
        given = {"estimator": self._search, "X": X, "y": y}
        observer = PassObserver(self._context, given)
        yield observer
        observer.pass_ends()
        for other in self._others:
            other.call_on_fit_task_begin(**given)
            other.call_on_fit_task_end(**given)

    def for_estimator(self) -> dict[str, Any]:
        """Return what scikit-learn's own way of fitting a candidate needs to tell callbacks."""
        return {"caller": self._search, "callback_ctx": self._context}


class NoBar:
    """There are no callbacks to tell."""

    @contextmanager
    def watch(self, X: Any = None, y: Any = None) -> Iterator[None]:
        """Do nothing."""
        yield None

    def for_estimator(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


class PassObserver:
    """Tells callbacks about the epochs of a pass; one that returns true ends the pass."""

    def __init__(self, context: Any, given: dict[str, Any]):
        self._context, self._given, self._has_begun = context, given, False

    def pass_begins(self, n_epochs: int) -> None:
        """Open the task of the pass, which has at most that many epochs."""
        self._context.max_subtasks = n_epochs
        self._context.call_on_fit_task_begin(**self._given)
        self._has_begun = True

    def epoch_begins(self) -> None:
        """Open the task of an epoch."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._given)

    def epoch_ends(self, report: Report) -> bool:
        """Close the task of the epoch; True if a callback asks to stop."""
        return self._epoch.call_on_fit_task_end(**self._given)

    def pass_ends(self) -> None:
        """Close the task of the pass."""
        if not self._has_begun:  # it failed before training
            self._context.call_on_fit_task_begin(**self._given)
        self._context.call_on_fit_task_end(**self._given)
