"""Ranges of steps in one call are the steps of the definition, whatever they are made of."""

import dataclasses
from itertools import product

import numpy as np
import pytest

from skopt_suite.backends import KERNELS
from skopt_suite.backends.kernels._numba import _compose
from skopt_suite.backends.kernels._numba._compose import ComposedSteps
from skopt_suite.backends.kernels._numba._loss_bodies import LOSSES
from skopt_suite.backends.kernels._numba._rules import RULES
from skopt_suite.losses import (
    REGRESSION_LOSSES,
    LogLoss,
    SquaredError,
)
from skopt_suite.optimizers import (
    OPTIMIZERS,
    SGD,
    Adam,
    AverageWeights,
    ClipGradient,
    Demands,
    Lion,
    Lookahead,
    Prodigy,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)
from skopt_suite.penalties import (
    L1,
    L2,
    MCP,
    PENALTIES,
    SCAD,
    Box,
    ElasticNet,
    GroupLasso,
    MaxNorm,
    SparseGroupLasso,
    Sum,
)
from skopt_suite.schedules import SCHEDULES, Constant
from skopt_suite.training._rule_texts import rule_texts

from .compiled_fits import (
    ALL_LOSSES,
    BATCH,
    COMBINATIONS,
    FACTORS,
    FORMULAS,
    MODELS,
    N_FEATURES,
    N_SAMPLES,
    RULES_HERE,
    assert_steps_are_those_of_the_definition,
    given,
    grid,
    jobs_of,
    name_of,
    name_of_formula,
    name_of_loss,
    plain,
    trained,
)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=name_of)
def test_compiled_steps_are_those_of_the_definition(combination, monkeypatch):
    assert_steps_are_those_of_the_definition(combination, monkeypatch)


AROUND = [
    AverageWeights(SGD(), decay=0.8),
    AverageWeights("adam", decay=1.0, start=0.5),
    ScheduleFreeSGD(0.1, momentum=0.8),
    ScheduleFreeAdamW(0.01, weight_decay=0.5),
    ClipGradient(SGD(0.1), norm=0.3),
    ClipGradient("lion", value=0.02, norm=0.1),
    ClipGradient(ScheduleFreeSGD(0.1), value=0.02),
    AverageWeights(ClipGradient("adagrad", value=0.05)),
    Lookahead("adam", n_steps=3),
    Prodigy(d0=1e-2, weight_decay=0.1),
    ClipGradient(AverageWeights(Prodigy(d0=1e-3)), value=0.3, norm=0.5),
    ClipGradient(Lookahead("momentum", n_steps=11, slow_step_size=0.8), norm=0.3),
]
AROUND = [OPTIMIZERS.resolve(rule, owner="Test") for rule in AROUND]
AROUND_WITH = [
    *grid({"penalty": [L1(0.02), L2(0.02)], "model": ["linear", "three layers", "dropout"]}),
    *grid({"penalty": [MCP(0.05), Box(-0.2, 0.1)], "model": ["linear", "three layers"]}),
    *grid({"penalty": [SparseGroupLasso(0.05), MaxNorm(0.4)], "model": ["three layers"]}),
]
COMBINATIONS_AROUND = [
    plain(rule=rule, loss=(SquaredError(), "numbers", 2), **others)
    for rule in AROUND
    for others in AROUND_WITH
    if rule.refusal(Demands(SquaredError(), others["penalty"], "cosine", 0.0, 0.0, ())) is None
]


@pytest.mark.parametrize("combination", COMBINATIONS_AROUND, ids=name_of)
def test_what_is_around_a_rule_is_that_of_the_definition(combination, monkeypatch):
    """The last learning rates are smaller than the first."""
    combination = combination | {"schedule": SCHEDULES.resolve("cosine", owner="Test")}
    assert_steps_are_those_of_the_definition(combination, monkeypatch)
    assert_steps_are_those_of_the_definition(
        combination | {"dtype": "float32", "shuffle": False}, monkeypatch
    )


def in_threads(n_threads, monkeypatch):
    """Let fits be made by so many threads; return what counts the calls of more than one."""
    made = []

    def seen(self, n_threads, *arguments, span):
        made.append(n_threads)
        run(self, n_threads, *arguments, span=span)

    run = ComposedSteps._run_dense
    monkeypatch.setattr(ComposedSteps, "_run_dense", seen)
    monkeypatch.setattr(_compose, "most_threads", lambda *sizes: n_threads)
    monkeypatch.setattr(ComposedSteps, "_allowed", n_threads)
    return made


@pytest.mark.parametrize(
    "combination", [*COMBINATIONS[::6], *COMBINATIONS_AROUND[1::12]], ids=name_of
)
def test_threads_make_the_steps_of_the_definition(combination, monkeypatch):
    """One of them has no rows of the last batch. Groups are moved by one."""
    jobs = jobs_of(**combination, n_fits=1)
    rows = given(combination["loss"], combination["dtype"])
    (theirs,), _ = trained(jobs, rows, monkeypatch, by_definition=True)
    made = in_threads(3, monkeypatch)
    (ours,), _ = trained(jobs, rows, monkeypatch, by_definition=False)
    formula = combination["penalty"].description().formula
    assert set(made) == {1 if formula in (MaxNorm.prox, GroupLasso.pay) else 3}
    rtol = 2e-3 if combination["dtype"] == "float32" else 1e-8
    np.testing.assert_allclose(ours.params, theirs.params, rtol=rtol, atol=rtol / 100)
    np.testing.assert_allclose(ours.loss_curve, theirs.loss_curve, rtol=rtol)
    (again,), _ = trained(jobs, rows, monkeypatch, by_definition=False)
    np.testing.assert_array_equal(again.params, ours.params)
    assert again.loss_curve == ours.loss_curve


@pytest.mark.parametrize("batch_size", [1, 2, 7, N_SAMPLES])
@pytest.mark.parametrize("rule", [SGD(0.1), Adam(), AverageWeights(Adam())], ids=repr)
@pytest.mark.parametrize("model", ["linear", "dropout"])
def test_threads_without_rows_wait_for_the_others(model, rule, batch_size, monkeypatch):
    loss = (SquaredError(), "numbers", 1)
    options = plain(model=model, weighted=True)
    jobs = jobs_of(rule, loss, ElasticNet(0.02), **options, n_fits=1)
    plans = [dataclasses.replace(job.plan, batch_size=batch_size) for job in jobs]
    jobs = [dataclasses.replace(job, plan=plan) for job, plan in zip(jobs, plans, strict=True)]
    rows = given(loss, "float64")
    (theirs,), _ = trained(jobs, rows, monkeypatch, by_definition=True)
    in_threads(5, monkeypatch)
    (ours,), _ = trained(jobs, rows, monkeypatch, by_definition=False)
    np.testing.assert_allclose(ours.params, theirs.params, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("model", ["linear", "one layer", "dropout", "dropout of the input"])
def test_fits_with_rows_and_features_of_their_own(model, n_threads, monkeypatch):
    """Rows without weight may be all of a batch, and a fit may see a feature twice."""
    loss, rng = (LogLoss(), "classes", 3), np.random.default_rng(0)
    jobs = jobs_of(Adam(), loss, ElasticNet(0.02), **plain(model=model, shuffle=False), n_fits=3)
    weights = rng.integers(0, 2, size=(3, N_SAMPLES)).astype(float)
    weights[1, BATCH : 2 * BATCH] = 0
    own = [{"sample_weight": weight / weight.mean()} for weight in weights]
    if MODELS[model][0]:
        network = dataclasses.replace(jobs[0].network, sizes=(3, *jobs[0].network.sizes[1:]))
        for k, columns in enumerate([[0, 3, 4], [4, 2, 0], [1, 1, 3]]):
            own[k] |= {"network": network, "columns": np.array(columns)}
    jobs = [dataclasses.replace(job, **one) for job, one in zip(jobs, own, strict=True)]
    rows = given(loss, "float64")
    theirs, _ = trained(jobs, rows, monkeypatch, by_definition=True)
    in_threads(n_threads, monkeypatch)
    ours, is_compiled = trained(jobs, rows, monkeypatch, by_definition=False)
    assert is_compiled
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.params, other.params, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(one.loss_curve, other.loss_curve, rtol=1e-8)


def test_bodies_are_of_what_is_in_the_registries():
    """A rule without one is no kernel of its own, and has a text."""
    rules = {f"{rule.formula.__module__}.{rule.formula.__qualname__}": rule for rule in RULES_HERE}
    assert set(RULES) == rules.keys() & KERNELS.keys()
    assert all(rule_texts(rules[name](), "float32") for name in rules.keys() - RULES.keys())
    assert {name_of_loss(*loss) for loss in ALL_LOSSES} == {*LOSSES}
    assert {name_of_formula(penalty) for penalty in FACTORS["penalty"]} == {"", *FORMULAS}


OF_LAYERS = [
    L2([0.1, 30.0]),
    MCP([0.05, 0.02]),
    Sum(L2([0.1, 0.2]), SCAD(0.03, positive=True)),
    Sum(L2([0.1, 0.2]), Box(-0.1, 0.2)),
    MaxNorm([0.5, 0.3]),
]


@pytest.mark.parametrize("penalty", OF_LAYERS, ids=repr)
@pytest.mark.parametrize("rule", [SGD(0.1), Adam(), Lion(0.02)], ids=repr)
def test_strengths_of_layers_are_those_of_the_definition(rule, penalty, monkeypatch):
    """SGD takes L2 implicitly: no strength is too large for it."""
    combination = {
        "rule": rule,
        "loss": (SquaredError(), "numbers", 2),
        "penalty": L2(),
        **plain(model="one layer"),
    }
    (job,), rows = jobs_of(**combination, n_fits=1), given(combination["loss"], "float64")
    jobs = [dataclasses.replace(job, plan=dataclasses.replace(job.plan, penalty=penalty))]
    ours, is_compiled = trained(jobs, rows, monkeypatch, by_definition=False)
    theirs, _ = trained(jobs, rows, monkeypatch, by_definition=True)
    assert is_compiled
    for one, other in zip(ours, theirs, strict=True):
        assert one.error is None
        np.testing.assert_allclose(one.params, other.params, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("loss", ALL_LOSSES, ids=lambda loss: f"{loss[0]}-{loss[1]}-{loss[2]}")
def test_what_is_not_finite_comes_through(loss, special, monkeypatch):
    """A raw prediction that is not finite makes what the definition makes of it."""
    options = dict(
        zip(
            FACTORS,
            (SGD(0.1), loss, L2(0.1), "linear", Constant(), "float64", False, False),
            strict=True,
        )
    )
    rows = given(loss, "float64")
    rows.X[3, 1] = special
    results = [
        trained(jobs_of(**options, n_fits=1), rows, monkeypatch, by_definition)[0][0]
        for by_definition in (False, True)
    ]
    assert results[0].stop_reason == results[1].stop_reason
    np.testing.assert_array_equal(np.isfinite(results[0].params), np.isfinite(results[1].params))


@pytest.mark.parametrize("special", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("rule", "penalty"),
    [
        *((rule, L1(0.02)) for rule in AROUND),
        *product([SGD(0.1), Adam(), Lion()], [MCP(0.1), SCAD(0.1, positive=True), Box()]),
        *product([SGD(0.1), Adam()], [SparseGroupLasso(0.1), MaxNorm(0.1)]),
    ],
    ids=repr,
)
def test_rules_and_penalties_hide_nothing_that_is_not_finite(rule, penalty, special, monkeypatch):
    options = plain(rule=rule, loss=(SquaredError(), "numbers", 2), penalty=penalty)
    rows = given(options["loss"], "float64")
    rows.X[3, 1] = special
    ours, theirs = (
        trained(jobs_of(**options, n_fits=1), rows, monkeypatch, by_definition)[0][0]
        for by_definition in (False, True)
    )
    assert ours.stop_reason == theirs.stop_reason
    np.testing.assert_array_equal(np.isfinite(ours.params), np.isfinite(theirs.params))


def test_norms_whose_squares_overflow_are_those_of_the_definition(monkeypatch):
    clip = ClipGradient(SGD(1.0), norm=0.3)
    loss = REGRESSION_LOSSES["absolute_error"](), "numbers", 1
    options = plain(rule=clip, loss=loss, penalty=PENALTIES.resolve("none", owner="Test"))
    rows = given(loss, "float64")
    rows = rows._replace(X=rows.X * 1e160)
    ours, theirs = (
        trained(jobs_of(**options, n_fits=1), rows, monkeypatch, by_definition)[0][0]
        for by_definition in (False, True)
    )
    assert np.abs(theirs.params[:N_FEATURES]).min() > 0
    np.testing.assert_allclose(ours.params, theirs.params, rtol=1e-8)


def test_rules_losses_and_penalties_of_users_run_the_definition(monkeypatch):
    class Halved(Adam):
        def update(self, state, params, gradient, learning_rate, layout):
            return super().update(state, params, gradient / 2, learning_rate, layout)

    class Lazier(ScheduleFreeSGD):
        def eval_params(self, state, params):
            return params

    class Doubled(SquaredError):
        def value_and_gradient(self, y, raw):
            value, gradient = super().value_and_gradient(y, raw)
            return 2 * value, 2 * gradient

    class Steeper(MCP):
        def _slope(self, size, alpha, gamma):
            return alpha + 0 * size

    class Several(SquaredError):
        n_raw = 2

        def value_and_gradient(self, y, raw):
            return super().value_and_gradient(np.repeat(y, 2, axis=-1), raw)

    options = plain(rule=Adam(), loss=(SquaredError(), "numbers", 2), penalty=L2())
    rows = given(options["loss"], "float64")
    losses = (Doubled(), "numbers", 2), (Several(), "numbers", 2)
    parts = {"rule": [Halved(), Lazier()], "loss": losses, "penalty": [Steeper()]}
    for change in ({name: part} for name in parts for part in parts[name]):
        assert not trained(jobs_of(**options | change), rows, monkeypatch, False)[1]
