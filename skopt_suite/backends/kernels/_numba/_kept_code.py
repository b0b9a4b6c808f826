"""Code of kernels that earlier processes have compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys


class KeptCode(FunctionCache):
    """numba's cache, which does not first register all that can be compiled to load something.

    That takes longer than all else that is done to load the kernels of a fit.
    """

    allocates = True

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code for a signature, None if there is none."""
        if self.allocates:
            rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


def kept(**how: Any) -> Callable[[Callable], Any]:
    """Return a decorator: the function is compiled as told, and what is compiled is kept."""

    def decorate(function: Callable) -> Any:
        dispatcher = njit(**how)(function)
        dispatcher._cache = KeptCode(function)
        dispatcher._cache.allocates = how.get("_nrt", True)
        return dispatcher

    return decorate
