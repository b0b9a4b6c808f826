"""Bodies from text that was written from definitions, such as rules of users."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
from numba import float32, float64, njit
from numba.core.caching import CompileResultCacheImpl

from skopt_suite.backends.kernels._numba._body import Body
from skopt_suite.backends.kernels._numba._jit import BODY, HAS_CACHE, negligible
from skopt_suite.backends.kernels._numba._kept_code import KeptCode

_READ = {"math": math, "np": np, "float32": float32, "float64": float64, "negligible": negligible}


class WrittenBody(Body):
    """A body that no other process could compile ahead."""

    made: list[Body] = []


@cache
def written(text: str, type_of: Callable[[Any], Any]) -> WrittenBody:
    """Return the body of a text; what is compiled is kept by a name that is of that text only.

    Parameters
    ----------
    text : str
        Of a function whose name is left open.
    type_of : callable
        From the type of a number to that of the function.
    """
    name = f"written_{sha256(text.encode()).hexdigest()[:24]}"
    namespace: dict[str, Any] = {**_READ, "__name__": __name__}
    exec(text.format(name=name), namespace)
    function = namespace[name]
    dispatcher = njit(**BODY)(function)
    if HAS_CACHE:
        dispatcher._cache = _KeptText(function)
    return WrittenBody(dispatcher, type_of)


class _BesideOurs(CompileResultCacheImpl):
    """Keeps what is compiled from text where numba keeps what is compiled from this package."""

    def __init__(self, function: Any) -> None:
        super().__init__(negligible.py_func)
        abi = getattr(sys, "abiflags", "")
        self._filename_base = self.get_filename_base(function.__name__, abi)


class _KeptText(KeptCode):
    _impl_class = _BesideOurs
    allocates = False
