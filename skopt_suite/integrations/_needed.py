"""Packages that are imported only where they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(package: str, owner: str, install: str) -> Any:
    """Return a package, or raise who needs it and how it is installed."""
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(
            f"{owner} needs {package}, which cannot be imported here. Install it with: "
            f"pip install {install}"
        ) from error
