"""What is public: the classes and functions of the API reference, and their public methods."""

import importlib
import inspect
import re
from pathlib import Path

API_REFERENCE = Path(__file__).parents[2] / "docs" / "api.rst"


def public_objects():
    """Return the classes and functions that docs/api.rst lists, by the name users import."""
    found, module = {}, None
    for line in API_REFERENCE.read_text("utf-8").splitlines():
        if match := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
            module = importlib.import_module(match[1])
        elif match := re.fullmatch(r"   (\w+)", line):
            found[f"{module.__name__}.{match[1]}"] = getattr(module, match[1])
    return found


def public_callables():
    """Return them and their methods, each once, by the name of where it is written."""
    objects = list(public_objects().values())
    methods = [
        inspect.unwrap(getattr(cls, name))
        for cls in filter(inspect.isclass, objects)
        for name in dir(cls)
        if not name.startswith("_") and inspect.isroutine(getattr(cls, name))
    ]
    ours = [one for one in [*objects, *methods] if _module(one).startswith("skopt_suite")]
    return {f"{one.__module__}.{one.__qualname__}": one for one in ours}


def _module(function):
    return getattr(function, "__module__", None) or ""
