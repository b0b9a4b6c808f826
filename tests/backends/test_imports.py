"""What `import skopt_suite` brings along."""

import subprocess
import sys

import pytest

LAZY = ["cupy", "numba", "matplotlib", "dask", "torch", "array_api_strict"]
NEW_MODULES = """
import sys, sklearn
before = set(sys.modules)
import skopt_suite
print(*set(sys.modules) - before)
"""


@pytest.fixture(scope="module")
def imported():
    """The packages that are imported beside those of scikit-learn."""
    command = [sys.executable, "-c", NEW_MODULES]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {module.split(".")[0] for module in done.stdout.split()}


@pytest.mark.parametrize("module", LAZY)
def test_not_imported_until_used(imported, module):
    assert "skopt_suite" in imported
    assert module not in imported
