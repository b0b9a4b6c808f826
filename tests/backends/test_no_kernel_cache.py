"""Where compiled kernels can be kept nowhere, models fit and predict all the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import skopt_suite

FIT_AND_PREDICT = """
import pickle, warnings
import numpy as np
import skopt_suite
from skopt_suite import LinearRegressor
X = np.arange(12.0).reshape(6, 2) / 12
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    model = LinearRegressor(optimizer="closed_form").fit(X, X[:, 0])
    pickle.loads(pickle.dumps(model)).predict(X)
print(skopt_suite.__file__)
print(*[str(w.message) for w in seen if "NUMBA_CACHE_DIR" in str(w.message)], sep="\\n")
"""


def test_one_warning_says_what_to_do(tmp_path):
    package = shutil.copytree(
        Path(skopt_suite.__file__).parent,
        tmp_path / "skopt_suite",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for folder in [package, *(path.parent for path in package.rglob("__init__.py"))]:
        (folder / "__pycache__").touch()  # a file, so that it cannot be a folder, even for root
    nowhere = str(package / "__init__.py" / "nowhere")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"},
        **dict.fromkeys(["HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"], nowhere),
        "PYTHONPATH": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", FIT_AND_PREDICT],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    where, *warnings = done.stdout.splitlines()
    assert Path(where).parent == package
    assert len(warnings) == 1
    assert "every process compiles them anew" in warnings[0]
