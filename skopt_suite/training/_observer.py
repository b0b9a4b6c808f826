"""Who watches a pass, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from skopt_suite.backends import Array


class Report(NamedTuple):
    """What an observer is told at the end of an epoch; one entry for every fit still training."""

    epoch: int
    fits: np.ndarray
    loss: np.ndarray
    score: np.ndarray | None
    params: Callable[[int], Array]
    """Position in `fits` → parameters of shape (n_params,), not copied."""


class Observer(Protocol):
    """Who watches a pass: callbacks, verbose output."""

    def epoch_begins(self) -> None:
        """React to the beginning of an epoch."""

    def epoch_ends(self, report: Report) -> bool:
        """React to the end of an epoch; True stops the pass."""

    def goes_on(self, losses: list[float], scores: list[float]) -> None:
        """React to a pass that goes on from a file, after epochs of the first fit with those."""
