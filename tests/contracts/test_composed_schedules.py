"""Schedules made of schedules, and of functions."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite._component import stack
from skopt_suite.backends import Placement
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import Adam, ClipGradient
from skopt_suite.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    Exponential,
    FromFunction,
    Linear,
    OneCycle,
    Product,
    ReduceOnPlateau,
    Step,
    Then,
    Warmup,
)

X, Y = make_classification(n_samples=60, random_state=0)
PLATEAU = ReduceOnPlateau(factor=0.5, patience=2)


def stacked(*schedules):
    return stack([SCHEDULES.resolve(one, owner="Test") for one in schedules], Placement(np))


def factors_by_epoch(losses, horizon, *schedules):
    """The factors at the beginning of each epoch, (n_epochs, n_fits)."""
    schedule, horizon = stacked(*schedules), np.full((len(schedules), 1), float(horizon))
    state, factors = schedule.init(horizon), []
    for time, loss in enumerate(losses):
        factors.append(schedule.factor_at(state, float(time), horizon)[:, 0])
        state = schedule.observe(state, np.full_like(horizon, loss))
    return np.array(factors)


def half_life(time, horizon):
    return 0.5 ** (10 * time / horizon)


def negative(time, horizon):
    return 1 - time


def test_what_comes_then_stretches_over_what_is_left():
    factors = factors_by_epoch(np.ones(11), 10, Then("linear", "cosine", at=4))[:, 0]
    np.testing.assert_allclose(factors[:4], [1, 0.75, 0.5, 0.25])
    np.testing.assert_allclose(factors[4:], (1 + np.cos(np.pi * np.arange(7) / 6)) / 2, atol=1e-15)


def test_each_fit_has_its_own_time_of_the_change():
    early, late = Then("constant", Step(1), at=1), Then("constant", Step(1), at=3)
    factors = factors_by_epoch(np.ones(5), 10, early, late)
    np.testing.assert_array_equal(factors.T, [[1, 1, 0.5, 0.25, 0.125], [1, 1, 1, 1, 0.5]])


@pytest.mark.parametrize("at", [3, 2.5])
def test_a_plateau_counts_the_epochs_of_its_own_part(at):
    """The first epoch that it sees is the fourth, whose loss is the best it knows."""
    factors = factors_by_epoch(np.ones(8), 20, Then("constant", PLATEAU, at=at))
    np.testing.assert_array_equal(factors[:, 0], [1, 1, 1, 1, 1, 1, 0.5, 0.5])


@pytest.mark.parametrize("n_epochs", [3, 2.5])
def test_what_follows_a_warmup_counts_the_epochs_after_it(n_epochs):
    plain, then = (
        factors_by_epoch(np.ones(8), 20, Warmup(schedule, n_epochs, start_factor=1.0))[:, 0]
        for schedule in (PLATEAU, Then(PLATEAU, at=4))
    )
    np.testing.assert_array_equal(plain, [1, 1, 1, 1, 1, 1, 0.5, 0.5])
    np.testing.assert_array_equal(then[:7], plain[:7])
    assert then[7] > 0.9


def test_a_plateau_comes_to_its_end():
    factors = factors_by_epoch(np.ones(8), 20, Then(PLATEAU, Constant(), at=5))
    np.testing.assert_array_equal(factors[:, 0], [1, 1, 1, 0.5, 0.5, 1, 1, 1])


def test_both_parts_of_a_product_observe():
    both = Product(PLATEAU, Adaptive(factor=0.1, patience=2))
    factors = factors_by_epoch(np.ones(6), 20, both)
    np.testing.assert_allclose(factors[:, 0], [1, 1, 1, 0.05, 0.05, 0.0025])


def test_a_product_with_a_warmup_goes_on_from_where_it_would_be():
    warm, plain = stacked(Product(Warmup(n_epochs=5), "cosine")), stacked("cosine")
    horizon = np.array([[20.0]])
    times = np.arange(5, 20)
    after = warm.factors(warm.init(horizon), times, horizon)
    np.testing.assert_allclose(after, plain.factors(None, times, horizon))


@pytest.mark.parametrize("name", ["then", "product"])
def test_nested_parameters_work_on_names(name):
    clf = LinearClassifier(optimizer="sgd", schedule=name)
    clf.set_params(schedule__second="step").set_params(schedule__second__gamma=0.3)
    assert clf.get_params()["schedule__second__gamma"] == 0.3


def test_a_function_is_what_it_computes():
    function, plain = stacked(FromFunction(half_life)), stacked(Exponential(0.5**0.5))
    horizon, times = np.array([[20.0]]), np.linspace(0, 25, 7)
    np.testing.assert_allclose(
        function.factors(None, times, horizon), plain.factors(None, times, horizon)
    )


def test_a_fit_with_a_function_is_pickled_and_cloned():
    clf = LinearClassifier(optimizer="sgd", schedule=FromFunction(half_life), random_state=0)
    clf.set_params(max_iter=5, tol=0, n_iter_no_change=5).fit(X, Y)
    again = pickle.loads(pickle.dumps(clf))
    assert clone(again).schedule.function is half_life
    np.testing.assert_array_equal(again.predict(X), clf.predict(X))


def test_a_negative_factor_is_an_error():
    clf = LinearClassifier(optimizer="sgd", schedule=FromFunction(negative), max_iter=5)
    text = r"FromFunction: function must return finite numbers of at least 0; negative\(time"
    with pytest.raises(ValueError, match=text):
        clf.fit(X, Y)


def test_what_is_no_function():
    clf = LinearClassifier(optimizer="sgd", schedule=FromFunction(0.5))
    with pytest.raises(TypeError, match="FromFunction: function must be a function that can be"):
        clf.fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "schedule", [Then(Cosine(), Linear(0.5), at=2), Then("warmup", "adaptive", at=2), Product()]
)
def test_they_go_on_between_calls_of_partial_fit(schedule):
    plain = {"optimizer": "sgd", "schedule": schedule, "random_state": 0, "max_iter": 4}
    plain["penalty"] = "none"
    whole = LinearClassifier(**plain, tol=0, n_iter_no_change=4).fit(X, Y)
    parts = LinearClassifier(**plain)
    for _ in range(4):
        parts.partial_fit(X, Y, classes=[0, 1])
    np.testing.assert_allclose(parts.coef_, whole.coef_)


def momenta_by_epoch(n_epochs, horizon, *schedules):
    """The momenta at the beginning of each epoch, (n_fits, n_epochs), or None."""
    schedule, horizon = stacked(*schedules), np.full((len(schedules), 1), float(horizon))
    return schedule.momenta(schedule.init(horizon), np.arange(float(n_epochs)), horizon)


LINEAR_CYCLE = OneCycle(rise=0.5, shape="linear", base_momentum=0.8, max_momentum=0.9)


def test_the_momentum_moves_in_whatever_holds_one_cycle():
    down_and_up = [0.9, 0.85, 0.8, 0.85, 0.9]
    warm = momenta_by_epoch(7, 6, Warmup(LINEAR_CYCLE, n_epochs=2))
    np.testing.assert_allclose(warm, [[0.9, 0.9, *down_and_up]])
    for product in (Product("step", LINEAR_CYCLE), Product(LINEAR_CYCLE, "step")):
        np.testing.assert_allclose(momenta_by_epoch(5, 4, product), [down_and_up])
    parts = [Then("constant", LINEAR_CYCLE, at=at) for at in (1, 3)]
    own = np.nan
    np.testing.assert_allclose(
        momenta_by_epoch(7, 5, *parts),
        [[own, *down_and_up, 0.9], [own, own, own, 0.9, 0.8, 0.9, 0.9]],
    )
    np.testing.assert_allclose(
        momenta_by_epoch(4, 9, Then(LINEAR_CYCLE, "constant", at=2)), [[0.9, 0.8, own, own]]
    )


@pytest.mark.parametrize(
    "schedule", ["cosine", OneCycle(cycle_momentum=False), Then(), Warmup(), Product()]
)
def test_other_schedules_leave_the_momentum(schedule):
    assert momenta_by_epoch(3, 3, schedule) is None
    assert not stacked(schedule).moves_momentum


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_where_the_momentum_stays_it_is_that_of_the_optimizer():
    plain = {"batch_size": 20, "max_iter": 4, "random_state": 0}
    stays = OneCycle(base_momentum=0.6, max_momentum=0.6)
    coefs = [
        LinearClassifier(optimizer=optimizer, schedule=schedule, **plain).fit(X, Y).coef_
        for optimizer, schedule in [
            (Adam(beta1=0.6), OneCycle(cycle_momentum=False)),
            (Adam(beta1=0.3), stays),
            (Adam(beta1=0.6), Then(OneCycle(cycle_momentum=False, n_epochs=4), stays, at=4)),
            ("sgd", stays),
            ("sgd", OneCycle(cycle_momentum=False)),
        ]
    ]
    np.testing.assert_allclose(coefs[1], coefs[0], rtol=1e-6)
    np.testing.assert_allclose(coefs[2], coefs[0], rtol=1e-6)
    np.testing.assert_array_equal(coefs[3], coefs[4])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("optimizer", ["nesterov", "muon", ClipGradient("adam")], ids=str)
def test_fits_of_a_stack_have_their_own_cycles(optimizer):
    mlp = MLPClassifier((8,), optimizer=optimizer, batch_size=20, max_iter=4, random_state=0)
    mlp.set_params(schedule=Then("constant", "one_cycle", at=1))
    grid = {"schedule__second__base_momentum": [0.2, 0.9], "schedule__at": [1, 2]}
    options = {"cv": 3, "scoring": "neg_log_loss", "refit": False}
    fused = FusedGridSearchCV(mlp, grid, **options).fit(X, Y)
    assert fused.fusion_report_.n_alone == 0
    scores = fused.cv_results_["mean_test_score"]
    plain = GridSearchCV(mlp, grid, **options).fit(X, Y)
    np.testing.assert_allclose(scores, plain.cv_results_["mean_test_score"], rtol=1e-5)
    assert len(np.unique(scores)) == 4
