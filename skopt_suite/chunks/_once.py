"""Attributes that are found by reading rows, when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class found_once:
    """As `functools.cached_property`, which has one lock for all objects before Python 3.12.

    Threads that read the same chunks wait for one another, so none of them may hold a lock.

    Parameters
    ----------
    find : callable
        From the object to the value of the attribute.
    """

    def __init__(self, find: Callable[[Any], Any]) -> None:
        self.find, self.name, self.__doc__ = find, find.__name__, find.__doc__

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        if owner is None:
            return self
        return vars(owner).setdefault(self.name, self.find(owner))
