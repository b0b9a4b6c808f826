"""What a fitted search found, as its displays see it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skopt_suite.plotting._values import MISSING, key, label, scale_of, short_names


@dataclass(frozen=True)
class Results:
    """Candidates of a search and their scores by one metric; scores that are not finite are NaN.

    Of a candidate that a halving search evaluated in several rounds, the last one counts.
    """

    display: str
    """Name of the display, for errors."""
    score_name: str
    params: list[dict[str, Any]]
    test_scores: np.ndarray
    """Shape (n_candidates, n_splits)."""
    train_scores: np.ndarray | None
    means: np.ndarray
    """Mean test scores, shape (n_candidates,)."""
    rounds: np.ndarray
    """Round of a halving search, shape (n_candidates,); zero for other searches."""

    @property
    def names(self) -> list[str]:
        """The parameters that were searched."""
        return list(dict.fromkeys(name for params in self.params for name in params))

    def values(self, name: str, candidates: Iterable[int] | None = None) -> list[Any]:
        candidates = range(len(self.params)) if candidates is None else candidates
        return [self.params[i].get(name, MISSING) for i in candidates]

    def check_names(self, *names: str) -> None:
        for name in names:
            if name not in self.names:
                raise ValueError(
                    f"{self.display}: unknown parameter {name!r}; searched were: "
                    f"{', '.join(self.names) or 'none'}"
                )
        if len(set(names)) < len(names):
            raise ValueError(f"{self.display}: parameters must differ; got {', '.join(names)}")

    def select(self, names: Sequence[str], where: Mapping[str, Any] | None) -> list[int]:
        """Return the candidates that have all of `names`, and the values that `where` asks for."""
        where = where or {}
        self.check_names(*names, *where)
        chosen = [i for i, params in enumerate(self.params) if all(n in params for n in names)]
        for name, value in where.items():
            kept = [i for i in chosen if key(self.params[i].get(name, MISSING)) == key(value)]
            if not kept:
                known = ", ".join(scale_of(self.values(name, chosen)).labels())
                raise ValueError(
                    f"{self.display}: no candidate has {name}={label(value)}, as where={{…}} asks "
                    f"for; there are: {known or 'none'}"
                )
            chosen = kept
        return chosen

    def check_scored(self, candidates: Sequence[int]) -> None:
        if not np.isfinite(self.means[list(candidates)]).any():
            raise ValueError(
                f"{self.display}: none of the {len(candidates)} candidates to draw has a finite "
                f"{self.score_name}. Their fits or scores failed; error_score='raise' in the "
                "search shows why."
            )

    def best(self, candidates: Iterable[int]) -> int:
        """Return the candidate of the last round that scored best; the first if all failed."""

        def rank(i: int) -> tuple:
            scored = np.isfinite(self.means[i])
            return scored, self.rounds[i], self.means[i] if scored else 0.0

        return max(candidates, key=rank)

    def groups(self, names: Sequence[str], candidates: Iterable[int]) -> list[list[int]]:
        """Return lists of the candidates that share the values of `names`."""
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for i in candidates:
            groups[tuple(key(self.params[i][name]) for name in names)].append(i)
        return list(groups.values())

    def others(self, names: Iterable[str], candidates: Iterable[int]) -> list[str]:
        """Return the parameters besides `names` that vary among the candidates."""
        candidates = list(candidates)
        return [
            name
            for name in self.names
            if name not in names and len(set(map(key, self.values(name, candidates)))) > 1
        ]

    def note(self, others: Sequence[str], where: Mapping[str, Any] | None) -> str:
        """Return what an axis label says about the parameters that are not on an axis."""
        short = short_names(self.names)
        notes = [f"{short[name]}={label(value)}" for name, value in (where or {}).items()]
        if others:
            notes.append("best over the other parameters")
        return f"({', '.join(notes)})" if notes else ""


def read_search(search: Any, metric: str | None, display: str) -> Results:
    """Return the results of a fitted search by one metric; None: the one that it refitted by."""
    if not hasattr(search, "cv_results_"):
        check_is_fitted(search)
        raise TypeError(
            f"{display} needs a fitted search, such as GridSearchCV or FusedGridSearchCV; got "
            f"{type(search).__name__}."
        )
    found = search.cv_results_
    score_name, suffix = _metric(search, metric, display)
    rounds = np.asarray(found.get("iter", np.zeros(len(found["params"]), dtype=int)))
    kept = _last_rounds(found["params"], rounds)
    means, test, train = (
        _column(found, f"mean_test_{suffix}"),
        _splits(found, f"test_{suffix}"),
        _splits(found, f"train_{suffix}"),
    )
    return Results(
        display=display,
        score_name=score_name,
        params=[found["params"][i] for i in kept],
        test_scores=test[kept],
        train_scores=train[kept] if train.size else None,
        means=means[kept],
        rounds=rounds[kept],
    )


def index_of_best(means: Any) -> int:
    """Return the index of the highest score; scores that are NaN do not count."""
    means = np.asarray(means, dtype=float)
    if not np.isfinite(means).any():
        raise ValueError(f"None of the {len(means)} scores is finite, so none is the best.")
    return int(np.nanargmax(means))


def _metric(search: Any, metric: str | None, display: str) -> tuple[str, str]:
    """Return the name of the metric, and how the keys of ``cv_results_`` end."""
    prefix = "mean_test_"
    suffixes = [name[len(prefix) :] for name in search.cv_results_ if name.startswith(prefix)]
    metrics = {suffix: suffix for suffix in suffixes}
    scoring, refit = getattr(search, "scoring", None), getattr(search, "refit", None)
    if suffixes == ["score"]:
        metrics = {scoring if isinstance(scoring, str) else "score": "score"}
    if metric is None and len(metrics) == 1:
        (metric,) = metrics
    elif metric is None and isinstance(refit, str):
        metric = refit
    if metric is None or metric not in metrics:
        problem = "the search has several metrics" if metric is None else f"unknown {metric=}"
        raise ValueError(f"{display}: {problem}; give metric= one of: {', '.join(metrics)}")
    return metric, metrics[metric]


def _last_rounds(params: Sequence[Mapping[str, Any]], rounds: np.ndarray) -> list[int]:
    """Return the indices of the last evaluation of every candidate."""
    if not rounds.any():
        return list(range(len(params)))
    last = {tuple((name, key(value)) for name, value in p.items()): i for i, p in enumerate(params)}
    return sorted(last.values())


def _splits(found: Mapping[str, Any], name: str) -> np.ndarray:
    """Return the scores of all splits, of shape (n_candidates, n_splits)."""
    columns: list[np.ndarray] = []
    while f"split{len(columns)}_{name}" in found:
        columns.append(_column(found, f"split{len(columns)}_{name}"))
    return np.column_stack(columns) if columns else np.empty((len(found["params"]), 0))


def _column(found: Mapping[str, Any], name: str) -> np.ndarray:
    scores = np.asarray(found[name], dtype=float)
    return np.where(np.isfinite(scores), scores, np.nan)
