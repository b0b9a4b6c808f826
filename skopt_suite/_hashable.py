"""Keys for dictionaries from whatever users give as parameters."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

import joblib
import numpy as np

T = TypeVar("T")


def hashable(value: Any) -> Hashable:
    """Return what is equal for equal values and can be a key: arrays, lists and dicts, too.

    Objects without a hash are equal if they are pickled alike, and those that cannot be pickled if
    they are the same.
    """
    if isinstance(value, np.ndarray) and value.dtype != object:
        return np.ndarray, value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, (list, tuple, np.ndarray)):
        return type(value), tuple(hashable(item) for item in value)
    if isinstance(value, Mapping):
        pairs = frozenset((key, hashable(item)) for key, item in value.items())
        return type(value), pairs
    try:
        hash(value)
    except TypeError:
        return _by_content(value)
    return value


def _by_content(value: Any) -> Hashable:
    try:
        return type(value), joblib.hash(value)
    except Exception:  # what cannot be pickled may raise anything
        return SameObject(value)


class Recent(Generic[T]):
    """What was found for keys of late.

    Parameters
    ----------
    n_most : int
        How many it keeps; then it begins anew.
    """

    def __init__(self, n_most: int = 32) -> None:
        self.n_most = n_most
        self._values: dict[Hashable, T] = {}

    def found(self, key: Hashable | None, find: Callable[[], T]) -> T:
        """Return what was found for a key, or find it; nothing is kept for None."""
        if key is None:
            return find()
        value = self._values.get(key)
        if value is None:
            if len(self._values) >= self.n_most:
                self._values.clear()
            value = self._values[key] = find()
        return value


class SameObject:
    """Equal only if it is of the very same object, which it keeps alive."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameObject) and other._value is self._value

    def __hash__(self) -> int:
        return id(self._value)
