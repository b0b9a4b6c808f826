"""Time a fused grid search beside scikit-learn's GridSearchCV on the same estimator.

    python benchmarks/fused_search.py [--rounds 3]

Digits, 5 folds; ``ours/plain`` below 1 means that the fused search is faster. The plain search runs
with two processes (joblib's default) and with one. scikit-learn's own estimator, tuned over the
same number of candidates, is there for scale.
"""

import argparse
import os
import warnings
from statistics import median
from time import perf_counter

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as SklearnMLP

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV

ALPHAS = np.logspace(-5, 0, 10)
RATES = np.logspace(-4, -1, 10)
MLP = {"hidden_layer_sizes": (32,), "batch_size": 32, "max_iter": 10, "random_state": 0}

PROBLEMS = {
    "MLP 64-32-10, 100 candidates": (
        MLPClassifier(**MLP),
        {"optimizer__learning_rate": RATES, "penalty__alpha": ALPHAS},
        SklearnMLP(**MLP),
        {"learning_rate_init": RATES, "alpha": ALPHAS},
    ),
    "linear, Adam, 100 candidates": (
        LinearClassifier(optimizer="adam", batch_size=64, max_iter=10, random_state=0),
        {"optimizer__learning_rate": RATES, "penalty__alpha": ALPHAS},
        None,
        None,
    ),
    "linear, L-BFGS, 50 candidates": (
        LinearClassifier(),
        {"penalty__alpha": np.logspace(-5, 0, 50)},
        LogisticRegression(),
        {"C": np.logspace(-4, 2, 50)},
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore", ConvergenceWarning)
    os.environ["PYTHONWARNINGS"] = "ignore"  # of joblib's processes
    X, y = load_digits(return_X_y=True)
    X = X / 16
    print(f"load average before: {os.getloadavg()[0]:.1f}; medians of {rounds} rounds, seconds")
    for name, (ours, grid, theirs, their_grid) in PROBLEMS.items():
        searches = {
            "fused": FusedGridSearchCV(ours, grid, cv=5),
            "fused, n_jobs=2": FusedGridSearchCV(ours, grid, cv=5, n_jobs=2),
            "plain": GridSearchCV(ours, grid, cv=5),
            "plain, n_jobs=2": GridSearchCV(ours, grid, cv=5, n_jobs=2),
        }
        if theirs is not None:
            searches["scikit-learn, n_jobs=2"] = GridSearchCV(theirs, their_grid, cv=5, n_jobs=2)
        times = {label: [] for label in searches}
        for _ in range(rounds):
            for label, search in searches.items():
                start = perf_counter()
                search.fit(X, y)
                times[label].append(perf_counter() - start)
        print(f"\n{name} × 5 folds")
        for label, measured in times.items():
            ratio = median(times["fused, n_jobs=2"]) / median(measured)
            print(f"  {label:24s}{median(measured):8.2f}   fused, n_jobs=2 takes {ratio:.2f} of it")


if __name__ == "__main__":
    main()
