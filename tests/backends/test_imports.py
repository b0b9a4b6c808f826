"""What `import skopt_suite` brings along."""

import subprocess
import sys

import pytest

LAZY = ["cupy", "numba", "matplotlib", "dask", "torch", "array_api_strict"]


@pytest.mark.parametrize("module", LAZY)
def test_not_imported_until_used(module):
    code = (
        "import sys, sklearn; before = set(sys.modules); import skopt_suite\n"
        f"assert not [m for m in set(sys.modules) - before if m.split('.')[0] == {module!r}]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
