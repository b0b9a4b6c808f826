"""What is the same for all folds and candidates of a search."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from skopt_suite.model_selection._engine.countdown import Countdown
from skopt_suite.model_selection._engine.memory import Budget
from skopt_suite.model_selection._engine.meter import Meter
from skopt_suite.model_selection._engine.shared import SharedRows
from skopt_suite.model_selection._engine.shrinking import Shrinking
from skopt_suite.training import Cancelled, Keep

if TYPE_CHECKING:
    from skopt_suite.model_selection._engine.kept import KeptRound

_PATIENCE = 1.0  # seconds


class Cancellation:
    """Tells the tasks of a search to end; those of other processes have to be ended otherwise."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._is_set, self._n_running = False, 0

    def __reduce__(self) -> tuple[Any, ...]:
        return Cancellation, ()

    def is_set(self) -> bool:
        """Whether tasks are asked to end."""
        return self._is_set

    def check(self) -> None:
        """Raise `Cancelled` if tasks are asked to end."""
        if self._is_set:
            raise Cancelled

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count a task as one to wait for; one that is late does not begin."""
        with self._condition:
            self.check()
            self._n_running += 1
        try:
            yield
        finally:
            with self._condition:
                self._n_running -= 1
                self._condition.notify_all()

    def set(self) -> None:
        """Ask all tasks to end, and wait a little for them: code of others does not ask."""
        with self._condition:
            self._is_set = True
            self._condition.wait_for(lambda: self._n_running == 0, timeout=_PATIENCE)


class Settings(NamedTuple):
    """What is the same for all folds and candidates of a search."""

    scoring: Any
    scorer: Any
    fit_params: dict[str, Any]
    score_params: dict[str, Any]
    return_train_score: bool
    return_estimator: bool
    error_score: Any
    budget: Budget
    shrinking: Shrinking
    shared: SharedRows
    keep: Keep
    cancellation: Cancellation
    meter: Meter
    verbose: int
    is_search: bool
    """Whether there are several candidates, which printed lines count, or one."""
    n_splits: int
    n_candidates: int = 0
    """Of a round."""
    n_workers: int = 1
    countdown: Countdown = Countdown()
    kept: KeptRound | None = None
    """What files have of the round."""
    chunks: Any = None
    """`GivenChunks` where rows are read chunk by chunk."""

    @property
    def scores_pipelines(self) -> bool:
        """Whether scorers may look into the estimator: all but the ones that have a name."""
        if self.scoring is None or isinstance(self.scoring, str):
            return False
        if callable(self.scoring):
            return True
        named = self.scoring.values() if isinstance(self.scoring, dict) else self.scoring
        return not all(isinstance(value, str) for value in named)
