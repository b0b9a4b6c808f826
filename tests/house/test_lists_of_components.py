"""Every component is in the documents, once by name and once in the API reference."""

import ast
import re
from pathlib import Path
from types import ModuleType

import pytest

import skopt_suite
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skopt_suite.models import ACTIVATIONS, INITIALISERS
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.penalties import PENALTIES
from skopt_suite.schedules import SCHEDULES

from .public import public_objects

COMPONENTS = (Path(__file__).parents[2] / "docs" / "components.rst").read_text("utf-8")
REGISTRIES = {
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "penalties": PENALTIES,
    "classification_losses": CLASSIFICATION_LOSSES,
    "regression_losses": REGRESSION_LOSSES,
}


def rows_of(label):
    """Return the names in the first column of the table after `label`, and what follows each."""
    _, _, section = COMPONENTS.partition(f".. _{label}:\n")
    section, *_ = re.split(r"^\.\. _", section, flags=re.M)
    return dict(re.findall(r"^``(\w+)`` +(.*)$", section, re.M))


@pytest.mark.parametrize("label", REGISTRIES)
def test_components_are_listed_by_name_in_the_order_of_the_registry(label):
    registry, rows = REGISTRIES[label], rows_of(label)
    assert list(rows) == list(registry)
    for name, row in rows.items():
        assert row.startswith(f":class:`{registry[name].__name__}` ")


def test_activations_are_listed():
    assert list(rows_of("activations")) == list(ACTIVATIONS)


def test_initialisers_are_listed():
    assert list(rows_of("initialisers")) == list(INITIALISERS)


@pytest.mark.parametrize("label", REGISTRIES)
def test_components_are_in_the_api_reference(label):
    documented = list(public_objects().values())
    missing = [name for name in REGISTRIES[label] if REGISTRIES[label][name] not in documented]
    assert not missing


@pytest.mark.parametrize("label", REGISTRIES)
def test_components_are_imported_from_the_package(label):
    classes = [REGISTRIES[label][name] for name in REGISTRIES[label]]
    missing = [cls for cls in classes if getattr(skopt_suite, cls.__name__, None) is not cls]
    assert not missing
    assert {cls.__name__ for cls in classes} <= {*skopt_suite.__all__} & {*dir(skopt_suite)}


def test_the_package_shows_its_names_and_folders_only():
    assert len({*skopt_suite.__all__}) == len(skopt_suite.__all__)
    others = {*dir(skopt_suite)} - {*skopt_suite.__all__, "__version__"}
    assert {"model_selection", "tabular", "penalties"} <= others
    assert all(isinstance(getattr(skopt_suite, name), ModuleType) for name in others)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = skopt_suite.nothing


def test_folders_are_imported_when_they_are_asked_for():
    tree = ast.parse(Path(skopt_suite.__file__).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name.split(".")[1] for name in imported if name.startswith("skopt_suite.")}
    assert not ours & {*skopt_suite._FOLDERS}
    assert skopt_suite.model_selection.__name__ == "skopt_suite.model_selection"
