"""Probabilities that are as sure as held-out rows allow."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

_WIDEST = np.log(20.0)
_FEWEST_ROWS = 50


def best_temperature(
    probability: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
) -> float:
    """Return the temperature of the lowest log loss; 1 where there are too few rows to tell.

    Parameters
    ----------
    probability : ndarray of shape (n_samples, n_classes)
        Of held-out rows.
    codes : ndarray of shape (n_samples,)
        Their classes.
    weight : ndarray of shape (n_samples,) or None
        What they count.
    """
    if len(codes) < _FEWEST_ROWS:
        return 1.0
    raw, rows = _logarithm(probability), np.arange(len(codes))

    def log_loss(log_temperature: float) -> float:
        log_probability = log_softmax(raw / np.exp(log_temperature), axis=1)
        return -float(np.average(log_probability[rows, codes], weights=weight))

    found = minimize_scalar(log_loss, bounds=(-_WIDEST, _WIDEST), method="bounded")
    return float(np.exp(found.x)) if found.fun < log_loss(0.0) else 1.0


def at_temperature(probability: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities in proportion to their power of ``1 / temperature``."""
    if temperature == 1.0:
        return probability
    return softmax(_logarithm(probability) / temperature, axis=1)


def _logarithm(probability: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probability, np.finfo(np.float32).tiny))
