"""Functions that Python calls: compiled for the types that a precision asks for, and no others."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from numba import types

from skopt_suite.backends.kernels._collection import paused_collection
from skopt_suite.backends.kernels._numba._jit import jit_views

KINDS: dict[np.dtype, Any] = {
    np.dtype("float32"): types.float32,
    np.dtype("float64"): types.float64,
}
"""Precisions of fits."""


class Entry:
    """A function that Python calls, compiled for a precision when that first comes.

    numba itself would compile it anew for every layout of every array, for arrays that cannot be
    written to, and so on.

    Parameters
    ----------
    function : callable
        What it does; it returns nothing.
    types_of : callable
        From the type of a number to those of the arguments.
    jit : callable
        How it is compiled.
    """

    made: list[Entry] = []
    """All there are."""

    def __init__(self, function: Callable, types_of: Callable, jit: Callable = jit_views) -> None:
        self.function, self.types_of, self.jit = function, types_of, jit
        self.compiled: dict[np.dtype, Any] = {}
        self.lock = Lock()
        self.made.append(self)

    @property
    def module(self) -> str:
        """Name of where it is written."""
        return self.function.__module__.rpartition(".")[2]

    def __call__(self, first: Any, *others: Any) -> None:
        """Call it; the precision is that of the first argument."""
        compiled = self.compiled.get(first.dtype)
        (self.compile(first.dtype) if compiled is None else compiled)(first, *others)

    def compile(self, dtype: np.dtype) -> Any:
        """Return the function for a precision."""
        with self.lock, paused_collection():
            if dtype not in self.compiled:
                compiled = self.jit(self.function)
                compiled.compile(types.void(*self.types_of(KINDS[dtype])))
                compiled.disable_compile()
                self.compiled[dtype] = compiled
        return self.compiled[dtype]


def entry(types_of: Callable, jit: Callable = jit_views) -> Callable[[Callable], Entry]:
    """Return a decorator: see `Entry`."""
    return lambda function: Entry(function, types_of, jit)
