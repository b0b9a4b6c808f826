"""What notebooks offer at the tab key inside of ``set_params(…)``."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from functools import update_wrapper
from inspect import Parameter, Signature
from types import MethodType
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


def listing_params(method: Method) -> Method:
    """Let the signature of a method name the parameters of the object whose method it is."""
    return _Listing(method)  # type: ignore[return-value]


class _Listing:
    """On its class the method as it is written, on an object one with a signature of its own."""

    def __init__(self, method: Callable[..., Any], owner: Any = None) -> None:
        update_wrapper(self, method)
        self._method, self._owner = method, owner

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._method(*args, **kwargs)

    def __get__(self, owner: Any, kind: type | None = None) -> Callable[..., Any]:
        if owner is None:
            return self._method
        return MethodType(_Listing(self._method, owner), owner)

    @property
    def __signature__(self) -> Signature:
        """The present values as defaults: they stay where nothing is given."""
        params = self._owner._all_params()
        named = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=value)
            for name, value in params.items()
            if name.isidentifier() and not keyword.iskeyword(name)
        ]
        first = Parameter("self", Parameter.POSITIONAL_ONLY)
        return Signature([first, *named, Parameter("params", Parameter.VAR_KEYWORD)])
