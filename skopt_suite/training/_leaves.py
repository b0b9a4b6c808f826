"""The arrays that kernels are written for."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from skopt_suite._component import Component
from skopt_suite.backends import Array, State, to_numpy
from skopt_suite.backends.kernels._tracing import FITS, Leaf


class Leaves:
    """The arrays that a kernel is called with, by name.

    Parameters
    ----------
    lengths : dict
        By the length of an axis behind the first what stands for it.
    """

    def __init__(self, lengths: dict[int, int]) -> None:
        self.lengths = lengths
        self.leaves: dict[str, Leaf] = {}
        self.arrays: dict[str, Array] = {}

    def add(
        self, name: str, shape: tuple[int, ...], dtype: Any, by_order: int | None = None
    ) -> Any:
        """Return the symbol of an array that calls bring."""
        self.leaves[name] = Leaf(name, shape, np.dtype(dtype), by_order)
        return self.symbol(name)

    def symbol(self, name: str) -> Any:
        """Return the symbol of an array that is there."""
        return self.leaves[name].symbol()

    def of(self, name: str, array: Array) -> Any:
        """Return the symbol of an array that all calls share."""
        shape = tuple(self._stand_in(axis, n) for axis, n in enumerate(array.shape))
        self.arrays[name] = array
        return self.add(name, shape, str(array.dtype))

    def component(self, component: Any, name: str, zeros: bool = False) -> Any:
        """Return a copy of a stacked component whose hyperparameters are symbols.

        On request, what is 0 in all fits is a number: what it switches on may cost something.
        """
        symbolic = copy.copy(component)
        for parameter in component.parameters:
            value, inner = getattr(component, parameter), f"{name}_{parameter}"
            if isinstance(value, Component):
                setattr(symbolic, parameter, self.component(value, inner, zeros))
            elif hasattr(value, "shape"):
                is_zero = zeros and not bool(to_numpy(value).any())
                setattr(symbolic, parameter, 0.0 if is_zero else self.of(inner, value))
        return symbolic

    def state(self, state: State, name: str) -> State:
        """Return a state whose arrays are symbols."""
        if isinstance(state, tuple):
            names = getattr(state, "_fields", range(len(state)))
            parts = [
                self.state(part, f"{name}_{own}") for own, part in zip(names, state, strict=True)
            ]
            return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
        return self.of(name, state) if hasattr(state, "shape") else state

    def _stand_in(self, axis: int, n: int) -> int:
        if axis == 0:
            return FITS
        return self.lengths.get(n, n)
