"""States: nested tuples of arrays whose first axis are the fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skopt_suite.backends import Array, Placement, State, to_numpy


def map_arrays(function: Callable[[Array], Any], tree: State) -> State:
    """Apply `function` to every array of nested tuples; numbers and None stay."""
    if tree is None or isinstance(tree, int):
        return tree
    if isinstance(tree, tuple):
        parts = [map_arrays(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return function(tree)


def join(states: Sequence[State], placement: Placement) -> State:
    """Return states with n_fits = 1 as one, packed if one of them is."""
    if any(map(is_packed, states)):
        states = [pack(state) for state in states]
    first = states[0]
    if first is None or isinstance(first, int):
        return first
    if isinstance(first, dict):
        return {name: join([state[name] for state in states], placement) for name in first}
    if isinstance(first, list):
        return [join(list(column), placement) for column in zip(*states, strict=True)]
    if isinstance(first, tuple):
        parts = [join(list(column), placement) for column in zip(*states, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    return placement.xp.concat([placement.asarray(state) for state in states], axis=0)


def in_precision_of(new: State, tree: State, placement: Placement) -> State:
    """Return a state whose arrays have the precision of those of another one, built like it."""
    if isinstance(tree, tuple):
        pairs = zip(new, tree, strict=True)
        parts = [in_precision_of(fresh, part, placement) for fresh, part in pairs]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    has_numbers = hasattr(new, "dtype") and tree is not None
    return placement.asarray(tree, dtype=new.dtype) if has_numbers else tree


def one_on_host(tree: State, position: int) -> State:
    """Return one fit of a state as arrays of NumPy with n_fits = 1, copied."""
    return map_arrays(lambda array: np.array(to_numpy(array[position : position + 1, ...])), tree)


def pack(tree: State) -> Any:
    """Return a state in plain containers, whose classes have no names to be saved."""
    if isinstance(tree, tuple):
        parts = [pack(part) for part in tree]
        return dict(zip(tree._fields, parts, strict=True)) if hasattr(tree, "_fields") else parts
    return tree


def is_packed(tree: Any) -> bool:
    """Whether `pack` returned it, and there were containers."""
    return isinstance(tree, (dict, list))


def unpack(packed: Any, new: State) -> State:
    """Return a packed state as one that is built like `new`; parts of `new` where they differ."""
    if isinstance(packed, dict):
        if getattr(new, "_fields", ()) != tuple(packed):
            return new
        parts = [unpack(part, getattr(new, name)) for name, part in packed.items()]
        return type(new)(*parts)
    if isinstance(packed, list):
        if not isinstance(new, tuple) or len(new) != len(packed):
            return new
        return tuple(unpack(part, fresh) for part, fresh in zip(packed, new, strict=True))
    return new if isinstance(packed, int) and hasattr(new, "shape") else packed
