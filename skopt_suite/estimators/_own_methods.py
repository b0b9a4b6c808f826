"""Methods that are inherited from an internal base call themselves by the public class."""

from __future__ import annotations

from functools import update_wrapper
from types import FunctionType
from typing import Any, TypeVar

from skopt_suite.estimators._base import TrainableEstimator
from skopt_suite.estimators._callbacks import with_callbacks

Class = TypeVar("Class", bound=type)


def with_own_methods(cls: Class) -> Class:
    """Give `cls` copies of its inherited methods, so that errors of calls name it.

    Python says "TrainableEstimator.fit() got an unexpected keyword argument" otherwise.
    """
    for name in ("predict", "decision_function", "score"):
        if hasattr(cls, name):
            setattr(cls, name, _renamed(getattr(cls, name), cls))
    fit: Any = getattr(cls, "fit")  # noqa: B009 (mypy knows no methods of a type)
    setattr(cls, "fit", with_callbacks(_renamed(fit.__wrapped__, cls)))  # noqa: B010
    return cls


def trains_as_ours(model: TrainableEstimator) -> bool:
    """Whether nobody has put another `fit` over that of `TrainableEstimator`."""
    inner = getattr(type(model).fit, "__wrapped__", None)
    ours: Any = TrainableEstimator.fit
    return getattr(inner, "__code__", None) is ours.__wrapped__.__code__


def _renamed(method: FunctionType, cls: type) -> FunctionType:
    """Return a copy of a method that says it is of `cls`."""
    code, defaults, cells = method.__code__, method.__defaults__, method.__closure__
    copied = FunctionType(code, method.__globals__, method.__name__, defaults, cells)
    copied.__kwdefaults__ = method.__kwdefaults__
    update_wrapper(copied, method)
    del copied.__dict__["__wrapped__"]
    copied.__qualname__ = f"{cls.__name__}.{method.__name__}"
    return copied
