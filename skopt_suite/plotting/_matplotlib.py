"""matplotlib, asked for when something is drawn."""

from __future__ import annotations

from typing import Any


def new_axes(figsize: tuple[float, float] | None = None) -> Any:
    """Return the axes of a new figure."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "skopt_suite.plotting draws with matplotlib, which cannot be imported here. Install it "
            "with: pip install 'skopt-suite[plot]'"
        ) from error
    _, axes = plt.subplots(layout="constrained", figsize=figsize)
    return axes
