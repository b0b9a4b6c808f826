"""What became of a candidate on a split, as scikit-learn's searches have it."""

from __future__ import annotations

from dataclasses import dataclass
from traceback import format_exception
from typing import Any

import numpy as np

from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.settings import Settings
from skopt_suite.training import Result


@dataclass(frozen=True)
class Outcome:
    """What became of one candidate on one split."""

    index: int
    scored: dict[str, Any]
    """The result as scikit-learn's searches have it."""
    loss_curve: np.ndarray | None = None
    result: Result | None = None
    """To go on with."""


def failure_of(candidate: Candidate, error: Exception, spent: float, settings: Settings) -> Outcome:
    """Return the outcome of a fit that failed as scikit-learn's `_fit_and_score` has it."""
    if settings.error_score == "raise":
        raise error
    names = getattr(settings.scorer, "_scorers", None)
    value = settings.error_score
    scores = value if names is None else dict.fromkeys(names, value)
    scored = {
        "fit_error": "".join(format_exception(error)),
        "test_scores": scores,
        "n_test_samples": 0,
        "fit_time": spent,
        "score_time": 0.0,
    }
    if settings.return_train_score:
        scored["train_scores"] = scores
    if settings.return_estimator:
        scored["estimator"] = None
    return Outcome(candidate.index, scored)
