"""Curves that schedules are made of."""

from __future__ import annotations

import math

from skopt_suite.backends import Array, FitColumn, namespace


def half_cosine(passed: Array) -> Array:
    """Return the fall from 1 to 0 along half a cosine while `passed` goes from 0 to 1."""
    return (1.0 + namespace(passed).cos(math.pi * passed)) / 2.0


def share(passed: Array, begin: FitColumn | float, end: FitColumn | float) -> Array:
    """Return the share of the way from `begin` to `end` that has passed, in [0, 1]."""
    return namespace(passed).clip((passed - begin) / (end - begin), 0.0, 1.0)
