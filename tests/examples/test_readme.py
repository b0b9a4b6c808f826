"""The README's code runs, and its table lists nothing that there is not."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import skopt_suite
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skopt_suite.models import ACTIVATIONS
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.penalties import PENALTIES
from skopt_suite.schedules import SCHEDULES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ESTIMATORS = [name for name in skopt_suite.__all__ if name.endswith(("Classifier", "Regressor"))]


def blocks(info):
    return re.findall(rf"^```{info}\n(.*?)^```$", README, re.M | re.S)


def test_the_python_blocks_run_one_after_the_other(capsys):
    namespace = {}
    assert len(blocks("python")) == 5
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    plt.close("all")
    assert namespace["model"].score(namespace["X_test"], namespace["y_test"]) > 0.95
    printed = capsys.readouterr().out
    assert "72 of 72 candidates fused into 4 passes per fold, 0 alone" in printed
    assert float(re.search(r"} (0\.\d+)", printed)[1]) > 0.96
    assert len(namespace["search"].cv_results_["params"]) == 10


def test_the_keras_block_is_python():
    (block,) = blocks("python keras")
    compile(block, "README.md", "exec")


@pytest.mark.parametrize(
    "row, names",
    [
        ("estimators", ESTIMATORS),
        ("optimizers", OPTIMIZERS),
        ("schedules", SCHEDULES),
        ("penalties", PENALTIES),
        ("losses", [*CLASSIFICATION_LOSSES, *REGRESSION_LOSSES]),
        ("activations", ACTIVATIONS),
    ],
)
def test_the_table_lists_what_is_in_the_box(row, names):
    """Maybe not all of it."""
    (line,) = [line for line in README.splitlines() if line.startswith(f"| **{row}** |")]
    assert set(re.findall(r"`(\w+)`", line)) <= set(names)


def test_the_links_lead_somewhere():
    root = Path(__file__).parents[2]
    links = re.findall(r"\]\((?!http)([^)]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert (root / link).exists(), link
