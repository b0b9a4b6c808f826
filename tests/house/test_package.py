"""What is published: an archive of the sources and a wheel that works where it is installed."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import skopt_suite

pytest.importorskip("hatchling", reason="builds the package; it is in the extra 'test'")

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "skopt_suite"
WRITTEN_BY_PYTHON = {".pyc", ".nbi", ".nbc"}
SMOKE = """
import skopt_suite
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
{block}
print(skopt_suite.__file__)
print(model.score(X_test, y_test))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder that has the archive and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_has_the_package_and_nothing_else(wheel):
    files = {path for path in PACKAGE.rglob("*") if path.is_file()}
    ours = {path for path in files if path.suffix not in WRITTEN_BY_PYTHON}
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == {path.relative_to(ROOT).as_posix() for path in ours}
    assert "skopt_suite/py.typed" in names


def test_the_wheel_says_what_it_is(wheel):
    (metadata,) = [name for name in wheel.namelist() if name.endswith("dist-info/METADATA")]
    text = wheel.read(metadata).decode()
    assert f"\nVersion: {skopt_suite.__version__}\n" in text
    assert "\nLicense-Expression: BSD-3-Clause\n" in text
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
    assert (ROOT / "README.md").read_text("utf-8") in text


def test_the_archive_has_what_runs_the_tests(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = "skopt_suite/py.typed", "tests/conftest.py", "docs/conf.py", "LICENSE", "Makefile"
    assert {*needed, "README.md", "CONTRIBUTING.md", "pyproject.toml"} <= names
    assert not [name for name in names if Path(name).suffix in WRITTEN_BY_PYTHON]


def test_what_is_installed_runs_the_code_of_the_readme(wheel, tmp_path):
    wheel.extractall(tmp_path)  # all there is to installing a wheel of Python alone
    readme = (ROOT / "README.md").read_text("utf-8")
    (block,) = [part for part in readme.split("```python\n") if "model.fit(X_train" in part[:400]]
    finished = subprocess.run(
        [sys.executable, "-c", SMOKE.format(block=block.partition("```")[0])],
        # definitions: kernels would be compiled anew
        env={**os.environ, "PYTHONPATH": str(tmp_path), "SKOPT_SUITE_FUSED_KERNELS": "0"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    place, score = finished.stdout.split()
    assert Path(place).is_relative_to(tmp_path)
    assert float(score) > 0.95
