"""Public classes bear the name under which users import them, so that files can move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
