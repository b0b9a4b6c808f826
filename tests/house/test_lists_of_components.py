"""Whatever is registered is in the documents, and in what the package shows."""

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

from .public import DOCS, listed, public_objects

COMPONENTS = (DOCS / "components.rst").read_text("utf-8")
REGISTRIES = {
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "penalties": PENALTIES,
    "classification_losses": CLASSIFICATION_LOSSES,
    "regression_losses": REGRESSION_LOSSES,
}


def section_of(label):
    """Return what is behind a label, to the next one."""
    _, _, section = COMPONENTS.partition(f".. _{label}:\n")
    return re.split(r"^\.\. _", section, flags=re.M)[0]


def rows_of(label):
    """Return the names in the first column of the table of a section."""
    return re.findall(r"^``(\w+)`` +.*$", section_of(label), re.M)


def test_the_documents_know_all_registries():
    assert {label: [*listed.classes(label)] for label in listed.REGISTRIES} == {
        label: [*registry] for label, registry in REGISTRIES.items()
    }


@pytest.mark.parametrize("label", REGISTRIES)
def test_tables_list_every_component_once(label):
    tables = re.findall(r"^\.\. components:: (\w+)\n(?:   :folder: (\w+)\n)?", COMPONENTS, re.M)
    own = [listed.table(label, folder or None) for of, folder in tables if of == label]
    assert sorted(re.findall(r"- ``(\w+)``", "".join(own))) == sorted(REGISTRIES[label])
    assert section_of(label).count(f".. components:: {label}\n") == len(own)


def test_a_row_says_what_a_component_is():
    cells = "``lion``", ":class:`~skopt_suite.optimizers.Lion`", "Lion: every parameter moves"
    assert "\n     - ".join(cells) in listed.table("optimizers")


def test_activations_are_listed():
    assert rows_of("activations") == list(ACTIVATIONS)


def test_initialisers_are_listed():
    assert rows_of("initialisers") == list(INITIALISERS)


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
