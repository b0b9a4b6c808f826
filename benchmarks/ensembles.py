"""Time an ensemble of networks beside scikit-learn's bagging of the same network.

Members are trained as stacks (ours), and one by one in processes (scikit-learn's
``BaggingClassifier`` over the same estimator). Beside them stands what bounds ours: the matrix
products of all steps alone, on the rows that count, and how many times those of one member that
has all threads they take. Seconds of all processors together say what was done where others use
them, too. See ``benchmarks/README.md`` for the command.
"""

import argparse
import os
import statistics
import warnings
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, process_time

import numpy as np
from reference_network import PLAIN
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_info, threadpool_limits

from skopt_suite import MLPClassifier
from skopt_suite.ensemble import FusedBaggingClassifier

N_FEATURES, N_CLASSES = 64, 10
DRAWN = 1 - np.exp(-1)  # of rows, at least once


def main():
    options = parse_arguments()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"load average before: {os.getloadavg()[0]:.1f}; BLAS: {kernels()}")
    X, y = data(options.rows)
    print(
        "members  ours [s]  to one member  scikit-learn [s]  ours / theirs  products [s]  floor"
        "  ours [CPU s]  products [CPU s]"
    )
    one, n_rows = None, int(DRAWN * options.batch)
    of_one, _ = products(options.jobs, n_rows // options.jobs, options)
    for n_members in options.members:
        (ours, theirs), (work, _) = seconds_of_both(n_members, X, y, options)
        one = one or ours / n_members
        bound, least = products(n_members, n_rows, options)
        print(
            f"{n_members:7d} {ours:9.3f} {ours / one:14.2f} {theirs:17.3f} {ours / theirs:14.2f} "
            f"{bound:13.3f} {bound / of_one:6.2f} {work:13.3f} {least:17.3f}"
        )


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def kernels():
    names = {one.get("architecture", "?") for one in threadpool_info() if one["user_api"] == "blas"}
    return ", ".join(sorted(names))


def data(n_rows):
    X, y = make_classification(
        n_rows, N_FEATURES, n_informative=20, n_classes=N_CLASSES, random_state=0
    )
    return X.astype(np.float32), y


def seconds_of_both(n_members, X, y, options):
    """Return medians of the times of fit, and of this process; the two take turns."""
    network = MLPClassifier(
        (options.hidden,),
        **PLAIN,
        batch_size=options.batch,
        max_iter=options.epochs,
        tol=None,
    )
    classes = FusedBaggingClassifier, BaggingClassifier
    contestants = [cls(network, n_members, n_jobs=options.jobs, random_state=0) for cls in classes]
    for ensemble in contestants:  # compiles, and starts processes
        ensemble.fit(X, y)
    times = [
        [seconds(ensemble.fit, X, y) for ensemble in contestants] for _ in range(options.rounds)
    ]
    ours, theirs = (medians(of_one) for of_one in zip(*times, strict=True))
    return [*zip(ours, theirs, strict=True)]


def products(n_members, n_rows, options):
    """Return the times of the matrix products of all steps, members being shared by threads."""
    rng = np.random.default_rng(0)
    sizes = [(N_FEATURES, options.hidden), (options.hidden, N_CLASSES)]
    arrays = [
        tuple(rng.random(shape, dtype=np.float32) for shape in shapes)
        for n_in, n_out in sizes
        for shapes in [((n_rows, n_in), (n_in, n_out), (n_rows, n_out))]
    ]

    def train(_):
        for _ in range(options.epochs * -(-options.rows // options.batch)):
            for layer, (x, weights, delta) in enumerate(arrays):
                x @ weights, x.T @ delta
                if layer:
                    delta @ weights.T

    with threadpool_limits(1), ThreadPoolExecutor(options.jobs) as threads:
        times = [seconds(list, threads.map(train, range(n_members))) for _ in range(options.rounds)]
    return medians(times)


def medians(rows):
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def seconds(function, *args):
    """Return the time of a call, and of all threads of this process together."""
    start, begun = perf_counter(), process_time()
    function(*args)
    return perf_counter() - start, process_time() - begun


if __name__ == "__main__":
    main()
