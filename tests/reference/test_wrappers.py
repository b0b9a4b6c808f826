"""Optimizers with more than an update per coordinate agree with those who published them.

The recordings are made by ``record_wrappers.py``, which says what they hold.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from skopt_suite._component import stack
from skopt_suite._layout import Layout
from skopt_suite.backends import Placement
from skopt_suite.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    AverageWeights,
    ClipGradient,
    Lookahead,
    Momentum,
    Muon,
    Prodigy,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)

with np.load(Path(__file__).parent / "data" / "wrappers.npz") as recording:
    RECORDED = dict(recording)

RUNS = {
    "clip_value": ClipGradient(Adam(0.01), value=0.1),
    "clip_norm": ClipGradient(Adam(0.01), norm=0.5),
    "average": AverageWeights(SGD(0.1), decay=1.0),
    "moving_average": AverageWeights(SGD(0.1), decay=0.9),
    "lookahead": Lookahead(Momentum(0.1)),
    "muon": Muon(0.02, adam_learning_rate=0.003, weight_decay=0.05),
    "prodigy": Prodigy(d0=1e-3, weight_decay=0.05),
    "prodigy_d_coef": Prodigy(d0=0.01, d_coef=0.5),
    "schedule_free_sgd": ScheduleFreeSGD(0.1),
    "schedule_free_adamw": ScheduleFreeAdamW(0.01, weight_decay=0.05),
}


class Recorded(SimpleNamespace):
    """A problem whose gradients have been recorded."""

    def value_and_gradient(self, params):
        return np.zeros(len(params)), np.tile(self.gradient, (len(params), 1))


def trajectory(optimizer, layout, n_fits=2):
    """Return what trains and what is shown after every fifth step, of a stack of equal fits."""
    stacked = stack([OPTIMIZERS.resolve(optimizer, owner="Test")] * n_fits, Placement(np))
    params = np.tile(RECORDED["initial_params"], (n_fits, 1))
    problem = Recorded(layout=layout, has_prox=False, separable=None, time=0.0)
    state, trained, shown = stacked.init(params, problem), [], []
    for i, problem.gradient in enumerate(RECORDED["gradients"]):
        factor = np.full((n_fits, 1), warmup(optimizer, i))
        params, state = stacked.step(state, params, problem, factor)[:2]
        trained.append(params.copy())
        shown.append(stacked.eval_params(state, params).copy())
    return np.array(trained)[4::5], np.array(shown)[4::5]


def warmup(optimizer, i):
    return min(1.0, (i + 1) / 10) if optimizer.name.startswith("schedule_free") else 1.0


def layout_of(run):
    if run == "muon":
        return Layout.dense(RECORDED["sizes"].tolist())
    return Layout.dense((len(RECORDED["initial_params"]), 1), output_bias=False)


@pytest.mark.parametrize("run", RUNS)
def test_100_steps_on_the_same_gradients(run):
    trained, shown = trajectory(RUNS[run], layout_of(run))
    tolerance = {"rtol": 1e-10, "atol": 1e-13}
    expected = RECORDED[f"{run}/params"]
    for k in range(2):
        np.testing.assert_allclose(trained[:, k], expected, **tolerance)
        np.testing.assert_allclose(shown[:, k], RECORDED.get(f"{run}/shown", expected), **tolerance)
