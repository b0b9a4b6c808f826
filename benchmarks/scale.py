"""Rows in a file beside the same rows in memory: seconds per row, and the most memory taken.

``--search``: a grid of 100 × 5 on rows in a file, beside scikit-learn's search, of which some fits
are made and all are counted.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

N_FEATURES, BLOCK, N_EPOCHS = 50, 100_000, 3
ALPHAS, N_FOLDS = np.logspace(-6, 0, 100), 5
SIZES = (100_000, 1_000_000, 5_000_000, 20_000_000)


def models() -> dict[str, Any]:
    from skopt_suite import LinearClassifier, MLPClassifier

    often: Any = {"max_iter": N_EPOCHS, "tol": None, "random_state": 0}
    return {
        "linear, sgd": LinearClassifier(optimizer="sgd", batch_size=256, **often),
        "linear, lbfgs": LinearClassifier(optimizer="lbfgs", max_iter=20),
        "network (64,)": MLPClassifier((64,), batch_size=256, **often),
    }


def write(folder: Path, n_rows: int, n_features: int = N_FEATURES) -> None:
    """Write rows and targets, block by block."""
    rng, weights = np.random.default_rng(0), np.random.default_rng(1).normal(size=n_features)
    shape = (n_rows, n_features)
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", np.float32, shape)
    y = np.empty(n_rows, np.int8)
    for start in range(0, n_rows, BLOCK):
        rows = rng.standard_normal((min(BLOCK, n_rows - start), n_features), np.float32)
        X[start : start + BLOCK] = rows
        y[start : start + BLOCK] = rows @ weights + 3 * rng.standard_normal(len(rows)) > 0
    X.flush()
    np.save(folder / "y.npy", y)


def measure(folder: Path, name: str, place: str) -> dict[str, float]:
    """Fit once, after a small fit that compiles what is needed."""
    model, y = models()[name], np.load(folder / "y.npy")
    X = np.load(folder / "X.npy", mmap_mode="r" if place == "file" else None)
    warnings.simplefilter("ignore")
    model.fit(np.array(X[:2000]), y[:2000])
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(X, y)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    loss, n_iter = model.loss_, model.n_iter_
    return {"wall": wall, "cpu": cpu, "peak": peak(), "loss": loss, "n_iter": n_iter}


def measure_search(folder: Path, name: str) -> dict[str, float]:
    """Search on a file, in one sweep; or make 3 of the 500 fits of scikit-learn's search."""
    X, y = np.load(folder / "X.npy", mmap_mode="r"), np.load(folder / "y.npy")
    warnings.simplefilter("ignore")
    search = {"one sweep": in_one_sweep, "GridSearchCV": fit_by_fit}[name]
    search(np.array(X[:2000]), y[:2000])
    before = peak()
    wall, cpu = time.perf_counter(), time.process_time()
    share, sweeps, score = search(X, y)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "wall": wall / share,
        "cpu": cpu / share,
        "more": peak() - before,
        "sweeps": sweeps,
        "score": score,
    }


def in_one_sweep(X: Any, y: Any) -> tuple[float, float, float]:
    from skopt_suite import LinearClassifier
    from skopt_suite.model_selection import FusedGridSearchCV

    model = LinearClassifier(optimizer="lbfgs")
    search = FusedGridSearchCV(model, {"penalty__alpha": ALPHAS}, cv=N_FOLDS, refit=False)
    search.fit(X, y)
    return 1.0, search.fusion_report_.n_sweeps or 0.0, search.best_score_


def fit_by_fit(X: Any, y: Any) -> tuple[float, float, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    alphas = ALPHAS[[16, 50, 83]]
    n_rows = len(y) * (1 - 1 / N_FOLDS)
    split = next(StratifiedKFold(N_FOLDS).split(X, y))
    grid = {"C": 1 / (alphas * n_rows)}
    search = GridSearchCV(LogisticRegression(max_iter=1000), grid, cv=[split], refit=False)
    search.fit(X, y)
    return len(alphas) / (len(ALPHAS) * N_FOLDS), np.nan, search.best_score_


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def report_search(n_rows: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run("--write", folder, str(n_rows))
        for name in ("one sweep", "GridSearchCV") * rounds:
            one = json.loads(run("--one-search", folder, name))
            numbers = "{wall:8.1f} {cpu:8.1f} {sweeps:7.1f} {more:6.2f} {score:8.5f}".format(**one)
            print(f"{n_rows:>11,} {name:<14} {numbers}", flush=True)


def report(n_rows: int, rounds: int, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run("--write", folder, str(n_rows))  # its memory must not count
        for name in names:
            found: dict[str, list[dict]] = {"memory": [], "file": []}
            for _ in range(rounds):
                for place, results in found.items():
                    results.append(json.loads(run("--one", folder, name, place)))
            line(n_rows, name, found)


def run(*options: str) -> str:
    """Return what this script prints in a process of its own."""
    command = [sys.executable, __file__, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def line(n_rows: int, name: str, found: dict[str, list[dict]]) -> None:
    least = {
        place: {key: min(one[key] for one in results) for key in results[0]}
        for place, results in found.items()
    }
    for place, one in least.items():
        wall, cpu = (least["memory"][key] / one[key] for key in ("wall", "cpu"))
        per_row = {key: 1e9 * one[key] / n_rows / one["n_iter"] for key in ("wall", "cpu")}
        print(
            f"{n_rows:>11,} {name:<14} {place:<7} {per_row['wall']:7.0f} {per_row['cpu']:7.0f} "
            f"{one['peak']:6.2f} {one['loss']:8.5f} {one['n_iter']:3.0f} "
            f"{wall:5.2f} {cpu:5.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="most rows")
    parser.add_argument("--smallest", type=int, default=SIZES[0], help="fewest rows")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--models", nargs="*", default=list(models()), choices=list(models()))
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--one-search", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(Path(options.write[0]), int(options.write[1]))
        return
    if options.one:
        folder, name, place = options.one
        print(json.dumps(measure(Path(folder), name, place)))
        return
    if options.one_search:
        folder, name = options.one_search
        print(json.dumps(measure_search(Path(folder), name)))
        return
    if options.search:
        print("seconds of 100 x 5 fits; sweeps over the file; GB more than before")
        titles = f"{'wall':>8} {'cpu':>8} {'sweeps':>7} {'more':>6} {'score':>8}"
        print(f"{'rows':>11} {'search':<14} {titles}")
        for n_rows in (n for n in SIZES if options.smallest <= n <= options.largest):
            report_search(n_rows, options.rounds)
        return
    print("ns per row and epoch, the whole fit; peak in GB; ratio: throughput next to memory")
    print(f"{'rows':>11} {'model':<14} {'X in':<7} {'wall':>7} {'cpu':>7} {'peak':>6} {'loss':>8} "
          f"{'n':>3} {'wall':>5} {'cpu':>5}")  # fmt: skip
    for n_rows in (n for n in SIZES if options.smallest <= n <= options.largest):
        report(n_rows, options.rounds, options.models)


if __name__ == "__main__":
    main()
