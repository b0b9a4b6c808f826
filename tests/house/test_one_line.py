"""A component is a file and a line: in a copy of the project, all else finds it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FOLDERS = "skopt_suite", "docs", "tests"
DOCSTRING = '''"""Adam whose mean of squares changes slowly where gradients become small.

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        Step size.
    beta1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-3
        Keeps the denominator from zero.

    See Also
    --------
    Adam : Its mean of squares forgets as fast as it learns.
    """'''
COPIES = [
    ("losses", "_squared_error", "SquaredError"),
    ("penalties", "_none", "NoPenalty"),
    ("schedules", "_constant", "Constant"),
]
COPY = '''"""A copy."""

from skopt_suite.{folder}.{module} import {name}


class Copied{name}({name}):
    """The same by another name.

    See Also
    --------
    {name} : What it is.
    """
'''
EPOCHS = """
import numpy as np
from skopt_suite import LinearClassifier, Yogi
from skopt_suite.training import _loop

def test_yogi_has_compiled_epochs(monkeypatch):
    makers = []
    X = np.random.default_rng(0).normal(size=(200, 5))
    given = (X, (X[:, 0] > 0).astype(int))
    model = LinearClassifier(optimizer="yogi", penalty="l1", tol=0, max_iter=3, random_state=0)
    compiled_steps = _loop.compiled_steps
    seen = lambda *stack: makers.append(compiled_steps(*stack)) or makers[-1]
    monkeypatch.setattr(_loop, "compiled_steps", seen)
    ours = model.fit(*given).coef_
    monkeypatch.setattr(_loop, "compiled_steps", lambda *stack: None)
    np.testing.assert_allclose(ours, model.fit(*given).coef_, rtol=1e-10)
    assert len(makers) == 1 and makers[0] is not None
    assert type(model.optimizer_) is Yogi
"""
FILES = [
    "contracts/test_names.py",
    "house/test_docstrings.py",
    "house/test_lists_of_components.py",
    "reference/test_exact_zeros.py",
    "search/test_ranges.py",
    "sklearn_checks/test_check_estimator.py",
    "test_epochs.py",
]
PICKED = " or ".join(
    [
        "((yogi or copied) and not all_checks)",
        "names_stay",
        "name_of_its_own",
        "tables",
        "documents",
    ]
    + ["imported", "is_checked"]
)


def written(root):
    """Write what the guide says into a copy of the project."""
    code, _, line = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.M | re.S)
    imported, own = "skopt_suite.optimizers", "skopt_suite.optimizers.first_order._adam"
    assert f"from {imported} import Adam\n" in code
    code = code.replace(f"from {imported} import Adam\n", f"from {own} import Adam\n")
    code, n_docstrings = re.subn(r'(class Yogi.*\n    )""".*"""', rf"\1{DOCSTRING}", code)
    assert n_docstrings == 1
    add(root, "optimizers", "first_order/_yogi.py", code, line)
    (root / "tests" / "test_epochs.py").write_text(EPOCHS, "utf-8")


def copies_written(root):
    """Write a component of every other kind."""
    for folder, module, name in COPIES:
        code = COPY.format(folder=folder, module=module, name=name)
        line = f"from ._copied import Copied{name} as Copied{name}\n"
        add(root, folder, "_copied.py", code, line)


def add(root, folder, file, code, line):
    """Add a file and a line."""
    (root / "skopt_suite" / folder / file).write_text(code, "utf-8")
    components = root / "skopt_suite" / folder / "_components.py"
    components.write_text(components.read_text("utf-8") + line, "utf-8")


def copied(to):
    """Copy the project, with what is compiled."""
    skipped = shutil.ignore_patterns("_build", "generated", "auto_examples", ".*")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, to / name, ignore=skipped)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy2(ROOT / name, to)
    return to


def test_all_else_finds_a_component_by_its_line(tmp_path):
    written(copied(tmp_path))
    copies_written(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", PICKED]
        + [f"tests/{name}" for name in FILES],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 25
