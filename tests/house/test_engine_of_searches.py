"""The engine of the fused searches knows estimators by the functions of a few modules."""

import ast
from pathlib import Path

import pytest

import skopt_suite.model_selection._engine as engine

FOLDER = Path(engine.__file__).parent
MODULES = {
    f"skopt_suite.estimators.{name}"
    for name in ("_fused", "_members", "_callbacks")  # of estimators, and of ensembles of them
}
OF_NAMED_TUPLES = {"_replace", "_fields"}


def tree_of(path):
    return ast.walk(ast.parse(path.read_text("utf-8")))


def is_private(name):
    return name.startswith("_") and not name.startswith("__") and name not in OF_NAMED_TUPLES


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.stem)
def test_no_private_attribute_but_its_own(path):
    """Those of `self` are."""
    reached = [
        ast.unparse(node)
        for node in tree_of(path)
        if isinstance(node, ast.Attribute)
        and is_private(node.attr)
        and ast.unparse(node.value) not in ("self", "super()")
    ]
    assert reached == []


def test_estimators_are_reached_through_few_modules():
    imported = {
        node.module
        for path in FOLDER.rglob("*.py")
        for node in tree_of(path)
        if isinstance(node, ast.ImportFrom)
    }
    of_estimators = {name for name in imported if name.startswith("skopt_suite.estimators")}
    assert of_estimators == MODULES
