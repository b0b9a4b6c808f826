"""The contract that everything rests on: a fit in a stack gives the same as the same fit alone."""

import dataclasses
from functools import cache
from itertools import combinations, product

import numpy as np
import pytest

from skopt_suite.backends import Placement, to_numpy
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    AbsoluteError,
    Hinge,
    Huber,
    LogLoss,
    SquaredError,
)
from skopt_suite.models import Network
from skopt_suite.optimizers import (
    FISTA,
    LBFGS,
    OPTIMIZERS,
    SGD,
    Adam,
    ClosedForm,
    Demands,
    GradientDescent,
    Momentum,
    NewtonCG,
    NewtonCholesky,
)
from skopt_suite.penalties import L1, L2, PENALTIES, ElasticNet, NoPenalty
from skopt_suite.schedules import SCHEDULES, Constant, Cosine, ReduceOnPlateau, Warmup
from skopt_suite.testing._common import job_of, variants
from skopt_suite.testing._pairwise import pairwise
from skopt_suite.training import Data, Rows, check_job, train

NUMPY = Placement(np)
N_SAMPLES, N_FEATURES, N_CLASSES = 60, 5, 3
LINEAR = Network((N_FEATURES, N_CLASSES))
MLP = Network((N_FEATURES, 7, 6, N_CLASSES), ("relu", "tanh"))
DROPOUT = (0.2, 0.1)


def draw(n_samples, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, N_FEATURES))
    noise = rng.normal(scale=0.5, size=(n_samples, N_CLASSES))
    y = np.argmax(X @ np.random.default_rng(9).normal(size=(N_FEATURES, N_CLASSES)) + noise, axis=1)
    return Rows(X, y[:, None])


TRAINING, VALIDATION = draw(N_SAMPLES, 0), draw(30, 1)
NUMBERS = Rows(TRAINING.X, np.sinh(TRAINING.X[:, :N_CLASSES]))
POSITIVE = Rows(TRAINING.X, np.abs(NUMBERS.y) + 0.1)


def job(**changes):
    options = {
        "network": LINEAR,
        "loss": LogLoss(),
        "penalty": L2(alpha=0.01),
        "optimizer": Adam(learning_rate=0.01),
        "schedule": Constant(),
        "max_iter": 12,
        "tol": 1e-10,
        "n_iter_no_change": 100,
        "batch_size": 16,
        "shuffle": True,
        "early_stopping": False,
        "dropout": (),
        "seed": 3,
        "dtype": "float64",
    }
    return job_of(**options | changes)


def with_plan(one, **changes):
    return dataclasses.replace(one, plan=dataclasses.replace(one.plan, **changes))


def placed(place, *rows):
    return Data.in_memory(*(Rows(place.asarray(r.X), place.asarray(r.y)) for r in rows))


def assert_same_as_alone(jobs, *rows, place=NUMPY, rtol=1e-8, **train_options):
    data = placed(place, *(rows or (TRAINING,)))
    together = train(jobs, data, place, **train_options)
    for one, stacked in zip(jobs, together, strict=True):
        (alone,) = train([one], data, place, **train_options)
        assert stacked.stop_reason == alone.stop_reason
        assert stacked.n_iter == alone.n_iter
        if alone.error is not None:
            assert str(stacked.error) == str(alone.error)
            continue
        params = to_numpy(stacked.params), to_numpy(alone.params)
        np.testing.assert_allclose(*params, rtol=rtol, atol=1e-10)
        np.testing.assert_allclose(stacked.loss, alone.loss, rtol=rtol)
        np.testing.assert_allclose(stacked.loss_curve, alone.loss_curve, rtol=rtol)
        np.testing.assert_allclose(stacked.validation_scores, alone.validation_scores)
        np.testing.assert_allclose(stacked.penalty, alone.penalty, rtol=rtol, atol=1e-12)
    return together


def penalties():
    found = [PENALTIES.resolve(name, owner="Test") for name in PENALTIES]
    for penalty in found:
        if "alpha" in penalty.parameters:
            penalty.alpha = 0.02
    found = [penalty.with_strength(0.02) for penalty in found]
    return [*found, L1(alpha=0.02, positive=True), L2(alpha=0.02, positive=True)]


def optimizers():
    found = {name: OPTIMIZERS.resolve(name, owner="Test") for name in OPTIMIZERS}
    found["schedule_free_sgd"].learning_rate = 0.1  # larger ones amplify rounding in a network
    return list(found.values())


HIDDEN = {"linear": (), "mlp": (7, 6), "mlp with dropout": (7, 6)}
FACTORS = {
    "optimizer": optimizers(),
    "penalty": penalties(),
    "model": list(HIDDEN),
    "loss": [
        losses[name]() for losses in (CLASSIFICATION_LOSSES, REGRESSION_LOSSES) for name in losses
    ],
    "schedule": [SCHEDULES.resolve(name, owner="Test") for name in SCHEDULES],
}


def is_allowed(optimizer, penalty, model, loss, schedule, is_on_host=True):
    is_constant = schedule.name == "constant"
    return is_possible(optimizer, penalty, model, loss, is_constant, is_on_host)


@cache
def is_possible(optimizer, penalty, model, loss, is_constant, is_on_host=True):
    """Optimizers refuse all schedules but the constant one, or none."""
    dropout = max(DROPOUT) if "dropout" in model else 0.0
    schedule = "constant" if is_constant else "cosine"
    demands = Demands(loss, penalty, schedule, dropout, 0.0, HIDDEN[model])
    is_coupled = isinstance(loss, LogLoss)
    demands = dataclasses.replace(demands, has_coupled_outputs=is_coupled, is_on_host=is_on_host)
    return optimizer.refusal(demands) is None


# Schedules only scale rates, and penalties see weights only, whatever the loss is.
APART = [
    frozenset({"schedule", "optimizer"}),
    frozenset({"schedule", "loss"}),
    frozenset({"penalty", "loss"}),
]
COMBINATIONS = pairwise(FACTORS, is_allowed, apart=APART)
ON_DEVICES = [one for one in COMBINATIONS if is_allowed(**one, is_on_host=False)]


def name_of(combination):
    return "-".join(
        value if isinstance(value, str) else repr(value) for value in combination.values()
    )


@pytest.mark.parametrize("combination", COMBINATIONS, ids=name_of)
def test_every_pair_of_components(combination):
    assert_components_keep_apart(NUMPY, combination)


@pytest.mark.parametrize("place", [pytest.param("cupy", marks=pytest.mark.gpu)], indirect=True)
@pytest.mark.parametrize("combination", ON_DEVICES[::24], ids=name_of)
def test_some_of_them_on_a_gpu(place, combination):
    assert_components_keep_apart(place, combination)


def assert_components_keep_apart(place, combination):
    """Every fusable hyperparameter differs, and so does ``max_iter``: fits leave one by one."""
    optimizer, penalty, model, loss, schedule = combination.values()
    rows = TRAINING if "classes" in loss.kinds else POSITIVE if loss.has_link else NUMBERS
    jobs = [
        job(
            network=MLP if HIDDEN[model] else LINEAR,
            loss=varied_loss,
            penalty=varied_penalty,
            optimizer=varied_optimizer,
            schedule=varied_schedule,
            dropout=tuple(share * rate for rate in DROPOUT) if "dropout" in model else (),
            max_iter=max_iter,
        )
        for varied_loss, varied_penalty, varied_optimizer, varied_schedule, max_iter, share in zip(
            variants(loss),
            variants(penalty),
            variants(optimizer),
            variants(schedule),
            (6, 12, 9),
            (1.0, 0.5, 2.0),
            strict=True,
        )
    ]
    for one in jobs:
        check_job(one, TRAINING.X)
    # Passes of smoothed losses end where steps are as small as rounding.
    is_smoothed = optimizer.is_full_batch and not (optimizer.takes_kinks or loss.is_smooth)
    results = assert_same_as_alone(jobs, rows, place=place, rtol=1e-5 if is_smoothed else 1e-8)
    if not optimizer.is_full_batch:
        assert [result.n_iter for result in results] == [6, 12, 9]
    if optimizer.parameters.keys() & {"learning_rate"}:
        assert not np.allclose(*(to_numpy(result.params) for result in results[:2]))


def test_every_pair_that_is_allowed_is_there():
    names = [*FACTORS]
    tried = {pair for one in COMBINATIONS for pair in pairs_of(one)}
    assert all(is_allowed(**one) for one in COMBINATIONS)
    schedules = FACTORS["schedule"][:2]  # what is allowed with one is with the others
    for values in product(*(FACTORS | {"schedule": schedules}).values()):
        one = dict(zip(names, values, strict=True))
        if is_allowed(**one):
            assert pairs_of(one) <= tried
    *_, second, largest = sorted(map(len, FACTORS.values()))
    assert len(COMBINATIONS) < 1.3 * second * largest


def pairs_of(combination):
    pairs = combinations(((name, id(value)) for name, value in combination.items()), 2)
    return {pair for pair in pairs if {pair[0][0], pair[1][0]} not in APART}


@pytest.mark.parametrize(
    "optimizer, penalty",
    [(LBFGS(), L2), (NewtonCholesky(), L2), (NewtonCG(), L2), (FISTA(), L2), (FISTA(), L1)],
    ids=repr,
)
def test_solvers_leave_the_stack_when_they_have_converged(place, optimizer, penalty):
    assert_leave(optimizer, penalty, place)


def test_full_batches_leave_the_stack_when_they_have_converged():
    assert_leave(GradientDescent(0.5), L2)


def assert_leave(optimizer, penalty, place=NUMPY):
    jobs = [
        job(optimizer=optimizer, penalty=penalty(alpha=alpha), max_iter=2000, tol=tol)
        for alpha, tol in [(0.1, 1e-3), (0.02, 1e-5), (0.05, 1e-4), (0.03, 1e-6)]
    ]
    # Rounding is amplified by line searches near the optimum, so parameters agree to `tol`.
    results = assert_same_as_alone(jobs, place=place, rtol=1e-6)
    assert {result.stop_reason for result in results} == {"converged"}
    assert len({result.n_iter for result in results}) > 1


@pytest.mark.parametrize("dropout", [(), (0.3, 0.0)])
@pytest.mark.parametrize("n_iter_no_change", [2, 4])
def test_early_stopping(dropout, n_iter_no_change):
    jobs = [
        job(
            network=MLP,
            optimizer=Adam(learning_rate=learning_rate),
            max_iter=60,
            early_stopping=True,
            n_iter_no_change=n_iter_no_change,
            tol=1e-4,
            dropout=dropout,
        )
        for learning_rate in (0.1, 0.01, 0.003, 0.03)
    ]
    results = assert_same_as_alone(jobs, TRAINING, VALIDATION)
    assert len({result.n_iter for result in results}) > 1
    assert "no_improvement" in {result.stop_reason for result in results}


def test_early_stopping_of_solvers(place):
    jobs = [
        job(optimizer=LBFGS(), early_stopping=True, max_iter=200, n_iter_no_change=3, penalty=L2(a))
        for a in (0.0, 1e-3, 0.1)
    ]
    assert_same_as_alone(jobs, TRAINING, VALIDATION, place=place, rtol=1e-6)


@pytest.mark.parametrize("optimizer", [SGD, Momentum, GradientDescent], ids=lambda o: o.__name__)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_fit_that_diverges_leaves_the_others_alone(place, optimizer, position):
    rates = [0.01, 0.02]
    rates.insert(position, 1e6)
    targets = Rows(TRAINING.X, TRAINING.X[:, :2] - 1.0)
    jobs = [
        job(
            network=Network((N_FEATURES, 4, 2), ("relu",)),
            loss=SquaredError(),
            optimizer=optimizer(learning_rate=rate),
        )
        for rate in rates
    ]
    with np.errstate(over="ignore", invalid="ignore"):
        results = assert_same_as_alone(jobs, targets, place=place)
    reasons = [result.stop_reason for result in results]
    assert reasons.pop(position) == "diverged"
    assert reasons == ["max_iter", "max_iter"]
    name = jobs[0].plan.optimizer.name
    message = str(results[position].error)
    assert f"optimizer '{name}' with learning_rate=1e+06 reached a loss of" in message


def test_divergence_is_seen_relative_to_the_start_of_the_same_fit(place):
    """The fit with the large start, which may have large losses, leaves before the other grows."""
    network = Network((N_FEATURES, 1))
    targets = Rows(TRAINING.X, TRAINING.X[:, :1])
    jobs = [
        job(
            network=network,
            loss=SquaredError(),
            optimizer=GradientDescent(rate),
            start=np.full(network.n_params, start),
            max_iter=max_iter,
        )
        for rate, start, max_iter in [(0.1, 1e4, 2), (1.7, 0.0, 300), (0.2, 0.0, 20)]
    ]
    results = assert_same_as_alone(jobs, targets, place=place)
    assert [result.stop_reason for result in results] == ["max_iter", "diverged", "max_iter"]
    assert results[1].n_iter > 5


def test_all_fits_may_diverge(place):
    targets = Rows(TRAINING.X, TRAINING.X[:, :1])
    jobs = [
        job(network=Network((N_FEATURES, 1)), loss=SquaredError(), optimizer=SGD(rate))
        for rate in (1e5, 1e6)
    ]
    with np.errstate(over="ignore", invalid="ignore"):
        results = train(jobs, placed(place, targets), place)
    assert all(result.stop_reason == "diverged" and result.error for result in results)


def test_schedules_with_states_and_horizons_of_their_own(place):
    jobs = [
        job(network=MLP, schedule=Warmup(Cosine(final_factor=f), n_epochs=n), max_iter=max_iter)
        for f, n, max_iter in [(0.0, 1.0, 8), (0.1, 2.5, 12), (0.3, 4.0, 5)]
    ]
    assert_same_as_alone(jobs, place=place)
    jobs = [
        job(
            network=MLP,
            optimizer=Adam(learning_rate=0.05),
            schedule=Warmup(ReduceOnPlateau(factor=factor, patience=patience, threshold=0.01)),
            max_iter=max_iter,
        )
        for factor, patience, max_iter in [(0.5, 1, 10), (0.2, 2, 25), (0.7, 3, 18)]
    ]
    assert_same_as_alone(jobs, place=place)


def test_loss_parameters(place):
    targets = Rows(TRAINING.X, np.sinh(TRAINING.X[:, :2]))
    jobs = [
        job(network=Network((N_FEATURES, 2)), loss=Huber(delta=delta), max_iter=max_iter)
        for delta, max_iter in [(0.1, 4), (1, 12), (10, 8)]
    ]
    results = assert_same_as_alone(jobs, targets, place=place)
    assert not np.allclose(*(to_numpy(result.params) for result in results[:2]))


@pytest.mark.parametrize("loss", [Hinge(), AbsoluteError()], ids=repr)
def test_losses_with_kinks(place, loss):
    y = TRAINING.y if loss.name == "hinge" else TRAINING.X[:, :N_CLASSES] ** 2
    jobs = [job(loss=loss, penalty=L1(alpha=alpha)) for alpha in (0.001, 0.01, 0.1)]
    assert_same_as_alone(jobs, Rows(TRAINING.X, y), place=place)


@pytest.mark.parametrize(
    "optimizer, loss",
    [
        (Adam(), LogLoss()),
        (LBFGS(), LogLoss()),
        (FISTA(), LogLoss()),
        (LBFGS(), Huber(0.5)),
        (NewtonCholesky(), LogLoss()),
        (NewtonCG(), SquaredError()),
        (ClosedForm(), SquaredError()),
    ],
    ids=repr,
)
def test_sample_weights(place, optimizer, loss):
    """Some fits have weights and some have none, as class weights in a search."""
    rng = np.random.default_rng(4)
    weights = [None, *rng.uniform(0, 2, (2, N_SAMPLES))]
    weights = [None if weight is None else weight / weight.mean() for weight in weights]
    jobs = [
        job(optimizer=optimizer, loss=loss, sample_weight=weight, max_iter=max_iter)
        for weight, max_iter in zip(weights, (4, 12, 8), strict=True)
    ]
    rows = TRAINING if loss.name == "log_loss" else NUMBERS
    results = assert_same_as_alone(jobs, rows, place=place)
    assert not np.allclose(*(to_numpy(result.params) for result in results[:2]))
    shared = [dataclasses.replace(one, sample_weight=weights[1]) for one in jobs]
    jobs = [shared[0], with_plan(shared[1], penalty=L2(alpha=1.0))]
    assert_same_as_alone(jobs, rows, place=place)


def test_starts(place):
    rng = np.random.default_rng(5)
    jobs = [job(network=MLP, start=rng.normal(size=MLP.n_params)) for _ in range(3)]
    assert_same_as_alone(jobs, place=place)


def test_number_of_epochs_that_is_asked_for(place):
    jobs = [job(penalty=ElasticNet(alpha=alpha), max_iter=2) for alpha in (0.01, 0.1)]
    results = assert_same_as_alone(jobs, place=place, n_epochs=5)
    assert [result.n_iter for result in results] == [5, 5]


def test_float32(place):
    jobs = [job(network=MLP, dtype="float32", penalty=L1(alpha)) for alpha in (1e-4, 1e-3, 1e-2)]
    data = placed(place, Rows(TRAINING.X.astype("float32"), TRAINING.y))
    together = train(jobs, data, place)
    for one, stacked in zip(jobs, together, strict=True):
        (alone,) = train([one], data, place)
        assert stacked.params.dtype == alone.params.dtype == place.xp.float32
        params = to_numpy(stacked.params), to_numpy(alone.params)
        np.testing.assert_allclose(*params, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if OPTIMIZERS[n].is_incremental])
def test_continuing_is_the_same_as_not_having_stopped(name):
    """`partial_fit` rests on it: the memory of a fit holds all of its state."""
    one = job(
        network=MLP,
        optimizer=OPTIMIZERS.resolve(name, owner="Test"),
        schedule=Warmup(ReduceOnPlateau(patience=1), n_epochs=3),
        dropout=DROPOUT,
        n_iter_no_change=1000,
    )
    (whole,) = train([one], Data.in_memory(TRAINING), NUMPY, n_epochs=6)
    (first,) = train([one], Data.in_memory(TRAINING), NUMPY, n_epochs=2)
    (second,) = train(
        [dataclasses.replace(one, memory=first.memory)], Data.in_memory(TRAINING), NUMPY, n_epochs=4
    )
    np.testing.assert_allclose(second.params, whole.params, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(first.loss_curve + second.loss_curve, whole.loss_curve, rtol=1e-10)


def test_continuing_in_a_stack():
    jobs = [job(optimizer=Adam(learning_rate=rate)) for rate in (0.01, 0.03)]
    continued = []
    for one in jobs:
        (first,) = train([one], Data.in_memory(TRAINING), NUMPY, n_epochs=2)
        continued.append(first.memory)
    again = [dataclasses.replace(o, memory=m) for o, m in zip(jobs, continued, strict=True)]
    together = train(again, Data.in_memory(TRAINING), NUMPY, n_epochs=3)
    for one, stacked in zip(again, together, strict=True):
        (alone,) = train([one], Data.in_memory(TRAINING), NUMPY, n_epochs=3)
        np.testing.assert_allclose(stacked.params, alone.params, rtol=1e-10, atol=1e-12)


def test_jobs_that_cannot_be_fused_are_refused():
    with pytest.raises(ValueError, match="Only jobs with the same key"):
        train([job(), job(optimizer=SGD())], Data.in_memory(TRAINING), NUMPY)
    with pytest.raises(ValueError, match="Only jobs with the same key"):
        train([job(penalty=NoPenalty()), job(penalty=L2())], Data.in_memory(TRAINING), NUMPY)


def test_fits_that_go_on_are_equally_old():
    """A state that one fit has and another has not would make a kernel write out of bounds."""
    one, other = job(penalty=L2(0.1)), job(penalty=L2(0.2))
    ages = []
    for n_epochs in (1, 2):
        (result,) = train([one], Data.in_memory(TRAINING), NUMPY, n_epochs=n_epochs)
        ages.append(result.memory)
    young, old = (dataclasses.replace(other, memory=memory) for memory in ages)
    for first, second in [(one, young), (young, one), (young, old)]:
        assert first.key != second.key
        with pytest.raises(ValueError, match="Only jobs with the same key"):
            train([first, second], Data.in_memory(TRAINING), NUMPY)
    assert young.key == dataclasses.replace(one, memory=ages[0]).key


def test_specifications_are_unchanged_by_a_fit():
    for name in OPTIMIZERS:
        is_linear = OPTIMIZERS[name].only_linear
        of_kinks = name in ("interior_point", "dual_coordinate_descent")
        of_numbers = AbsoluteError() if of_kinks else SquaredError()
        one = job(
            optimizer=OPTIMIZERS.resolve(name, owner="Test"),
            loss=of_numbers if is_linear else LogLoss(),
            penalty=L2(0.1),
            network=LINEAR if is_linear else MLP,
        )
        plan = one.plan
        parts = (plan.optimizer, plan.schedule, plan.penalty, plan.loss)
        before = [dict(vars(part)) for part in parts]
        train([one], Data.in_memory(NUMBERS if is_linear else TRAINING), NUMPY)
        assert [vars(part) for part in parts] == before
