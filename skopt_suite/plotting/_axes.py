"""What the displays of searches share: axes for values of a parameter, the mark of the best."""

from __future__ import annotations

from typing import Any

from skopt_suite.plotting._values import Scale

BEST_COLOR = "tab:red"
_MOST_LABELS = 24
_ROOM = 50  # characters that fit under an axis side by side


def set_scale(ax: Any, which: str, scale: Scale) -> None:
    """Give the x- or y-axis of `ax` the scale and the ticks of a parameter."""
    if not scale.is_numeric:
        set_categories(ax, which, scale)
        return
    ax.set(**{f"{which}scale": scale.kind})
    if scale.kind == "linear" and all(float(value).is_integer() for value in scale.values):
        getattr(ax, f"{which}axis").get_major_locator().set_params(integer=True)


def set_categories(ax: Any, which: str, scale: Scale) -> None:
    """Label indices with values; every second, third … of them if there are many."""
    labels = scale.labels()
    step = -(-len(labels) // _MOST_LABELS)
    axis = getattr(ax, f"{which}axis")
    axis.set_ticks(range(0, len(labels), step), labels[::step])
    if which == "x" and sum(map(len, labels[::step])) > _ROOM:
        for text in axis.get_ticklabels():
            text.set(rotation=30, ha="right", rotation_mode="anchor")


def legend_above(ax: Any, handles: list[Any]) -> None:
    """Draw a legend outside of the axes, where it hides nothing."""
    ax.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=len(handles),
        frameon=False,
        borderaxespad=0.2,
    )
