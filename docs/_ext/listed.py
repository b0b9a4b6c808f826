"""What the pages list of components: it comes from the registries and from docstrings."""

import ast
import importlib
from pathlib import Path

REGISTRIES = {
    "optimizers": ("optimizers", "OPTIMIZERS"),
    "schedules": ("schedules", "SCHEDULES"),
    "penalties": ("penalties", "PENALTIES"),
    "classification_losses": ("losses", "CLASSIFICATION_LOSSES"),
    "regression_losses": ("losses", "REGRESSION_LOSSES"),
}
"""By the label of a section its module and registry."""


def classes(label, folder=None):
    """Return the classes of a registry, or those that are written in a folder, by their name."""
    module, name = REGISTRIES[label]
    registry = getattr(importlib.import_module(f"skopt_suite.{module}"), name)
    found = {name: registry[name] for name in registry}
    if folder is None:
        return found
    there = _written_in(module, folder)
    return {name: cls for name, cls in found.items() if cls.__name__ in there}


def _written_in(module, folder):
    components = importlib.import_module(f"skopt_suite.{module}._components")
    lines = ast.parse(Path(components.__file__).read_text("utf-8")).body
    imports = [line for line in lines if isinstance(line, ast.ImportFrom)]
    names = [line.names[0].name for line in imports if line.module.split(".")[0] == folder]
    return {*names}


def what_it_is(cls):
    """Return the first line of a docstring, without its full stop."""
    return cls.__doc__.splitlines()[0].strip().removesuffix(".")


def table(label, folder=None):
    """Return the text of a table with the name and the class of components, and what they are."""
    module, _ = REGISTRIES[label]
    rows = [("name", "class", "what it is")]
    rows += [
        (f"``{name}``", f":class:`~skopt_suite.{module}.{cls.__name__}`", what_it_is(cls))
        for name, cls in classes(label, folder).items()
    ]
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        lines += [f"   {'* ' if i == 0 else '  '}- {cell}" for i, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def pages(labels, where):
    """Return the text that lists pages of components in the API reference."""
    names = [cls.__name__ for label in labels for cls in classes(label).values()]
    module, _ = REGISTRIES[labels[0]]
    head = [f".. currentmodule:: skopt_suite.{module}", "", ".. autosummary::"]
    head += [f"   :toctree: {where}", "   :nosignatures:", ""]
    return "\n".join([*head, *(f"   {name}" for name in names)]) + "\n"
