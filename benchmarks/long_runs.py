"""Memory of a process that trains for long: thousands of partial fits, of fits and of searches.

Every line is a tenth of the calls. See ``benchmarks/README.md`` for the commands.
"""

import argparse
import gc
import pickle
import sys
import time

import numpy as np
import psutil

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 10))
Y = (X[:, 0] + RNG.normal(size=200) > 0).astype(int)


def main():
    options = parse_arguments()
    model = MLPClassifier((16,), random_state=0)
    watch("partial fits", options.partial_fits, lambda: model.partial_fit(X, Y, classes=[0, 1]))
    size = len(pickle.dumps(model))
    print(f"n_iter_ {model.n_iter_}, {len(model.loss_curve_)} losses, {size:,} bytes as a pickle")
    watch("fits of linear models", options.fits, LinearClassifier().fit, X, Y)
    watch("fits of networks", options.fits, network().fit, X, Y)
    search = FusedGridSearchCV(network(), {"optimizer__learning_rate": [0.001, 0.01]}, cv=2)
    watch("searches", options.searches, search.fit, X, Y)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--partial-fits", type=int, default=10_000)
    parser.add_argument("--fits", type=int, default=1_000)
    parser.add_argument("--searches", type=int, default=100)
    return parser.parse_args()


def network():
    """Seeds of its own in every fit, as users leave them."""
    return MLPClassifier((16,), max_iter=2, tol=None)


def watch(name, n_calls, call, *args):
    """Print the memory after every tenth of the calls, and the time of one."""
    print(f"{name}: calls, MB, blocks of Python's objects, ms of a processor per call")
    for tenth in range(1, 11):
        start = time.process_time()
        for _ in range(n_calls // 10):
            call(*args)
        each = (time.process_time() - start) / (n_calls // 10)
        gc.collect()
        resident = psutil.Process().memory_info().rss / 2**20
        blocks = sys.getallocatedblocks()
        print(f"{tenth * n_calls // 10:8} {resident:8.1f} {blocks:10,} {1e3 * each:8.2f}")


if __name__ == "__main__":
    main()
