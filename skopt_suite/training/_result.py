"""What comes out of a fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from skopt_suite.backends import Array
from skopt_suite.training._memory import Memory, Paused


@dataclass
class Result:
    """One trained fit."""

    params: Array
    """Parameters for predictions of shape (n_params,), where they were trained."""
    n_iter: int
    loss: float
    loss_curve: list[float]
    validation_scores: list[float]
    stop_reason: str
    """``"converged"`` (to ``tol``), ``"precision"`` (as near to the optimum as rounding allows),
    ``"no_improvement"``, ``"max_iter"``, ``"callback"``, ``"stalled"`` or ``"diverged"``."""
    memory: Memory | None
    penalty: float = math.nan
    """What of the objective is the penalty, at the end; NaN of solvers, of which nobody asks."""
    null_loss: float = math.nan
    """Loss of the best constant prediction; NaN where nobody asked for it."""
    dual_gap: np.ndarray | None = None
    """How much the part of the objective of every output can fall at most, (n_outputs,), where that
    is known of `params`."""
    paused: Paused | None = None
    """Where training was asked to keep it and the fit is not done but has used up its epochs."""
    error: Exception | None = None
    """Set where the fit diverged."""
