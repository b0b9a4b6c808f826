"""The lines that ``verbose`` asks for: those of scikit-learn for fits, and one for every pass."""

from __future__ import annotations

from typing import Any, NamedTuple

from joblib.logger import short_format_time

from skopt_suite._figures import many
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.settings import Settings

_WIDTH = 80


class Spent(NamedTuple):
    """What a pass took."""

    seconds: float = 0.0
    n_rows: int = 0
    """Those of every epoch, once for all fits."""

    def __str__(self) -> str:
        rate = f", {many(self.n_rows / self.seconds)} rows/s" if self.n_rows else ""
        return f"{self.seconds:.1f} s{rate}"


def counted(number: int, what: str, plural: str = "") -> str:
    """Return "1 pass", "2 passes"; the plural is with an s unless it is given."""
    return f"{number} {what if number == 1 else plural or what + 's'}"


def announce_search(n_candidates: int, settings: Settings) -> None:
    """Print how many fits there will be, in scikit-learn's words."""
    if settings.verbose > 0 and settings.is_search:
        _print(
            f"Fitting {settings.n_splits} folds for each of {n_candidates} candidates, totalling "
            f"{n_candidates * settings.n_splits} fits"
        )


def pass_ends(
    candidates: list[Candidate], split: int, spent: Spent, left: str, settings: Settings
) -> None:
    """Print that a pass is done, how fast it was, and what is `left`."""
    if settings.verbose > 1:
        number = candidates[0].pass_number
        what = f"pass {number}: {counted(len(candidates), 'candidate')}"
        _print(f"[CV {split + 1}/{settings.n_splits}] {what}, {spent}{left}")


def fit_begins(candidate: Candidate, split: int, settings: Settings) -> None:
    """Print that a fit begins."""
    if settings.verbose > 9:
        begin = f"[CV{_progress(candidate, split, settings)}] START {_setting(candidate)}"
        _print(begin.ljust(_WIDTH, "."))


def fit_ends(
    candidate: Candidate, scored: dict[str, Any], split: int, settings: Settings, since: int
) -> None:
    """Print that a fit is done, if ``verbose`` is more than `since`."""
    if settings.verbose > since:
        begin = f"[CV{_progress(candidate, split, settings)}] END "
        seconds = scored["fit_time"] + scored["score_time"]
        end = _setting(candidate) + (";" if candidate.params else "")
        end += _scores(scored) if settings.verbose > 2 else ""
        end += f" total time={short_format_time(seconds)}"
        _print(begin + end.rjust(_WIDTH - len(begin), "."))


def _progress(candidate: Candidate, split: int, settings: Settings) -> str:
    if settings.verbose < 3 or not settings.is_search:
        return ""
    of_candidates = f"; {candidate.index + 1}/{settings.n_candidates}"
    return f" {split + 1}/{settings.n_splits}" + (of_candidates if settings.verbose > 9 else "")


def _setting(candidate: Candidate) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(candidate.params.items()))


def _scores(scored: dict[str, Any]) -> str:
    test, train = scored["test_scores"], scored.get("train_scores")
    if not isinstance(test, dict):
        text = f"{test:.3f}" if train is None else f"(train={train:.3f}, test={test:.3f})"
        return f", score={text}"
    texts = []
    for name in sorted(test):
        of_train = "" if train is None else f"train={train[name]:.3f}, "
        texts.append(f" {name}: ({of_train}test={test[name]:.3f})")
    return "".join(texts)


def _print(line: str) -> None:
    """Print a line in one piece, as other threads print too."""
    print(line + "\n", end="", flush=True)
