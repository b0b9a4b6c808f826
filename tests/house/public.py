"""What is public: the classes and functions of the API reference, and their public methods."""

import importlib
import importlib.util
import inspect
import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
API_REFERENCE = DOCS / "api.rst"


def of_documents(name):
    """Return a module that the documents are built with."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


listed = of_documents("listed")


def public_objects():
    """Return what docs/api.rst lists, or lets be listed, by the name users import."""
    found, module = {}, None
    for line in API_REFERENCE.read_text("utf-8").splitlines():
        if match := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
            module = importlib.import_module(match[1])
        elif match := re.fullmatch(r"\.\. component-pages:: (.+)", line):
            for cls in (
                cls for label in match[1].split() for cls in listed.classes(label).values()
            ):
                found[f"{cls.__module__}.{cls.__name__}"] = cls
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
