"""Time predictions of networks before and after ``prune()``, and count the units that are left.

A network trained with the group lasso, by data set and ``alpha``: accuracy on rows held out, hidden
units that are left, the least processor time of a prediction of all rows held out, in one thread,
and for how many of them the pruned network predicts another class. See ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from time import process_time

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits
from tuned_optimizers import digits, mnist

from skopt_suite import MLPClassifier
from skopt_suite.penalties import GroupLasso

DATA = {"digits": digits, "MNIST 5,000": mnist}
ALPHAS = [1e-4, 3e-4, 1e-3]


def main() -> None:
    options = parse_arguments()
    print("| data | alpha | accuracy | units left | before, ms | after, ms | ratio | other class |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name, load in DATA.items():
        X, y = load()
        parts = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
        for alpha in ALPHAS:
            print(f"| {name} | {alpha:g} | {' | '.join(row(options, parts, alpha))} |", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=[256, 256])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=50)
    return parser.parse_args()


def row(options: argparse.Namespace, parts: list[np.ndarray], alpha: float) -> list[str]:
    """Return the cells of a row."""
    X, X_test, y, y_test = parts
    large = trained(options, X, y, alpha)
    small = large.prune()
    with threadpool_limits(1):
        before, after = best_ms(options.rounds, X_test, large.predict, small.predict)
    other = int((small.predict(X_test) != large.predict(X_test)).sum())
    left = " + ".join(map(str, small.hidden_layer_sizes))
    cells = [f"{before:.2f}", f"{after:.2f}", f"{after / before:.2f}", f"{other} of {len(y_test)}"]
    return [f"{small.score(X_test, y_test):.4f}", left, *cells]


def trained(
    options: argparse.Namespace, X: np.ndarray, y: np.ndarray, alpha: float
) -> MLPClassifier:
    clf = MLPClassifier(
        tuple(options.units),
        dropout=0.0,
        optimizer="adam",
        batch_size=200,
        penalty=GroupLasso(alpha),
        schedule="cosine",
        max_iter=options.epochs,
        n_iter_no_change=options.epochs,
        tol=0,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clf.fit(X, y)


def best_ms(rounds: int, X: np.ndarray, *predictors: Callable) -> list[float]:
    """Return how long each takes at best; they take turns."""
    times: list[list[float]] = [[] for _ in predictors]
    for _ in range(rounds):
        for of_one, predict in zip(times, predictors, strict=True):
            start = process_time()
            predict(X)
            of_one.append(1000 * (process_time() - start))
    return [min(of_one) for of_one in times]


if __name__ == "__main__":
    main()
