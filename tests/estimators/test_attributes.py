"""What a fitted estimator shows: why it stopped, what it used, what it warns of."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearClassifier, LinearRegressor, MLPRegressor
from skopt_suite.optimizers import Adam, GradientDescent, Momentum
from skopt_suite.penalties import L2
from skopt_suite.schedules import Warmup

from .problems import CLASSES, NUMBERS, data_of


@pytest.mark.parametrize(
    "model, reason",
    [
        (LinearClassifier(), "converged"),
        (LinearClassifier(tol=0), "precision"),
        (LinearClassifier(optimizer="adam", max_iter=3), "max_iter"),
        (LinearClassifier(optimizer=Adam(0.1), tol=1e-2), "no_improvement"),
        (LinearClassifier(optimizer=Adam(0.1), early_stopping=True), "no_improvement"),
        (LinearRegressor(penalty="l1"), "converged"),
        (LinearRegressor(optimizer=GradientDescent(0.1)), "converged"),
        (MLPRegressor((4,), optimizer="lbfgs", max_iter=500, tol=1e-2), "converged"),
    ],
    ids=lambda value: " ".join(repr(value).split()),
)
def test_why_training_stopped(model, reason):
    fitted = model.fit(*data_of(model))
    assert fitted.stop_reason_ == reason
    assert fitted.n_iter_ == len(fitted.loss_curve_)
    assert fitted.loss_ == fitted.loss_curve_[-1]


@pytest.mark.parametrize(
    "model",
    [
        LinearClassifier(optimizer="lbfgs"),
        LinearRegressor(penalty="l1", optimizer="fista"),
        MLPRegressor(optimizer="lbfgs"),
    ],
)
def test_a_solver_that_stops_short_warns(model):
    model.set_params(max_iter=2, tol=1e-10)
    text = (
        rf"{type(model).__name__}: optimizer '(lbfgs|fista)' stopped while the objective could "
        r"still fall by more than tol=1e-10 of what it had fallen: max_iter=2 iterations were not "
        r"enough\. Scale the data, or raise max_iter"
    )
    with pytest.warns(ConvergenceWarning, match=text):
        model.fit(*data_of(model))
    assert model.stop_reason_ == "max_iter"


@pytest.mark.parametrize(
    "parameters, chosen",
    [
        ({}, "newton_cholesky"),
        ({"penalty": "none"}, "lbfgs"),
        ({"loss": "squared_hinge"}, "newton_cholesky"),
        ({"penalty": "l1"}, "coordinate_descent"),
        ({"penalty": "elastic_net"}, "coordinate_descent"),
        ({"penalty": L2(positive=True)}, "coordinate_descent"),
        ({"loss": "hinge"}, "interior_point"),
        ({"loss": "hinge", "penalty": "l1"}, "interior_point"),
        ({"loss": "hinge", "penalty": L2(positive=True)}, "fista"),
        ({"penalty": "mcp"}, "coordinate_descent"),
        ({"penalty": "group_lasso"}, "coordinate_descent"),
    ],
)
def test_what_auto_takes(parameters, chosen):
    fitted = LinearClassifier(**parameters, max_iter=1000, tol=1e-2).fit(*CLASSES)
    assert fitted.optimizer_.name == chosen
    assert fitted.optimizer == "auto"


@pytest.mark.parametrize(
    "n_samples, n_features, least_squares, logistic",
    [
        (100, 5, "closed_form", "newton_cholesky"),
        (5000, 20, "closed_form", "lbfgs"),
        (20, 30, "newton_cholesky", "newton_cholesky"),  # where many weights are optimal
        (20, 300, "lbfgs", "lbfgs"),  # in one step, as eigenvectors are found at once
        (150, 160, "newton_cg", "lbfgs"),
    ],
)
def test_auto_goes_by_the_size_of_the_problem(n_samples, n_features, least_squares, logistic):
    X = np.random.default_rng(0).normal(size=(n_samples, n_features))
    y = X[:, 0] + 0.1 * X[:, 1]
    assert LinearRegressor(tol=1e-2).fit(X, y).optimizer_.name == least_squares
    assert LinearClassifier(tol=1e-2).fit(X, y > 0).optimizer_.name == logistic


def test_fitted_attributes_show_what_was_used_and_parameters_stay():
    optimizer, schedule = Momentum(0.05), Warmup("cosine")
    model = MLPRegressor((4,), optimizer=optimizer, schedule=schedule, loss="huber", max_iter=3)
    before = repr(model.get_params())
    model.fit(*NUMBERS)
    assert repr(model.get_params()) == before
    assert model.optimizer is optimizer
    assert model.schedule is schedule
    assert (model.penalty, model.loss) == ("l2", "huber")
    assert repr(model.optimizer_) == repr(optimizer)
    assert model.schedule_.schedule.name == "cosine"
    assert (model.penalty_.alpha, model.loss_function_.delta) == (1e-4, 1.35)


@pytest.mark.parametrize("optimizer, kind", [("adam", "compiled"), ("lbfgs", "full batch")])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_verbose_2_says_what_makes_the_steps(optimizer, kind, capsys):
    LinearClassifier(optimizer=optimizer, max_iter=2, verbose=2).fit(*CLASSES)
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == f"optimizer '{optimizer}', steps: {kind}"


def test_verbose_prints_a_line_per_epoch(capsys):
    model = LinearClassifier(
        optimizer="adam", max_iter=3, verbose=1, early_stopping=True, random_state=0
    )
    model.fit(*CLASSES)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("epoch 1: loss 0.")
    assert f"validation score {model.validation_scores_[0]:.4f}" in lines[0]
