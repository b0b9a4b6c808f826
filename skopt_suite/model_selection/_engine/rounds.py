"""What the fits of a later round of a search know of those of an earlier one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from skopt_suite.model_selection._engine.candidates import hash_of
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.training import Keep, Result


class Rounds:
    """What fits of a later round know of those of an earlier one: nothing."""

    keep: Keep = "nothing"
    are_one: bool = False
    """Whether they only divide the time of a search: fits are judged when all of them are done."""
    order: np.ndarray | None = None
    """Where the candidates are, in the order in which they are tried; None: as they come."""

    def past(self, params: list[dict[str, Any]], n_splits: int) -> list[dict[int, Result]]:
        """Return for every split the results to go on with, by number of the candidate."""
        return [{} for _ in range(n_splits)]

    def remember(self, params: list[dict[str, Any]], outcomes: list[list[Outcome]]) -> None:
        """Keep what `past` is to return in a later round."""


class Survivors(Rounds):
    """Fits that have used up the epochs of their rung, to go on with more."""

    keep: Keep = "paused"

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._results: dict[Hashable, list[Result | None]] = {}

    def past(self, params: list[dict[str, Any]], n_splits: int) -> list[dict[int, Result]]:
        """Return for every split the results to go on with, by number of the candidate."""
        past: list[dict[int, Result]] = [{} for _ in range(n_splits)]
        for index, setting in enumerate(params):
            for split, result in enumerate(self._results.get(self._key(setting), [])):
                if result is not None:
                    past[split][index] = result
        return past

    def remember(self, params: list[dict[str, Any]], outcomes: list[list[Outcome]]) -> None:
        """Keep the results of this rung, and forget those of the one before."""
        self._results = {
            self._key(setting): [outcome.result for outcome in of_splits]
            for setting, of_splits in zip(params, outcomes, strict=True)
        }

    def _key(self, setting: dict[str, Any]) -> Hashable:
        return tuple((k, hash_of(v)) for k, v in setting.items() if k != self._resource)
