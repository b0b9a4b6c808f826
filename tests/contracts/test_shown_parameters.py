"""What predictions use may be other parameters than those that train, such as their average."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest
from sklearn.datasets import load_iris

from skopt_suite import LinearClassifier
from skopt_suite.backends import Placement
from skopt_suite.domains import Real
from skopt_suite.losses import SquaredError
from skopt_suite.models import Network
from skopt_suite.optimizers import FirstOrder
from skopt_suite.penalties import NoPenalty
from skopt_suite.schedules import Constant
from skopt_suite.testing._common import job_of
from skopt_suite.training import Data, Rows, train

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ RNG.normal(size=(3, 1)) + RNG.normal(size=(40, 1))
NUMPY = Placement(np)


class AverageState(NamedTuple):
    n_steps: np.ndarray
    average: np.ndarray


class Averaged(FirstOrder):
    """Polyak's average of all that gradient descent went through."""

    parameters = {"learning_rate": Real(0, open_low=True)}

    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def init(self, params, problem):
        return AverageState(np.zeros((params.shape[0], 1)), np.zeros_like(params))

    def update(self, state, params, gradient, learning_rate, layout):
        params = params - learning_rate * gradient
        n_steps = state.n_steps + 1
        return params, AverageState(n_steps, state.average + (params - state.average) / n_steps)

    def eval_params(self, state, params):
        return state.average


def job(**changes):
    options = {
        "network": Network((3, 1)),
        "loss": SquaredError(),
        "penalty": NoPenalty(),
        "optimizer": Averaged(),
        "schedule": Constant(),
        "max_iter": 6,
        "tol": 0.0,
        "n_iter_no_change": 100,
        "batch_size": 16,
        "shuffle": False,
        "early_stopping": False,
        "dropout": (),
        "seed": 0,
        "dtype": "float64",
    }
    return job_of(**options | changes)


def averages():
    """The average after every step, by hand."""
    w, b, visited = np.zeros((3, 1)), 0.0, []
    for _ in range(6):
        for rows in (slice(0, 16), slice(16, 32), slice(32, 40)):
            residual = X[rows] @ w + b - Y[rows]
            w = w - 0.1 * X[rows].T @ residual / len(residual)
            b = b - 0.1 * residual.mean()
            visited.append(np.append(w, b))
    return np.cumsum(visited, axis=0) / np.arange(1, 19)[:, None]


def test_results_and_scores_are_of_what_is_shown():
    (result,) = train([job()], Data.in_memory(Rows(X, Y), Rows(X, Y)), NUMPY)
    expected = averages()
    np.testing.assert_allclose(result.params, expected[-1], rtol=1e-12)
    for score, shown in zip(result.validation_scores, expected[2::3], strict=True):
        residual = Y[:, 0] - X @ shown[:3] - shown[3]
        assert score == pytest.approx(1 - np.mean(residual**2) / np.var(Y))


def test_training_goes_on_from_what_trains():
    data = Data.in_memory(Rows(X, Y))
    (first,) = train([job()], data, NUMPY, n_epochs=2)
    assert not np.allclose(first.memory.params, first.memory.shown)
    (second,) = train([dataclasses.replace(job(), memory=first.memory)], data, NUMPY, n_epochs=4)
    np.testing.assert_allclose(second.params, averages()[-1], rtol=1e-12)


def test_partial_fit_goes_on_from_what_trains():
    features, labels = load_iris(return_X_y=True)
    one, other = (
        LinearClassifier(optimizer=Averaged(), shuffle=False, batch_size=50, penalty="none")
        for _ in range(2)
    )
    for _ in range(4):
        one.partial_fit(features, labels, classes=[0, 1, 2])
        other.partial_fit(features, labels, classes=[0, 1, 2])
        other.predict(features)
    assert one.score(features, labels) > 0.3
    np.testing.assert_array_equal(one.coef_, other.coef_)


def test_parameters_that_a_user_has_set_are_gone_on_from():
    features, labels = load_iris(return_X_y=True)
    clf = LinearClassifier(optimizer=Averaged(), batch_size=50, penalty="none")
    clf.partial_fit(features, labels, classes=[0, 1, 2])
    clf.coef_ = np.full_like(clf.coef_, 100.0)
    clf.partial_fit(features, labels)
    assert (clf.coef_ > 10).all()


def test_fits_that_leave_one_by_one_give_the_same_as_alone():
    """The last ones take their places, again and again."""
    rng = np.random.default_rng(1)
    jobs = [
        job(optimizer=Averaged(rate), max_iter=n)
        for rate, n in zip(rng.uniform(0.01, 0.2, 40), rng.permutation(40) + 1, strict=True)
    ]
    data = Data.in_memory(Rows(X, Y))
    for one, stacked in zip(jobs, train(jobs, data, NUMPY), strict=True):
        (alone,) = train([one], data, NUMPY)
        assert stacked.n_iter == alone.n_iter == one.plan.max_iter
        assert stacked.loss_curve == pytest.approx(alone.loss_curve, rel=1e-10)
        np.testing.assert_allclose(stacked.params, alone.params, rtol=1e-10)
