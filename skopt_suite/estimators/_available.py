"""Methods that some parameters leave no place for: a missing one says why it is missing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import MethodType
from typing import Any


class AvailableIf:
    """A method that is an attribute only where a check passes; its error is part of the message.

    scikit-learn's ``available_if`` keeps the reason in the cause of the error. The attributes have
    the names that they have there, as MLflow exchanges ``fn`` to log what it is called with.

    Parameters
    ----------
    fn : callable
        The method.
    check : callable
        Takes the object, and raises an error that says why the method is missing.
    """

    def __init__(self, fn: Callable[..., Any], check: Callable[[Any], object]) -> None:
        self.fn, self.check, self.attribute_name = fn, check, fn.__name__
        functools.update_wrapper(self, fn)  # type: ignore[arg-type]

    def __get__(self, owner: Any, kind: type) -> Callable[..., Any]:
        """Return the bound method; of a class, a function that checks what it is called with."""
        if owner is not None:
            self._refuse(owner, kind)
            return MethodType(self.fn, owner)

        @functools.wraps(self.fn)
        def checked(*args: Any, **kwargs: Any) -> Any:
            self._refuse(args[0], kind)
            return self.fn(*args, **kwargs)

        return checked

    def _refuse(self, owner: Any, kind: type) -> None:
        try:
            self.check(owner)
        except Exception as error:  # parameters may be wrong in any way before they are checked
            missing = f"This {kind.__name__!r} has no attribute {self.attribute_name!r}"
            raise AttributeError(f"{missing}: {error}") from error


def available_if(check: Callable[[Any], object]) -> Callable[..., Any]:
    """Return the decorator of methods that are there only where `check` raises nothing."""
    return lambda method: AvailableIf(method, check)
