"""Tune a small network over thousands of candidates in one fused search, within a memory limit.

Digits, 5 folds, 5,000 learning rates × alphas of an MLP with 32 hidden units, ``max_memory="2GB"``
and two threads. Fails if the process takes more than 4 GB. See ``benchmarks/README.md``.
"""

import argparse
import os
import resource
import sys
import warnings
from time import perf_counter

import numpy as np
from reference_network import PLAIN
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import MLPClassifier
from skopt_suite.model_selection import FusedRandomizedSearchCV

LIMIT = 4 * 2**30  # bytes
BYTES = 1 if sys.platform == "darwin" else 2**10  # in a unit of ru_maxrss


def main():
    options = parse_arguments()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    search = make_search(options)
    print(f"load average before: {os.getloadavg()[0]:.1f}; {peak() / 2**20:.0f} MiB after imports")
    start = perf_counter()
    search.fit(X, y)
    seconds = perf_counter() - start
    n_fits = options.candidates * search.n_splits_
    print(f"{options.candidates} candidates × {search.n_splits_} folds, {options.epochs} epochs")
    print(f"wall time {seconds:.1f} s, {1e3 * seconds / n_fits:.2f} ms per fit")
    print(f"peak resident memory {peak() / 2**20:.0f} MiB")
    print(f"best mean test score {search.best_score_:.4f} with {search.best_params_}")
    if peak() > LIMIT:
        sys.exit(f"more than {LIMIT / 2**30:.0f} GiB of memory")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=5_000)
    parser.add_argument("--epochs", type=int, default=5)
    return parser.parse_args()


def make_search(options: argparse.Namespace) -> FusedRandomizedSearchCV:
    settings = {"batch_size": 32, "max_iter": options.epochs, "random_state": 0}
    network = MLPClassifier((32,), **PLAIN, **settings)
    distributions = {
        "optimizer__learning_rate": loguniform(1e-4, 1e-1),
        "penalty__alpha": loguniform(1e-6, 1e-2),
    }
    return FusedRandomizedSearchCV(
        network,
        distributions,
        n_iter=options.candidates,
        cv=5,
        n_jobs=2,
        max_memory="2GB",
        random_state=0,
    )


def peak() -> int:
    """Return the most memory that this process and its children have held at once, in bytes."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return BYTES * sum(resource.getrusage(one).ru_maxrss for one in who)


if __name__ == "__main__":
    main()
