"""Schedules agree with PyTorch's schedulers, and with the formulas of their papers.

The recordings are made by ``record_schedules.py``, which says what they hold.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from skopt_suite._component import stack
from skopt_suite.backends import Placement
from skopt_suite.schedules import (
    SCHEDULES,
    CosineRestarts,
    Cyclic,
    Linear,
    MultiStep,
    Noam,
    OneCycle,
    WarmupStableDecay,
)

NUMPY = Placement(np)
with np.load(Path(__file__).parent / "data" / "more_schedules.npz") as _recording:
    TORCH = dict(_recording)


def factors_of(schedule, times, max_iter=100):
    """The factors of one fit at given times."""
    schedule = stack([SCHEDULES.resolve(schedule, owner="Test")], NUMPY)
    horizon = np.array([[float(max_iter)]])
    return schedule.factors(schedule.init(horizon), np.asarray(times, dtype=float), horizon)[0]


def one_cycle(given):
    """PyTorch ends its phases one step before the share of all steps."""
    last = given["total_steps"] - 1
    start = 1 / given.get("div_factor", 25.0)
    return OneCycle(
        rise=(given["pct_start"] * given["total_steps"] - 1) / last,
        start_factor=start,
        final_factor=start / given.get("final_div_factor", 1e4),
        shape={"cos": "cosine", "linear": "linear"}[given.get("anneal_strategy", "cos")],
        n_epochs=last,
    )


OURS = {
    "MultiStepLR": lambda given: MultiStep(given["milestones"], given["gamma"]),
    "LinearLR": lambda given: Linear(
        given["start_factor"], given["end_factor"], given["total_iters"]
    ),
    "CosineAnnealingWarmRestarts": lambda given: CosineRestarts(
        given["T_0"], given["T_mult"], given.get("eta_min", 0.0)
    ),
    "OneCycleLR": one_cycle,
    "CyclicLR": lambda given: Cyclic(
        given["step_size_up"], given["base_lr"], given["mode"], given.get("gamma", 1.0)
    ),
}
CHAINS = ("SequentialLR", "ChainedScheduler")


def given_to(run):
    return json.loads(str(TORCH[f"{run}/hyperparameters"]))


def is_chain(run):
    return given_to(run)["class"] in CHAINS


@pytest.mark.parametrize("run", [str(run) for run in TORCH["names"] if not is_chain(run)])
def test_schedules_are_those_of_torch(run):
    given, expected = given_to(run), TORCH[f"{run}/factors"]
    assert len(expected) == 101
    factors = factors_of(OURS[given["class"]](given), np.arange(101))
    np.testing.assert_allclose(factors, expected, rtol=1e-10, atol=1e-12)


def test_noam_is_the_formula_of_the_transformer():
    width, n_warmup, n_steps = 512, 4000, 20_000
    step = np.arange(1, n_steps + 1)
    published = width**-0.5 * np.minimum(step**-0.5, step * n_warmup**-1.5)
    factors = factors_of(Noam(n_epochs=4), step / 1000)
    np.testing.assert_allclose(published.max() * factors, published, rtol=1e-12)


def test_warmup_stable_decay_is_the_formula_of_the_paper():
    """Hägele et al., equation 1, with the square root of equation 2."""
    n, n_warmup, n_decay = 1000, 50, 200
    step = np.arange(n + 1)
    cooldown = 1 - np.sqrt((step - (n - n_decay)).clip(0) / n_decay)
    published = np.where(step < n_warmup, step / n_warmup, cooldown)
    factors = factors_of(WarmupStableDecay(warmup=0.05, decay=0.2), step, max_iter=n)
    np.testing.assert_allclose(factors, published, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "shape, middle", [("sqrt", 1 - 0.5**0.5), ("linear", 0.5), ("cosine", 0.5)]
)
def test_shapes_of_the_fall(shape, middle):
    schedule = WarmupStableDecay(decay=0.5, final_factor=0.2, shape=shape)
    factors = factors_of(schedule, [50, 75, 100, 120])
    np.testing.assert_allclose(factors, [1, 0.2 + 0.8 * middle, 0.2, 0.2])


@pytest.mark.parametrize("growth", [1.0, 1 + 1e-12, 1.5, 3.0, 10.0])
def test_restarts_are_at_the_ends_of_the_periods(growth):
    lengths = 0.7 * growth ** np.arange(9)
    ends = np.cumsum(lengths)
    factors = factors_of(
        CosineRestarts(0.7, growth), [*ends, *(ends - lengths / 2), *(ends - 1e-6 * lengths)]
    )
    at_ends, in_the_middle, before = np.split(factors, 3)
    np.testing.assert_allclose(at_ends, 1.0)
    np.testing.assert_allclose(in_the_middle, 0.5, atol=1e-6)
    np.testing.assert_allclose(before, 0.0, atol=1e-9)


@pytest.mark.parametrize("name", ["linear", "one_cycle", "warmup_stable_decay"])
def test_schedules_with_an_end_stretch_with_the_fit(name):
    shares = np.linspace(0, 1, 11)
    short, long = (factors_of(name, n * shares, max_iter=n) for n in (10, 270))
    np.testing.assert_allclose(short, long, atol=1e-12)
