"""Compare recipes for networks on real tables, prepared alike for all, without tuning.

    python benchmarks/defaults.py                          # recipes on the tables to choose on
    python benchmarks/defaults.py --part confirm --only scikit-learn ours
    python benchmarks/defaults.py --peer "linear, scikit-learn" --only "linear, ours" --rows 50

Prints the score of every recipe by table (accuracy, or R²), then for each the share of tables on
which it beats the peer, scikit-learn's network, in score, and in log loss; where it does worst
beside it; and its error (1 - score), log loss and time beside that. Every figure is a mean over
splits. What has been measured is kept in ``--cache`` and not measured again.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from tables import Split, splits

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import AdamW, AverageWeights

PEER = "scikit-learn"


def ours(**changed: Any) -> Callable[[bool], Any]:
    """Return what makes our network with some parameters changed."""

    def make(is_classification: bool) -> Any:
        network = MLPClassifier if is_classification else MLPRegressor
        return network(random_state=0).set_params(**changed)

    return make


def either(classifier: Any, regressor: Any, **given: Any) -> Callable[[bool], Any]:
    """Return what makes an estimator of another family."""
    return lambda is_classification: (classifier if is_classification else regressor)(**given)


FORMER: dict[str, dict[str, Any]] = {
    "widths": {"hidden_layer_sizes": (100,)},
    "optimizer": {"optimizer": "adam"},
    "schedule": {"schedule": "constant", "max_iter": 200},
    "dropout": {"dropout": 0.0},
    "batches": {"batch_size": 200},
    "early stopping": {"early_stopping": False},
}
"""What scikit-learn's network does, and ours did: what each change brought."""

AVERAGED = AverageWeights(AdamW(0.003, weight_decay=0.02), decay=0.99)
"""What "auto" stands for, with predictions by an average of the parameters."""

OTHERS: dict[str, dict[str, Any]] = {
    "dropout 0.1": {"dropout": 0.1},
    "dropout 0.3": {"dropout": 0.3},
    "64 units": {"hidden_layer_sizes": (64, 64)},
    "256 units": {"hidden_layer_sizes": (256, 256)},
    "three layers": {"hidden_layer_sizes": (128, 128, 128)},
    "silu": {"activation": "silu"},
    "averaged": {"optimizer": AVERAGED},
    "silu, averaged": {"activation": "silu", "optimizer": AVERAGED},
    "batches of 32": {"batch_size": 32},
    "residual": {"residual": True},
    "rate 0.001": {"optimizer__learning_rate": 0.001},
    "rate 0.01": {"optimizer__learning_rate": 0.01},
    "one cycle": {"schedule": "one_cycle"},
    "on plateaus": {"schedule": "reduce_on_plateau", "max_iter": 200, "n_iter_no_change": 15},
    "40 epochs": {"max_iter": 40},
    "100 epochs": {"max_iter": 100},
    "120 epochs": {"max_iter": 120},
    "200 epochs": {"max_iter": 200},
}
"""What might have been chosen."""

RECIPES: dict[str, Callable[[bool], Any]] = {
    PEER: either(TheirClassifier, TheirRegressor, random_state=0),
    "ours": ours(),
    "linear, scikit-learn": either(LogisticRegression, Ridge),
    "linear, ours": either(LinearClassifier, LinearRegressor),
    "boosting": either(
        HistGradientBoostingClassifier, HistGradientBoostingRegressor, random_state=0
    ),
    "ours, all as before": ours(**{k: v for part in FORMER.values() for k, v in part.items()}),
    **{f"ours, {name} as before": ours(**part) for name, part in FORMER.items()},
    **{f"ours, {name}": ours(**part) for name, part in OTHERS.items()},
}


def with_rows(split: Split, n_rows: int) -> Split:
    """Return the split with some of its rows to train on, and the classes that these have."""
    kept = np.random.RandomState(split.number).permutation(len(split.X))[:n_rows]
    y = split.y[kept]
    known = np.isin(split.y_test, y) if split.is_classification else slice(None)
    return split._replace(
        table=split.table._replace(name=f"{split.table.name}, {n_rows} rows"),
        X=split.X[kept],
        y=y,
        X_test=split.X_test[known],
        y_test=split.y_test[known],
    )


def measured(recipe: str, split: Split) -> dict[str, Any]:
    """Train on a split; return what came out."""
    model = RECIPES[recipe](split.is_classification)
    scale = 1.0 if split.is_classification else split.y.std()
    y = split.y if split.is_classification else (split.y - split.y.mean()) / scale
    began = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(split.X, y)
    found = {"seconds": perf_counter() - began}
    if split.is_classification:
        probabilities = model.predict_proba(split.X_test)
        predicted = model.classes_[probabilities.argmax(axis=1)]
        found["score"] = accuracy_score(split.y_test, predicted)
        found["log loss"] = log_loss(split.y_test, probabilities, labels=model.classes_)
    else:
        found["score"] = r2_score(
            (split.y_test - split.y.mean()) / scale, model.predict(split.X_test)
        )
    return found


def table_of(rows: list[dict[str, Any]], value: str) -> dict[str, dict[str, float]]:
    """Return means over splits by table and recipe."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if value in row:
            found[row["table"]][row["recipe"]].append(row[value])
    return {
        name: {recipe: float(np.mean(values)) for recipe, values in of_table.items()}
        for name, of_table in found.items()
    }


def report(rows: list[dict[str, Any]], recipes: list[str], peer: str) -> None:
    """Print scores by table, and how recipes do beside the peer."""
    scores, losses, times = (table_of(rows, name) for name in ("score", "log loss", "seconds"))
    print(f"| table | {' | '.join(recipes)} |\n{'|---' * (len(recipes) + 1)}|")
    for name, of_table in scores.items():
        print(f"| {name} | " + " | ".join(f"{of_table[recipe]:.4f}" for recipe in recipes) + " |")
    columns = f"recipe | beats {peer} in score | by at least | in log loss | which is at most"
    print(f"\n| {columns} | error | loss | median of its time | at most |\n{'|---' * 9}|")
    for recipe in recipes:
        error = mean_ratio([(1 - of[recipe], 1 - of[peer]) for of in scores.values()])
        loss = mean_ratio([(of[recipe], of[peer]) for of in losses.values()])
        gains = np.array([of[recipe] - of[peer] for of in scores.values()])
        ratios = np.array([of[recipe] / of[peer] for of in losses.values()])
        most = f"{(ratios < 1).mean():.0%} | × {ratios.max():.4f}" if len(ratios) else "|"
        slower = [of[recipe] / of[peer] for of in times.values()]
        better = f"{(gains > 0).mean():.0%} | {gains.min():+.4f}"
        time = f"{np.median(slower):.2f} | {max(slower):.2f}"
        print(f"| {recipe} | {better} | {most} | {error:.3f} | {loss:.3f} | {time} |")


def mean_ratio(pairs: list[tuple[float, float]]) -> float:
    """Return the geometric mean of the ratios, none beyond 0.7 and 1.4 lest one decides."""
    if not pairs:
        return float("nan")
    logarithms = [np.log((ours + 1e-3) / (theirs + 1e-3)) for ours, theirs in pairs]
    return float(np.exp(np.mean(np.clip(logarithms, np.log(0.7), np.log(1.4)))))


def main() -> None:
    """Measure what is not known yet, and report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=["choose", "confirm"], default="choose")
    parser.add_argument("--only", nargs="+", default=list(RECIPES), help="recipes")
    parser.add_argument("--peer", choices=list(RECIPES), default=PEER)
    parser.add_argument("--rows", type=int, help="to train on")
    parser.add_argument("--tables", default="", help="a word in the names of tables")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--cache", type=Path, help="a file of what has been measured")
    options = parser.parse_args()
    recipes = list(dict.fromkeys([options.peer, *options.only]))
    known = {}
    if options.cache and options.cache.exists():
        lines = map(json.loads, options.cache.read_text().splitlines())
        known = {(row["table"], row["split"], row["recipe"]): row for row in lines}
    rows = []
    for split in splits(options.part, options.splits, options.tables):
        if options.rows:
            split = with_rows(split, options.rows)
        for recipe in recipes:
            key = (split.table.name, split.number, recipe)
            if key not in known:
                known[key] = dict(zip(("table", "split", "recipe"), key, strict=True))
                known[key] |= measured(recipe, split)
                if options.cache:
                    with options.cache.open("a") as file:
                        file.write(json.dumps(known[key]) + "\n")
            rows.append(known[key])
    report(rows, recipes, options.peer)


if __name__ == "__main__":
    main()
