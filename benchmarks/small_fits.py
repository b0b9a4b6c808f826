"""Time what a notebook feels: the import, and the first and second ``fit`` on iris with defaults.

Every figure is the median over fresh interpreters. ``fit`` stands next to the scikit-learn
estimator that a user would have taken instead, with its defaults. See ``benchmarks/README.md`` for
the commands.
"""

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

# ours → scikit-learn's
ESTIMATORS = {
    "LinearClassifier": "sklearn.linear_model.LogisticRegression",
    "LinearRegressor": "sklearn.linear_model.Ridge",
    "MLPClassifier": "sklearn.neural_network.MLPClassifier",
    "MLPRegressor": "sklearn.neural_network.MLPRegressor",
}

# What is imported already when skopt_suite comes.
BASES = {
    "import sklearn": "sklearn",
    "import three submodules of sklearn": (
        "sklearn.linear_model, sklearn.neural_network, sklearn.model_selection"
    ),
}

IMPORT_CODE = """
from time import perf_counter as now
a = now()
import {base}
b = now()
import {ours}
print(f"[{{b - a}}, {{now() - b}}]")
"""


def main():
    options = parse_arguments()
    if options.worker:
        print(json.dumps(time_fits(options.worker)))
        return
    load = os.getloadavg()[0]
    print(f"median of {options.rounds} fresh interpreters; load average before: {load:.1f}")
    report_imports(options)
    report_fits(options)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--without-ours", action="store_true", help="time scikit-learn only")
    parser.add_argument(
        "--cold-cache",
        action="store_true",
        help="empty numba cache for each process: the first call compiles",
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def report_imports(options):
    print(f"\n{'import, ms':44} {'itself':>8} {'then skopt_suite adds':>22}")
    ours = "sys" if options.without_ours else "skopt_suite"
    for label, base in BASES.items():
        code = IMPORT_CODE.format(base=base, ours=ours)
        base_time, added = median_of_runs(["-c", code], options)
        print(f"{label:44} {base_time:8.0f} {added:22.0f}")


def report_fits(options):
    print(f"\n{'fit on iris, ms':44} {'first':>8} {'second':>8}")
    for ours, peer in ESTIMATORS.items():
        for estimator in [peer] if options.without_ours else [f"skopt_suite.{ours}", peer]:
            first, second = median_of_runs([__file__, "--worker", estimator], options)
            print(f"{estimator:44} {first:8.1f} {second:8.1f}")


def median_of_runs(arguments, options):
    """Medians in ms of the two times in s that each run prints; the first run is thrown away."""
    runs = [fresh_run(arguments, options.cold_cache) for _ in range(options.rounds + 1)][1:]
    return [1e3 * statistics.median(times) for times in zip(*runs, strict=True)]


def fresh_run(arguments, cold_cache):
    with tempfile.TemporaryDirectory() as empty:
        environment = os.environ | ({"NUMBA_CACHE_DIR": empty} if cold_cache else {})
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True
        )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def time_fits(path):
    """Seconds of the first and the second ``fit`` in this process."""
    from sklearn.datasets import load_iris

    module, name = path.rsplit(".", 1)
    estimator = getattr(importlib.import_module(module), name)
    X, y = load_iris(return_X_y=True)
    if name in ("LinearRegressor", "Ridge", "MLPRegressor"):
        X, y = X[:, :3], X[:, 3]
    warnings.simplefilter("ignore")  # some defaults stop short of convergence, as in a notebook
    return [time_one(estimator(), X, y) for _ in range(2)]


def time_one(estimator, X, y):
    start = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
