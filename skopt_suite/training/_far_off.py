"""Fits that seem to be done where a loss grows as its argument does, far from the optimum.

There a step for the largest curvature is next to nothing, and so is what it lowers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import Params, PerFit, namespace, to_numpy
from skopt_suite.training._objective import Objective
from skopt_suite.training._rows import Source
from skopt_suite.training._stack import Stack
from skopt_suite.training._stopping import Progress

_LINEAR = 1e-3  # of what the largest curvature would make of the loss of the best constant
_TARGETS = 1000  # that are looked at
_LENGTHS = 100.0 ** np.arange(1, 9)
_MATERIAL, _ROUNDING = 10.0, 1e-6  # times tol, and of the loss of the best constant


def are_far_off(
    reasons: np.ndarray, stack: Stack, objective: Objective, source: Source, progress: Progress
) -> np.ndarray:
    """Return which fits seem to be done, and have a much lower point, (n_fits,).

    Parameters
    ----------
    reasons : ndarray of shape (n_fits,)
        Why fits would end.
    stack : Stack
        The fits.
    objective : Objective
        Theirs, on all rows.
    source : Source
        The rows.
    progress : Progress
        What the loss of the best constant is, and which share of a fall does not matter.
    """
    loss = stack.terms.loss
    if not _has_tails(loss):
        return np.zeros(len(reasons), dtype=bool)
    seem_done = (reasons == "converged") | (reasons == "precision")
    if seem_done.any():
        seem_done &= _are_in_tails(loss, source, progress.null)
    if seem_done.any():
        seem_done &= _could_be_lower(objective, stack.params, progress)
    return seem_done


def _has_tails(loss: Any) -> bool:
    """Whether there are places where the loss may be curved less than anywhere else."""
    return not loss.is_quadratic and "numbers" in loss.kinds and loss.curvature() is not None


def _are_in_tails(loss: Any, source: Source, null: np.ndarray) -> np.ndarray:
    """Return for which fits most targets are where the loss is hardly curved, (n_fits,)."""
    bound = loss.curvature()
    variance = np.asarray(to_numpy(source.some_targets(_TARGETS)), dtype=np.float64).var(axis=0)
    return 2 * null < _LINEAR * np.ravel(to_numpy(bound)) * variance.sum()


def _could_be_lower(objective: Objective, params: Params, progress: Progress) -> np.ndarray:
    """Return which fits have a point far along a step that is lower by much more than ``tol``."""
    bound, null = None if objective.has_prox else objective.curvature(), progress.null
    if bound is None:
        return np.zeros(len(null), dtype=bool)
    value, gradient = objective.value_and_gradient(params)
    step, xp = bound.solve(gradient), namespace(params)
    there = [objective.value(params - float(length) * step) for length in _LENGTHS]
    lowest = _on_host(xp.min(xp.stack([value, *there]), axis=0))
    needed = _MATERIAL * progress.tol * (null - lowest) + _ROUNDING * null
    return _on_host(value) - lowest > needed


def _on_host(values: PerFit) -> np.ndarray:
    return np.asarray(to_numpy(values), dtype=np.float64)
