"""Time fused searches beside what users of scikit-learn and skorch tune with.

Both sides tune the same model on the same data, over the same grid and folds, refit of the best
candidate included. What they found stands beside the times, so that a reader sees that they tuned
the same thing. See ``benchmarks/README.md`` for the commands.
"""

import argparse
import cProfile
import json
import os
import pstats
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from joblib import cpu_count, parallel_config
from reference_network import PLAIN
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_classification, make_regression
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.neural_network import MLPClassifier as SklearnMLP
from threadpoolctl import threadpool_limits

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV

N_CORES = 2
CV = 5
TRAINED = 1 - 1 / CV  # share of the rows that a fold trains on
N_WARM_UP = 200  # rows, about
NO_EARLY_END = {"tol": 0.0, "n_iter_no_change": 10**6}
SKORCH_SCRIPT = Path(__file__).with_name("skorch_search.py")


class Sizes(NamedTuple):
    """How much work there is."""

    epochs: int = 30
    skorch_epochs: int = 50
    n_rows: int = 20_000
    n_logistic: int = 20
    n_ridge: int = 100
    n_iris: int = 60


QUICK = Sizes(epochs=2, skorch_epochs=2, n_rows=1_000, n_logistic=3, n_ridge=5, n_iris=5)


class Timed(NamedTuple):
    """What one call of a search gave."""

    seconds: float
    scores: np.ndarray  # mean test score of every candidate


class Search(NamedTuple):
    """A search that runs in this process, or in joblib's processes."""

    search: Any
    X: np.ndarray
    y: np.ndarray
    backend: str | None = None

    def warm_up(self) -> None:
        """Load compiled kernels, start worker processes: all that only a first call has to do."""
        every = max(1, len(self.X) // N_WARM_UP)
        self._fit(self.X[::every], self.y[::every])

    def run(self) -> Timed:
        start = perf_counter()
        fitted = self._fit(self.X, self.y)
        return Timed(perf_counter() - start, mean_scores(fitted))

    def _fit(self, X: np.ndarray, y: np.ndarray) -> Any:
        with parallel_config(self.backend) if self.backend else nullcontext():
            return clone(self.search).fit(X, y)


class SkorchSearch(NamedTuple):
    """A search of skorch's, in a process of the interpreter that has it."""

    python: str
    X: np.ndarray
    y: np.ndarray
    candidates: list[tuple[float, float]]  # learning rate and alpha of those that are trained
    scale: float  # how many there would be for each of them
    epochs: int

    def warm_up(self) -> None:
        """Leave that to the process: it warms up before it takes the time."""

    def run(self) -> Timed:
        given = {
            "X": self.X.tolist(),
            "y": self.y.tolist(),
            "candidates": self.candidates,
            "epochs": self.epochs,
            "n_jobs": N_CORES,
            "cv": CV,
        }
        done = run_python(self.python, [str(SKORCH_SCRIPT)], json.dumps(given))
        if done.returncode:
            sys.exit(f"skorch failed in {self.python}:\n{done.stderr}")
        took = json.loads(done.stdout.splitlines()[-1])
        return Timed(
            took["refit"] + self.scale * (took["search"] - took["refit"]), np.array(took["scores"])
        )


class Peer(NamedTuple):
    """Searches that do the same as ours, the fastest of which counts."""

    name: str
    wanted: int  # ours is to take one part in so many
    searches: dict[str, Any]
    candidates: Sequence[int] | slice = slice(None)  # those that it trains
    note: str = ""


class Problem(NamedTuple):
    """What is tuned: our search and its peers."""

    name: str
    ours: dict[str, Search]  # by how it runs in parallel
    peers: list[Peer]


def main():
    options = parse_arguments()
    silence_warnings()
    sizes = QUICK if options.quick else Sizes()
    problems = {k: v for k, v in PROBLEMS.items() if any(word in k for word in options.only)}
    if options.profile:
        for make_problem in problems.values():
            profile(make_problem(sizes, options))
        return
    print(f"{cpu_count()} cores, n_jobs={N_CORES}; {CV} folds; medians of {options.rounds} rounds;")
    print(f"load average before: {os.getloadavg()[0]:.1f}\n")
    print("| search | ours in | peer | ours, s | peer, s | ours/peer | wanted | met |", end="")
    print(" best mean test score, ours | peer's |")
    print("|---" * 10 + "|", flush=True)
    missing = []
    for make_problem in problems.values():
        problem = make_problem(sizes, options)
        report(problem, options.rounds)
        missing += [f"{peer.name}: {peer.note}" for peer in problem.peers if not peer.searches]
    print("", *missing, sep="\n")


def profile(problem: Problem) -> None:
    """Print in which functions our search spends its time, in one thread of Python and of BLAS."""
    _, (search, X, y, _) = next(iter(problem.ours.items()))
    search = clone(search).set_params(n_jobs=None)
    with threadpool_limits(1):
        clone(search).fit(X, y)
        profiler = cProfile.Profile()
        profiler.runcall(clone(search).fit, X, y)
    print(f"{problem.name}: functions by their own time, then by that of all they call")
    pstats.Stats(profiler).sort_stats("tottime").print_stats(12).sort_stats("cumtime").print_stats(
        "skopt_suite", 40
    )


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the script")
    parser.add_argument(
        "--only", nargs="+", default=[""], help=f"words in the names of rows: {list(PROBLEMS)}"
    )
    parser.add_argument(
        "--skorch-python", default=sys.executable, help="a Python that has torch and skorch"
    )
    parser.add_argument(
        "--profile", action="store_true", help="only profile ours, in one thread: where time goes"
    )
    parser.add_argument(
        "--all", action="store_true", help="train all candidates with skorch, not 4 of 50"
    )
    return parser.parse_args()


def silence_warnings():
    """Say nothing of fits that ``max_iter`` ended, which is what is wanted here."""
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # of joblib's processes


def report(problem: Problem, rounds: int) -> None:
    """Measure and print one row of the table for every peer and way to run ours."""
    runs = measure(problem, rounds)
    for peer in problem.peers:
        for way in problem.ours:
            print(f"| {problem.name} | {way} | ", end="")
            print(row(peer, runs[way], runs), flush=True)


def row(peer: Peer, ours: list[Timed], runs: dict[str, list[Timed]]) -> str:
    """Return the rest of a row."""
    our_seconds = [timed.seconds for timed in ours]
    if not peer.searches:
        return f"{peer.name} | {median(our_seconds):.2f} | not measured | | 1/{peer.wanted} | | | |"
    fastest = min(peer.searches, key=lambda name: median(t.seconds for t in runs[name]))
    theirs = [timed.seconds for timed in runs[fastest]]
    ratio = median(np.divide(our_seconds, theirs))
    cells = [
        ", ".join(filter(None, [peer.name, fastest.partition(": ")[2], peer.note])),
        f"{median(our_seconds):.2f}",
        f"{median(theirs):.2f}",
        as_part(ratio),
        f"1/{peer.wanted}",
        "yes" if ratio <= 1 / peer.wanted else "no",
        f"{ours[-1].scores[peer.candidates].max():.4f}",
        f"{runs[fastest][-1].scores.max():.4f}",
    ]
    return " | ".join(cells) + " |"


def as_part(ratio: float) -> str:
    """Write a ratio as one part in so many, or as it is where ours is slower."""
    return f"1/{1 / ratio:.1f}" if ratio < 1 else f"{ratio:.1f}"


def measure(problem: Problem, rounds: int) -> dict[str, list[Timed]]:
    """Let ours and the peers take turns, so that a slow minute of the machine hits all of them."""
    searches: dict[str, Any] = dict(problem.ours)
    for peer in problem.peers:
        searches |= peer.searches
    for search in searches.values():
        search.warm_up()
    runs: dict[str, list[Timed]] = {name: [] for name in searches}
    for round_ in range(1, rounds + 1):
        for name, search in searches.items():
            runs[name].append(search.run())
            seconds = runs[name][-1].seconds
            print(f"round {round_}: {problem.name}: {name} {seconds:.2f} s", file=sys.stderr)
    return runs


def mean_scores(fitted: Any) -> np.ndarray:
    """Return the mean test score of every candidate."""
    if isinstance(fitted, LogisticRegressionCV):
        return fitted.scores_.mean(axis=0).ravel()
    return fitted.cv_results_["mean_test_score"]


# One function per problem. docs/conversion.rst tells how penalties are converted.


def mlp(batch_size: int, wanted: int, sizes: Sizes, options: argparse.Namespace) -> Problem:
    X, y = digits()
    shared = {
        "hidden_layer_sizes": (100,),
        "batch_size": batch_size,
        "max_iter": sizes.epochs,
        "random_state": 0,
        **NO_EARLY_END,
    }
    rates, alphas = np.logspace(-4, -2, 5), np.array([1e-5, 1e-3])
    ours = {"optimizer__learning_rate": rates, "penalty__alpha": alphas}
    theirs = {"learning_rate_init": rates, "alpha": alphas * batch_size}
    peer = plain(SklearnMLP(**shared), theirs, N_CORES)
    return Problem(
        f"MLP (100,) on digits, 10 candidates, batch {batch_size}, {sizes.epochs} epochs",
        in_both_ways(fused(MLPClassifier(**PLAIN, **shared), ours), X, y),
        [Peer("GridSearchCV(MLPClassifier)", wanted, {"GridSearchCV": Search(peer, X, y)})],
    )


def skorch(sizes: Sizes, options: argparse.Namespace) -> Problem:
    X, y = digits()
    settings = {"batch_size": 32, "max_iter": sizes.skorch_epochs, "random_state": 0}
    network = MLPClassifier((64, 64), **PLAIN, **settings, **NO_EARLY_END)
    grid = {
        "optimizer__learning_rate": np.logspace(-4, -2, 10),
        "penalty__alpha": np.logspace(-6, -2, 5),
    }
    candidates = [tuple(params[key] for key in grid) for params in ParameterGrid(grid)]
    n_trained = len(candidates) if options.all else 4
    trained = np.linspace(0, len(candidates) - 1, n_trained).round().astype(int)
    note = "" if options.all else f"scaled from {n_trained} of {len(candidates)} candidates"
    search = SkorchSearch(
        options.skorch_python,
        X,
        y,
        [candidates[i] for i in trained],
        len(candidates) / n_trained,
        sizes.skorch_epochs,
    )
    missing = run_python(options.skorch_python, ["-c", "import sklearn, skorch, torch"]).returncode
    if missing:
        note = (
            f"not measured, because {options.skorch_python} cannot import all of scikit-learn, "
            "torch and skorch. `pip install scikit-learn torch skorch` in a virtual environment, "
            "and give its Python as --skorch-python."
        )
    return Problem(
        f"MLP (64, 64) on digits, {len(candidates)} candidates, batch 32, "
        f"{sizes.skorch_epochs} epochs",
        in_both_ways(fused(network, grid), X, y),
        [Peer("skorch in GridSearchCV", 15, {} if missing else {"skorch": search}, trained, note)],
    )


def binary(sizes: Sizes, options: argparse.Namespace) -> Problem:
    X, y = make_classification(sizes.n_rows, 100, n_informative=20, random_state=0)
    alphas = np.logspace(-5, 0, sizes.n_logistic)
    Cs = 1 / (TRAINED * len(X) * alphas)
    solvers = ["lbfgs", "newton-cholesky"]
    shared = {"tol": 1e-5, "max_iter": 1000}
    grid_searches = {
        f"GridSearchCV: {solver}": Search(
            plain(LogisticRegression(solver=solver, **shared), {"C": Cs}, N_CORES), X, y
        )
        for solver in solvers
    }
    paths = {
        f"LogisticRegressionCV: {solver}": Search(
            LogisticRegressionCV(
                Cs=Cs,
                cv=CV,
                solver=solver,
                n_jobs=N_CORES,
                l1_ratios=(0,),
                scoring="accuracy",
                use_legacy_attributes=False,
                **shared,
            ),
            X,
            y,
        )
        for solver in solvers
    }
    return Problem(
        f"binary logistic, {len(X):,} × 100, {len(alphas)} alphas, tol 1e-5",
        in_threads(fused(LinearClassifier(**shared), {"penalty__alpha": alphas}), X, y),
        [
            Peer("GridSearchCV(LogisticRegression)", 10, grid_searches),
            Peer("LogisticRegressionCV", 5, paths),
        ],
    )


def multinomial(sizes: Sizes, options: argparse.Namespace) -> Problem:
    X, y = load_digits(return_X_y=True)
    X = X / 16
    alphas = np.logspace(-5, 0, sizes.n_logistic)
    # The folds have 1,437 or 1,438 rows to train on; C is that of their mean.
    peer = plain(LogisticRegression(max_iter=1000), C_of(alphas, X), N_CORES)
    return Problem(
        f"multinomial logistic on digits, {len(alphas)} alphas",
        in_both_ways(fused(LinearClassifier(max_iter=1000), {"penalty__alpha": alphas}), X, y),
        [Peer("GridSearchCV(LogisticRegression)", 5, {"GridSearchCV": Search(peer, X, y)})],
    )


def ridge(sizes: Sizes, options: argparse.Namespace) -> Problem:
    X, y = make_regression(sizes.n_rows, 100, noise=100.0, random_state=0)
    alphas = np.logspace(-4, 2, sizes.n_ridge)
    peer = plain(Ridge(), {"alpha": TRAINED * len(X) * alphas}, N_CORES)
    ours = LinearRegressor(optimizer="closed_form")
    return Problem(
        f"ridge, {len(X):,} × 100, {len(alphas)} alphas",
        in_threads(fused(ours, {"penalty__alpha": alphas}), X, y),
        [Peer("GridSearchCV(Ridge)", 30, {"GridSearchCV": Search(peer, X, y)})],
    )


def iris(sizes: Sizes, options: argparse.Namespace) -> Problem:
    X, y = load_iris(return_X_y=True)
    alphas = np.logspace(-4, 1, sizes.n_iris)
    theirs = LogisticRegression(max_iter=1000)
    peers = {
        f"GridSearchCV: n_jobs={n_jobs}": Search(plain(theirs, C_of(alphas, X), n_jobs), X, y)
        for n_jobs in (1, N_CORES)
    }
    # So little work that handing it to a second thread costs more than it brings.
    ours = fused(LinearClassifier(max_iter=1000), {"penalty__alpha": alphas}, n_jobs=None)
    return Problem(
        f"linear on iris, {len(alphas)} alphas",
        {"one thread": Search(ours, X, y)},
        [Peer("GridSearchCV(LogisticRegression)", 10, peers)],
    )


PROBLEMS: dict[str, Callable[[Sizes, argparse.Namespace], Problem]] = {
    "mlp, batch 32": partial(mlp, 32, 8),
    "mlp, batch 200": partial(mlp, 200, 5),
    "skorch": skorch,
    "binary": binary,
    "multinomial": multinomial,
    "ridge": ridge,
    "iris": iris,
}


def fused(estimator: Any, grid: dict[str, Any], n_jobs: int | None = N_CORES) -> FusedGridSearchCV:
    return FusedGridSearchCV(estimator, grid, cv=CV, n_jobs=n_jobs)


def in_threads(search: FusedGridSearchCV, X: np.ndarray, y: np.ndarray) -> dict[str, Search]:
    return {"threads": Search(search, X, y)}


def in_both_ways(search: FusedGridSearchCV, X: np.ndarray, y: np.ndarray) -> dict[str, Search]:
    return in_threads(search, X, y) | {"processes": Search(search, X, y, "loky")}


def plain(estimator: Any, grid: dict[str, Any], n_jobs: int) -> GridSearchCV:
    return GridSearchCV(estimator, grid, cv=CV, n_jobs=n_jobs)


def C_of(alphas: np.ndarray, X: np.ndarray) -> dict[str, np.ndarray]:
    """Return the grid of LogisticRegression's ``C`` that weighs the penalty as `alphas` do."""
    return {"C": 1 / (TRAINED * len(X) * alphas)}


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return digits in float32, in which all contestants then train."""
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


def run_python(python: str, arguments: list[str], given: str = "") -> subprocess.CompletedProcess:
    """Run another interpreter, with one thread in each of its processes."""
    variables = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    return subprocess.run(
        [python, *arguments],
        env=os.environ | dict.fromkeys(variables, "1"),
        input=given,
        capture_output=True,
        text=True,
    )


if __name__ == "__main__":
    main()
