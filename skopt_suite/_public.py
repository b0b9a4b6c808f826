"""Public classes bear the name under which users import them, so that files can move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any


def name_publicly(module: str, contents: Mapping[str, Any], names: Sequence[str]) -> None:
    """Let classes say that they are of the package that shows them; pickles refer to it.

    Parameters
    ----------
    module : str
        Name of the package.
    contents : dict
        Its ``globals()``.
    names : list of str
        Its ``__all__``.
    """
    for name in names:
        shown = contents[name]
        if isinstance(shown, type) and shown.__module__.startswith(f"{module}."):
            is_private = "._" in shown.__module__
            shown.__module__ = module if is_private else shown.__module__


def classes_in(module: ModuleType, base: type = object) -> list[Any]:
    """Return the classes that a module has, in the order in which it imports them.

    Parameters
    ----------
    module : module
        It imports what is public, and nothing else.
    base : type, default=object
        What they derive from.
    """
    values = vars(module).values()
    return [value for value in values if isinstance(value, type) and issubclass(value, base)]


def names_in(module: ModuleType) -> list[str]:
    """Return the names of those classes.

    Parameters
    ----------
    module : module
        The same.
    """
    return [cls.__name__ for cls in classes_in(module)]
