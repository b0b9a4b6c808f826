"""The first optimizer of those who contribute."""

import re
from pathlib import Path

import numpy as np
import pytest

GUIDE = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made():
    """What the code of the guide defines; it checks its optimizer and trains with it."""
    namespace = {"__name__": "guide"}
    blocks = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.M | re.S)
    assert len(blocks) == 3
    for block in blocks[:2]:
        exec(compile(block, "CONTRIBUTING.md", "exec"), namespace)
    return namespace


def test_the_network_is_trained(made):
    assert made["model"].optimizer_.name == "yogi"
    assert made["model"].score(made["X"] / 16, made["y"]) > 0.95


def test_steps_are_those_of_the_paper(made):
    gradients = np.random.default_rng(0).normal(size=(5, 1, 4))
    w, m, v, moments = np.zeros(4), np.zeros(4), np.zeros(4), np.zeros((1, 2, 4))
    params, rate, numbers = np.zeros((1, 4)), np.full((1, 1), 0.1), np.array([[0.9, 0.8, 1e-3]])
    for t, g in enumerate(gradients, start=1):
        params, moments = made["yogi_update"](params, g, moments, t, rate, numbers, 4)
        m = 0.9 * m + 0.1 * g[0]
        v = v - 0.2 * np.sign(v - g[0] ** 2) * g[0] ** 2
        w = w - 0.1 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.8**t)) + 1e-3)
    np.testing.assert_allclose(params[0], w)
