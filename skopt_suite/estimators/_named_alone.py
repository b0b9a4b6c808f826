"""Methods of internal bases go by their own name in errors, not by that of the base."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def named_alone(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let errors of wrong calls say "fit() got …", where Python says "TrainableEstimator.fit()"."""
    method.__qualname__ = method.__name__
    return method
