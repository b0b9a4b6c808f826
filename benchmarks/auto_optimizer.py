"""Compare ``optimizer="auto"`` of linear models with every other solver, on forty problems.

A solver counts where its objective is within 1e-6, relatively, of the lowest that any of them has;
the table has how long ``"auto"`` and the fastest other one took. See ``benchmarks/README.md``.
"""

import argparse
import os
import signal
import statistics
import time
import warnings
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from sklearn.base import clone, is_classifier
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.preprocessing import scale

from skopt_suite import LinearClassifier, LinearRegressor, warm_up
from skopt_suite._component import stack
from skopt_suite.backends import Placement
from skopt_suite.losses import Quantile
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.penalties import L1, L2, MCP, ElasticNet, GroupLasso

TOL = 1e-8
CLOSE = 1e-6
PATIENCE = 10  # times as long as "auto" others may take
LEAST = 2.0  # seconds that they have in any case


class Case(NamedTuple):
    """A model without its optimizer, and what it is fitted to."""

    model: Any
    X: Any
    y: np.ndarray


def made(n_samples, n_features, *, n_targets=1, n_used=10, sparse=0, seed=0):
    """Return X, of which some features matter, and y of one target or several."""
    rng = np.random.default_rng(seed)
    if sparse:
        density = sparse / n_features
        X = scipy.sparse.random_array((n_samples, n_features), density=density, rng=rng).tocsr()
    else:
        X = rng.normal(size=(n_samples, n_features))
    weights = np.zeros((n_features, n_targets))
    weights[: n_features if sparse else min(n_used, n_features)] = 1
    weights *= rng.normal(size=weights.shape)
    y = X @ weights
    y = y + 0.5 * y.std() * rng.normal(size=y.shape) + 1
    return X, y[:, 0] if n_targets == 1 else y


def moved(X, mean=0.0, decades=0.0):
    """Return columns that lie elsewhere, and whose scales differ."""
    factors = 10 ** np.random.default_rng(1).uniform(-decades, decades, X.shape[1])
    return (X + mean) * factors


def halves(X, y):
    """Return two classes."""
    return X, (y > np.median(y)).astype(int)


def counts(X, y):
    """Return counts whose mean is a function of what y says."""
    rate = np.exp(np.clip((y - y.mean()) / y.std(), -3, 3))
    return X, np.random.default_rng(2).poisson(rate).astype(float)


def strongest(X, y):
    """Return the least strength of L1 for which nothing is used, of squared errors."""
    return np.abs(X.T @ (y - y.mean(axis=0))).max() / len(y)


def regressor(data, penalty, loss="squared_error"):
    """Return a case of a regressor."""
    return Case(LinearRegressor(loss=loss, penalty=penalty, tol=TOL, max_iter=10_000), *data)


def classifier(data, penalty, loss="log_loss"):
    """Return a case of a classifier."""
    return Case(LinearClassifier(loss=loss, penalty=penalty, tol=TOL, max_iter=10_000), *data)


def kinky(data, share, loss="squared_error", classes=False, make=L1):
    """Return a case whose penalty is a share of what would leave nothing."""
    X, y = halves(*data) if classes else data
    penalty = make(strongest(X, y) / share)
    return (classifier if classes else regressor)((X, y), penalty, loss)


def standardized(load):
    """Return real data of columns of mean 0 and deviation 1."""
    X, y = load(return_X_y=True)
    return scale(X), y


def groups_of_ten(alpha):
    """Return the penalty on the columns of 1,000, ten by ten."""
    return GroupLasso(alpha, groups=np.arange(1000) // 10)


def separable():
    """Return classes that hardly overlap."""
    return make_classification(2000, 100, class_sep=3.0, flip_y=0, random_state=0)


def seven_classes():
    """Return as many rows and classes as Covertype has features and classes."""
    return make_classification(100_000, 54, n_informative=20, n_classes=7, random_state=0)


DIABETES, DIGITS = load_diabetes(return_X_y=True), load_digits(return_X_y=True)
IRIS, CANCER = load_iris(return_X_y=True), load_breast_cancer(return_X_y=True)

CASES = {
    "least squares, diabetes": lambda: regressor(DIABETES, "none"),
    "least squares, columns of scale 1e±2": lambda: regressor(
        (moved(made(2000, 50)[0], decades=2), made(2000, 50)[1]), "none"
    ),
    "ridge, diabetes": lambda: regressor(DIABETES, L2(1e-2)),
    "ridge, 20,000 × 100": lambda: regressor(made(20_000, 100), L2(1e-3)),
    "ridge, 200,000 × 20": lambda: regressor(made(200_000, 20), L2(1e-3)),
    "ridge, 1,000 × 5,000": lambda: regressor(made(1000, 5000), L2(1e-1)),
    "ridge, 5,000 × 50, 20 targets": lambda: regressor(made(5000, 50, n_targets=20), L2(1e-2)),
    "ridge, 20,000 × 20,000 sparse": lambda: regressor(made(20_000, 20_000, sparse=30), L2(1e-3)),
    "lasso, diabetes": lambda: kinky(DIABETES, 10),
    "lasso, 20,000 × 100": lambda: kinky(made(20_000, 100), 10),
    "lasso, 1,000 × 10,000, /10": lambda: kinky(made(1000, 10_000), 10),
    "lasso, 1,000 × 10,000, /100": lambda: kinky(made(1000, 10_000), 100),
    "lasso, columns of mean 100": lambda: kinky(
        (moved(made(1000, 50)[0], mean=100), made(1000, 50)[1]), 10
    ),
    "lasso, columns of scale 1e±2": lambda: kinky(
        (moved(made(1000, 50)[0], decades=2), made(1000, 50)[1]), 100
    ),
    "lasso, 20,000 × 100,000 sparse": lambda: kinky(made(20_000, 100_000, sparse=100), 10),
    "lasso, 1,000 × 500, 5 targets": lambda: kinky(made(1000, 500, n_targets=5), 10),
    "elastic net, 1,000 × 10,000, /100": lambda: kinky(made(1000, 10_000), 100, make=ElasticNet),
    "MCP, 1,000 × 5,000, /10": lambda: kinky(made(1000, 5000), 10, make=MCP),
    "group lasso, 2,000 × 1,000": lambda: kinky(made(2000, 1000), 10, make=groups_of_ten),
    "logistic, cancer": lambda: classifier(CANCER, L2(1e-2)),
    "logistic, 100,000 × 100": lambda: classifier(halves(*made(100_000, 100)), L2(1e-4)),
    "logistic, 50,000 × 300": lambda: classifier(halves(*made(50_000, 300)), L2(1e-4)),
    "logistic, 1,000 × 5,000": lambda: classifier(halves(*made(1000, 5000)), L2(1e-2)),
    "logistic, 50,000 × 50,000 sparse": lambda: classifier(
        halves(*made(50_000, 50_000, sparse=80)), L2(1e-5)
    ),
    "logistic, classes hardly overlap": lambda: classifier(separable(), L2(1e-8)),
    "softmax, iris": lambda: classifier(IRIS, L2(1e-2)),
    "softmax, digits": lambda: classifier((DIGITS[0] / 16, DIGITS[1]), L2(1e-3)),
    "softmax, 100,000 × 54, 7 classes": lambda: classifier(seven_classes(), L2(1e-4)),
    "L1 logistic, cancer": lambda: classifier(standardized(load_breast_cancer), L1(1e-2)),
    "L1 logistic, 1,000 × 10,000, /10": lambda: kinky(
        made(1000, 10_000), 10, "log_loss", classes=True
    ),
    "L1 logistic, 1,000 × 10,000, /50": lambda: kinky(
        made(1000, 10_000), 50, "log_loss", classes=True
    ),
    "L1 softmax, digits": lambda: classifier((DIGITS[0] / 16, DIGITS[1]), L1(1e-3)),
    "hinge, cancer": lambda: classifier(standardized(load_breast_cancer), L2(1e-3), "hinge"),
    "hinge, wine": lambda: classifier(standardized(load_wine), L2(1e-3), "hinge"),
    "hinge, 20,000 × 20": lambda: classifier(halves(*made(20_000, 20)), L2(1e-3), "hinge"),
    "squared hinge, cancer": lambda: classifier(
        standardized(load_breast_cancer), L2(1e-3), "squared_hinge"
    ),
    "absolute error, columns of scale 1e±2": lambda: regressor(
        (moved(made(1000, 10)[0], decades=2), 1e3 * made(1000, 10)[1]), "none", "absolute_error"
    ),
    "quantile, 2,000 × 10": lambda: regressor(made(2000, 10), "none", Quantile(0.9)),
    "quantile, 20,000 × 20": lambda: regressor(made(20_000, 20), "none", Quantile(0.9)),
    "epsilon-insensitive, 5,000 × 20": lambda: regressor(
        made(5000, 20), L2(1e-3), "epsilon_insensitive"
    ),
    "Huber, 20,000 × 50": lambda: regressor(made(20_000, 50), L2(1e-3), "huber"),
    "Poisson, 20,000 × 50": lambda: regressor(counts(*made(20_000, 50)), L2(1e-3), "poisson"),
}


class Taken(NamedTuple):
    """What a solver needed, and where it came."""

    seconds: float
    objective: float
    optimizer: str


class TooLong(Exception):
    """A solver has had the time that it may take."""


@contextmanager
def at_most(seconds):
    """Raise `TooLong` after that time."""

    def stop(*_):
        raise TooLong

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def objective(model, X, y):
    """Return the objective of a fitted model, from its predictions and weights."""
    place, layout = Placement(np), model._trained_network.layout
    loss = stack([model.loss_function_.on(model._targets.type)], place, ndim=3)
    penalty = stack([model.penalty_], place).on(layout)
    y = np.searchsorted(model.classes_, y) if is_classifier(model) else y
    values, _ = loss.value_and_gradient(y.reshape(len(y), -1), raw_predictions(model, X)[None])
    weights = np.atleast_2d(np.asarray(model.coef_, dtype=float)).T.reshape(1, -1)
    return float(values.mean() + penalty.value(weights)[0])


def raw_predictions(model, X):
    """Return what comes before the link, (n_samples, n_outputs)."""
    if is_classifier(model):
        raw = model.decision_function(X)
    else:
        raw = model.predict(X)
        raw = np.log(raw) if model.loss_function_.has_link else raw
    return np.asarray(raw, dtype=float).reshape(X.shape[0], -1)


def solvers():
    """Return the names of all optimizers that see all rows in a step."""
    return [name for name in OPTIMIZERS if OPTIMIZERS[name].is_full_batch]


def timed(case, optimizer, seconds, rounds):
    """Return what an optimizer takes; None where it cannot do the case, or not in that time."""
    taken = []
    try:
        for _ in range(rounds + 1):  # the first loads kernels
            model = clone(case.model).set_params(optimizer=optimizer)
            start = time.perf_counter()
            with at_most(seconds):
                model.fit(case.X, case.y)
            taken.append(time.perf_counter() - start)
    except (TooLong, ValueError, TypeError):
        return None
    reached = objective(model, case.X, case.y)
    return Taken(statistics.median(taken[1:]), reached, model.optimizer_.name)


def run(name, case, rounds):
    """Print one line; return how much faster the fastest other solver was."""
    ours = timed(case, "auto", 600, rounds)
    patience = max(LEAST, PATIENCE * ours.seconds)
    others = {
        other: found
        for other in solvers()
        if other != ours.optimizer and (found := timed(case, other, patience, rounds))
    }
    lowest = min(found.objective for found in (ours, *others.values()))
    size = abs(lowest) or 1.0
    close = {k: v for k, v in others.items() if v.objective - lowest <= CLOSE * size}
    best = min(close, key=lambda other: close[other].seconds, default="")
    ratio = ours.seconds / close[best].seconds if best else float("nan")
    print(
        f"{name:40} {ours.optimizer:19} {1e3 * ours.seconds:9.1f} ms  "
        f"{(ours.objective - lowest) / size:6.0e}  {best:19} {ratio:6.2f}",
        flush=True,
    )
    return ratio


def main():
    options = parse_arguments()
    warnings.simplefilter("ignore")
    warm_up()  # as what is being compiled must not be stopped
    print(f"load average {os.getloadavg()[0]:.1f}")
    print(f"{'problem':40} {'auto':19} {'time':>12}  above   next best            auto/it")
    chosen = [name for name in CASES if all(word in name for word in options.only)]
    ratios = [run(name, CASES[name](), options.rounds) for name in chosen]
    slower = sum(ratio > 1.5 for ratio in ratios)
    print(f"\n{len(ratios)} problems; another solver was more than 1.5 × as fast in {slower}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], help="words that a problem must have")
    return parser.parse_args()


if __name__ == "__main__":
    main()
