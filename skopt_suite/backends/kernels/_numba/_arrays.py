"""Arrays as numba lays them out: imported when something is compiled, not when it is loaded."""

from __future__ import annotations

from typing import Any


def make_array(kind: Any) -> Any:
    """Return what reads and makes arrays of a type."""
    from numba.np import arrayobj

    return arrayobj.make_array(kind)


def populate_array(array: Any, *given: Any, **named: Any) -> None:
    """Say where an array lies, and its shape and strides."""
    from numba.np import arrayobj

    arrayobj.populate_array(array, *given, **named)
