"""What is the same for all folds and candidates of a search."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from skopt_suite.model_selection._memory import Budget
from skopt_suite.training import Keep


class Cancellation:
    """Tells the threads of a search to end; other processes have to be ended otherwise."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask all passes to end."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether passes are asked to end."""
        return self._event.is_set()

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._event = threading.Event()


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
    keep: Keep
    cancellation: Cancellation

    @property
    def scores_pipelines(self) -> bool:
        """Whether scorers may look into the estimator: all but the ones that have a name."""
        if self.scoring is None or isinstance(self.scoring, str):
            return False
        if callable(self.scoring):
            return True
        named = self.scoring.values() if isinstance(self.scoring, dict) else self.scoring
        return not all(isinstance(value, str) for value in named)
