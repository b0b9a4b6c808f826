"""Time what a notebook feels: the import, and the first and second ``fit`` on iris with defaults.

Every figure is the median over fresh interpreters. ``fit`` stands next to the scikit-learn
estimator that a user would have taken instead, with its defaults. What a fit takes after many
others is the fastest of them, in turns with the peer's. See ``benchmarks/README.md`` for the
commands.
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

# Of warm fits: ours, with what it takes; the same in scikit-learn; and what y is.
WARM = {
    "softmax": ("LinearClassifier()", "LogisticRegression()", "classes"),
    "logistic": ("LinearClassifier()", "LogisticRegression()", "labels"),
    "Poisson": (
        "LinearRegressor(loss='poisson')",
        "PoissonRegressor(alpha=1 / 150)",
        "counts",
    ),
    "Huber": ("LinearRegressor(loss='huber')", "HuberRegressor()", "numbers"),
    "quantile": (
        "LinearRegressor(loss='quantile', penalty=None)",
        "QuantileRegressor(alpha=0)",
        "numbers",
    ),
    "ridge": ("LinearRegressor()", "Ridge()", "numbers"),
    "lasso": ("LinearRegressor(penalty=L1(0.01))", "Lasso(alpha=0.01)", "numbers"),
}

N_WARM = 300  # fits of each

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
        timed = time_warm_fits if options.worker in WARM else time_fits
        print(json.dumps(timed(options.worker)))
        return
    load = os.getloadavg()[0]
    print(f"median of {options.rounds} fresh interpreters; load average before: {load:.1f}")
    report_imports(options)
    report_fits(options)
    if not options.without_ours:
        report_warm_fits(options)


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


def report_warm_fits(options):
    print(f"\n{'warm fit, 150 × 4, ms':44} {'ours':>8} {'peer':>8} {'ours/it':>8}")
    for name in WARM:
        ours, peer = median_of_runs([__file__, "--worker", name], options)
        print(f"{name:44} {ours:8.2f} {peer:8.2f} {ours / peer:8.2f}")


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


def time_warm_fits(name):
    """Seconds of the fastest of many fits, ours and scikit-learn's."""
    import sklearn.linear_model

    import skopt_suite.penalties

    *makers, kind = WARM[name]
    names = vars(sklearn.linear_model) | vars(skopt_suite.penalties) | vars(skopt_suite)
    X, y = warm_data(kind)
    warnings.simplefilter("ignore")
    rounds = [[time_one(eval(make, names), X, y) for make in makers] for _ in range(N_WARM)]
    return [min(times) for times in zip(*rounds, strict=True)]


def warm_data(kind):
    """Return iris, with targets of a kind."""
    import numpy as np
    from sklearn.datasets import load_iris

    X, classes = load_iris(return_X_y=True)
    rng = np.random.default_rng(0)
    targets = {
        "classes": classes,
        "labels": classes == 1,
        "counts": rng.poisson(np.exp(0.1 * X @ rng.normal(size=4))).astype(float),
        "numbers": X @ rng.normal(size=4) + rng.normal(size=len(X)),
    }
    return X, targets[kind]


def time_one(estimator, X, y):
    start = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
