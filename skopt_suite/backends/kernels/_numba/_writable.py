"""Arrays that may not be written to, as arrays of the same type as those that may.

numba would compile kernels anew for them, and functions that are called by address take one type.
"""

from __future__ import annotations

import numpy as np


class _Memory:
    """The memory of an array, which it keeps alive."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        address = (array.__array_interface__["data"][0], False)
        self.__array_interface__ = {**array.__array_interface__, "data": address}


def as_writable(array: np.ndarray) -> np.ndarray:
    """Return a view whose type is that of an array that may be written to; kernels do not."""
    return array if array.flags.writeable else np.asarray(_Memory(array))
