"""States: nested tuples of arrays whose first axis are the fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skopt_suite.backends import Array, Placement, to_numpy


def map_arrays(function: Callable[[Array], Any], tree: Any) -> Any:
    """Apply `function` to every array of nested tuples; numbers and None stay."""
    if tree is None or isinstance(tree, int):
        return tree
    if isinstance(tree, tuple):
        parts = [map_arrays(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return function(tree)


def join(states: Sequence[Any], placement: Placement) -> Any:
    """Return states with n_fits = 1 as one."""
    first = states[0]
    if first is None or isinstance(first, int):
        return first
    if isinstance(first, tuple):
        parts = [join(list(column), placement) for column in zip(*states, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    return placement.xp.concat([placement.asarray(state) for state in states], axis=0)


def one_on_host(tree: Any, position: int) -> Any:
    """Return one fit of a state as arrays of NumPy with n_fits = 1, copied."""
    return map_arrays(lambda array: np.array(to_numpy(array[position : position + 1, ...])), tree)
