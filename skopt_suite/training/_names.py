"""What definitions are called, for backends that know some of them."""

from __future__ import annotations

from typing import Any

from skopt_suite.losses import Loss


def name_of(definition: Any) -> str:
    """Return module and name of a class or function."""
    return f"{definition.__module__}.{definition.__qualname__}"


def loss_name(loss: Loss) -> str:
    """Return the name of the class that says what a loss is, and of its targets.

    With several raw predictions for every target it is another.
    """
    kind = loss.targets.kind if loss.n_raw == 1 else "several of each"
    return f"{name_of(type(loss).value_and_gradient)}, {kind}"
