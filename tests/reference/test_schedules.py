"""Schedules agree with PyTorch's schedulers, the formulas of papers, and scikit-learn's SGD.

The recordings are made by ``record_schedules.py``, which says what they hold.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_regression
from sklearn.linear_model import SGDClassifier, SGDRegressor

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite._component import stack
from skopt_suite.backends import Placement
from skopt_suite.optimizers import (
    SGD,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    AverageWeights,
    Lookahead,
    Momentum,
    Nesterov,
    RAdam,
    RMSprop,
)
from skopt_suite.schedules import (
    SCHEDULES,
    Adaptive,
    Cosine,
    CosineRestarts,
    Cyclic,
    Exponential,
    Invscaling,
    Linear,
    MultiStep,
    Noam,
    OneCycle,
    Optimal,
    Product,
    Step,
    Then,
    WarmupStableDecay,
)

NUMPY = Placement(np)
DATA = Path(__file__).parent / "data"
with np.load(DATA / "more_schedules.npz") as _recording:
    TORCH = dict(_recording)
with np.load(DATA / "momentum_cycles.npz") as _recording:
    CYCLES = dict(_recording)


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
    "ChainedScheduler": lambda given: Product(*map(ours, given["schedulers"])),
    "CosineAnnealingLR": lambda given: Cosine(n_epochs=given["T_max"]),
    "ExponentialLR": lambda given: Exponential(given["gamma"]),
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
    "SequentialLR": lambda given: Then(*map(ours, given["schedulers"]), *given["milestones"]),
    "StepLR": lambda given: Step(given["step_size"], given["gamma"]),
}


def ours(given):
    """Return our schedule for PyTorch's class and arguments."""
    return OURS[given["class"]](given)


def given_to(run):
    return json.loads(str(TORCH[f"{run}/hyperparameters"]))


@pytest.mark.parametrize("run", TORCH["names"])
def test_schedules_are_those_of_torch(run):
    given, expected = given_to(run), TORCH[f"{run}/factors"]
    assert len(expected) == 101
    factors = factors_of(ours(given), np.arange(101))
    np.testing.assert_allclose(factors, expected, rtol=1e-10, atol=1e-12)


OF_CYCLES = {
    "momentum": Momentum(0.05, momentum=0.5),
    "nesterov": Nesterov(0.05, momentum=0.5),
    "rmsprop": RMSprop(0.01, rho=0.9),
    "adam": Adam(0.1, 0.5, 0.95),
    "adamw": AdamW(0.1, 0.5, 0.95, weight_decay=0.05),
    "amsgrad": AMSGrad(0.1, 0.5, 0.95),
    "adamax": Adamax(0.1, 0.5, 0.95),
    "radam": RAdam(0.1, 0.5, 0.95),
}
N_CYCLE, STEPS_PER_EPOCH = 40, 5
CYCLE = OneCycle(
    rise=(0.4 * N_CYCLE - 1) / (N_CYCLE - 1),
    shape="linear",
    n_epochs=(N_CYCLE - 1) / STEPS_PER_EPOCH,
    base_momentum=0.7,
    max_momentum=0.9,
)


def in_one_cycle(optimizer, schedule=CYCLE):
    """A linear model as it is recorded, before it is fitted."""
    return LinearRegressor(
        optimizer=optimizer,
        schedule=schedule,
        penalty="none",
        batch_size=8,
        shuffle=False,
        tol=0,
        n_iter_no_change=100,
        max_iter=N_CYCLE // STEPS_PER_EPOCH,
    )


def params_of(model):
    return np.append(model.coef_, model.intercept_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("around", [None, AverageWeights, Lookahead])
@pytest.mark.parametrize("run", CYCLES["names"])
def test_one_cycle_moves_the_momentum_as_torch_does(run, around):
    """The wrappers are set to do nothing; Lookahead makes the steps of the definition."""
    wrapped = {
        None: lambda rule: rule,
        AverageWeights: lambda rule: AverageWeights(rule, decay=0.0),
        Lookahead: lambda rule: Lookahead(rule, slow_step_size=1.0),
    }[around](OF_CYCLES[run])
    model = in_one_cycle(wrapped).fit(CYCLES["X"], CYCLES["y"])
    np.testing.assert_allclose(params_of(model), CYCLES[f"{run}/params"], rtol=1e-8)


def test_momenta_of_one_cycle_are_those_of_torch():
    schedule, horizon = stack([CYCLE], NUMPY), np.array([[8.0]])
    times = np.arange(N_CYCLE) / STEPS_PER_EPOCH
    (momenta,) = schedule.momenta(schedule.init(horizon), times, horizon)
    assert len(momenta) == len(CYCLES["momentum/momenta"]) == 40
    for run in CYCLES["names"]:
        np.testing.assert_allclose(momenta, CYCLES[f"{run}/momenta"], rtol=1e-12)


def test_partial_fit_goes_on_with_the_cycle():
    model = in_one_cycle(OF_CYCLES["adam"])
    for _ in range(N_CYCLE // STEPS_PER_EPOCH):
        model.partial_fit(CYCLES["X"], CYCLES["y"])
    np.testing.assert_allclose(params_of(model), CYCLES["adam/params"], rtol=1e-8)


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


X, Y = make_regression(40, 3, noise=20.0, random_state=0)
LABELS = (Y > 0).astype(int)
Y = Y / Y.std()
ONE_BY_ONE = {"penalty": "none", "batch_size": 1, "shuffle": False, "tol": 0, "random_state": 0}


def rows_one_by_one(estimator, max_iter, **params):
    return estimator(**ONE_BY_ONE, max_iter=max_iter, n_iter_no_change=max_iter, **params)


def assert_same_model(ours, theirs):
    np.testing.assert_allclose(np.ravel(ours.coef_), np.ravel(theirs.coef_), rtol=1e-6)
    np.testing.assert_allclose(np.ravel(ours.intercept_), theirs.intercept_, rtol=1e-5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("power", [0.25, 0.5])
def test_invscaling_is_that_of_sgd(power):
    plain = {"penalty": None, "shuffle": False, "tol": None, "max_iter": 4}
    theirs = SGDRegressor(eta0=0.05, power_t=power, learning_rate="invscaling", **plain).fit(X, Y)
    schedule = Invscaling(power, rows_per_epoch=len(X))
    ours = rows_one_by_one(LinearRegressor, 4, optimizer=SGD(0.05), schedule=schedule).fit(X, Y)
    assert_same_model(ours, theirs)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loss", ["hinge", "log_loss"])
@pytest.mark.parametrize("alpha", [1e-4, 0.1, 10.0])
def test_optimal_is_that_of_sgd(loss, alpha):
    plain = {"penalty": None, "shuffle": False, "tol": None, "max_iter": 4}
    theirs = SGDClassifier(loss=loss, alpha=alpha, learning_rate="optimal", **plain)
    steps = {"optimizer": SGD(alpha**-0.25), "schedule": Optimal(alpha, rows_per_epoch=len(X))}
    ours = rows_one_by_one(LinearClassifier, 4, loss=loss, **steps)
    assert_same_model(ours.fit(X, LABELS), theirs.fit(X, LABELS))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("patience, tol", [(1, 1e-2), (3, 1e-3)])
def test_adaptive_is_that_of_sgd(patience, tol):
    theirs = SGDRegressor(
        penalty=None,
        shuffle=False,
        eta0=0.2,
        learning_rate="adaptive",
        max_iter=25,
        tol=tol,
        n_iter_no_change=patience,
    ).fit(X, Y)
    schedule = Adaptive(patience=patience, threshold=tol, min_factor=1e-6 / 0.2)
    n_epochs = theirs.n_iter_  # theirs ends where the rate is small
    ours = rows_one_by_one(LinearRegressor, n_epochs, optimizer=SGD(0.2), schedule=schedule).fit(
        X, Y
    )
    assert n_epochs >= 10
    assert_same_model(ours, theirs)


def test_adaptive_ends_where_the_rate_is_small():
    schedule = stack([Adaptive(factor=0.1, patience=1, min_factor=2e-3)], NUMPY)
    state, loss = schedule.init(np.ones((1, 1))), np.ones((1, 1))
    for _ in range(9):
        state = schedule.observe(state, loss)
    np.testing.assert_allclose(state.factor, 1e-3)
