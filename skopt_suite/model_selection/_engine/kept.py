"""A search that can be killed: what files have of it, and how it goes on from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from inspect import signature
from itertools import chain
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from skopt_suite.backends import Placement
from skopt_suite.checkpoints import (
    Checkpoint,
    Folder,
    Manifest,
    PartOfAnother,
    checkpoint_of,
    described,
    described_data,
    hashed,
)
from skopt_suite.estimators._fused import is_trainable
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.training import Keeper, from_result, to_result

_CHANGES_NOTHING = {"verbose", "n_jobs", "pre_dispatch"}
_ON_HOST = Placement(np)


@dataclass
class KeptSearch:
    """What files have of a search.

    They are in the folder itself (what was drawn, how long rounds took), in ``outcomes`` (what is
    done), in ``running`` (passes that are not) and in ``refit``.
    """

    checkpoint: Checkpoint
    manifest: Manifest
    folder: Folder
    counts_time: bool
    """Whether time is limited, so that what was used up before counts."""
    used: float = 0.0
    """Seconds before the search went on."""
    start: float = field(default_factory=time.monotonic)
    n_rounds: int = 0
    """Since then."""
    is_whole: bool = True
    """Whether all is written that has to be the same when the search goes on."""

    @classmethod
    def of(cls, search: Any, checkpoint: Any) -> Self | None:
        """Return it; None without a checkpoint. Raise if the folder can be no checkpoint's."""
        owner = type(search).__name__
        found = checkpoint_of(checkpoint, owner)
        if found is None:
            return None
        folder, is_limited = found.folder, getattr(search, "max_time", None) is not None
        return cls(found, Manifest(folder, owner), Folder(folder), is_limited)

    def begin(self, search: Any, X: Any, y: Any, params: dict[str, Any]) -> None:
        """Raise if the folder is that of another search."""
        self.manifest.begin(_described(search, X, y, params), {})
        self.folder.clear()
        found = self.folder.read("used") or {"seconds": 0.0}
        self.used = max(
            [found["seconds"], *(moment or 0.0 for _, *of in self.rounds for moment in of)]
        )

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what was made when this was asked for first."""
        found = self.folder.read(name, is_needed=True)
        if found is None:
            found = {"value": make()}
            self.is_whole &= self.folder.write(name, found)
        return found["value"]

    def random_state(self, given: Any) -> np.random.RandomState:
        """Return a source of the same random numbers as in the beginning."""
        state = self.once("random_state", lambda: list(check_random_state(given).get_state()))
        source = np.random.RandomState()
        source.set_state(tuple(state))
        return source

    def folds(self, number: int, cv: Any, splits: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """Return the splits of the beginning; raise if others were not drawn, but are given."""
        kept = self.once(f"folds-{number}", lambda: [list(map(np.asarray, one)) for one in splits])
        is_drawn = not isinstance(getattr(cv, "random_state", 0), Integral)
        if not is_drawn and described(_plain(kept)) != described(_plain(splits)):
            raise ValueError(f"{self.manifest.named()} is of another search: cv splits otherwise.")
        return [(train, test) for train, test in kept]

    def round(self, params: list[dict[str, Any]]) -> KeptRound | None:
        """Return what files have of the next round; raise if its candidates are others.

        None: it cannot go on, as what it needs for that could not be written.
        """
        number, now = self.n_rounds, [described(one) for one in params]
        before = self.once(f"candidates-{number}", lambda: now)
        for k, (one, other) in enumerate(zip(before, now, strict=False)):
            if one != other:
                raise ValueError(
                    f"{self.manifest.named()} is of another search: candidate {k} was {one} and "
                    f"is {other}."
                )
        self.n_rounds += 1
        return KeptRound(self, number) if self.is_whole else None

    @property
    def rounds(self) -> list[list[Any]]:
        """Of a search whose time is limited: sizes of rounds, when they began, when they ended."""
        found = self.folder.read("rounds")
        return [] if found is None else found["rounds"]

    @rounds.setter
    def rounds(self, rounds: list[list[Any]]) -> None:
        if self.counts_time:
            self.folder.write("rounds", {"rounds": rounds})

    def tick(self) -> None:
        """Write how much time is used up."""
        if self.counts_time:
            self.folder.write("used", {"seconds": self.used + time.monotonic() - self.start})

    def refit_params(self, estimator: Any) -> dict[str, Any]:
        """Return what to give to `fit` of an estimator so that it goes on, too."""
        names, model = [], estimator
        while isinstance(model, Pipeline):
            name, model = model.steps[-1]
            names.append(name)
        is_routed = bool(names) and get_config()["enable_metadata_routing"]
        if (
            is_routed
            or not is_trainable(model)
            or "checkpoint" not in signature(model.fit).parameters
        ):
            return {}
        own = PartOfAnother(self.folder.path / "refit", self.checkpoint.every)
        return {"__".join([*names, "checkpoint"]): own}


@dataclass(frozen=True)
class KeptRound:
    """What files have of a round of a search."""

    search: KeptSearch
    number: int

    def outcomes(self) -> dict[tuple[int, int], Outcome]:
        """Return what is done, by split and index of the candidate."""
        folder, found = self._folder, {}
        for name in folder.names():
            number, split, _ = name.split("-")
            if int(number) == self.number:
                for plain in (folder.read(name) or {"outcomes": []})["outcomes"]:
                    found[int(split), plain["index"]] = _to_outcome(plain)
        return found

    def keep(self, split: int, outcomes: list[Outcome]) -> None:
        """Write what is done."""
        name = f"{self.number}-{split}-{_hash([one.index for one in outcomes])}"
        self._folder.write(name, {"outcomes": list(map(_from_outcome, outcomes))})
        self.search.tick()

    def group(self, split: int, candidates: list[Candidate]) -> KeptGroup:
        """Return what files have of the candidates of a pass that is not done."""
        name = f"{self.number}-{split}-{_hash([one.index for one in candidates])}"
        return KeptGroup(self, split, self.search.folder.inner("running").inner(name))

    @property
    def _folder(self) -> Folder:
        return self.search.folder.inner("outcomes")


@dataclass(frozen=True)
class KeptGroup:
    """What files have of candidates that share a pass, on one split."""

    of_round: KeptRound
    split: int
    folder: Folder
    part: str = "0"
    """Of the fits of every candidate that has several ones."""

    def of_part(self, part: int) -> KeptGroup:
        """Return what files have of one of several fits of every candidate."""
        return replace(self, part=str(part))

    def on(self, X: Any) -> KeptGroup:
        """Return what files have of fits to those very rows, where they may be others each time."""
        return replace(self, part=f"{self.part}-{_hash(described_data(X))}")

    def cut(self, pieces: list[list[Any]]) -> list[list[Any]]:
        """Return the pieces of the beginning: free memory may be another now."""
        members = [one for piece in pieces for one in piece]
        at = {candidate.index: one for one in members for candidate in one[:1]}
        name, indices = f"cut-{self.part}", [[one[0].index for one in piece] for piece in pieces]
        found = self.folder.read(name)
        if found is not None and sorted(chain(*found["pieces"])) == sorted(at):
            return [[at[index] for index in piece] for piece in found["pieces"]]
        self.folder.write(name, {"pieces": indices})
        return pieces

    def keeper(self, members: list[int]) -> Keeper:
        """Return what keeps the pass of those members."""
        search = self.of_round.search
        name = f"pass-{self.part}-{_hash(members)}"
        return Keeper(self.folder, name, search.checkpoint.every, search.tick)

    def done(self, outcomes: list[Outcome]) -> None:
        """Write what became of the candidates, of which nothing else is needed any more."""
        self.of_round.keep(self.split, outcomes)
        self.folder.remove()


def _described(search: Any, X: Any, y: Any, params: dict[str, Any]) -> dict[str, str]:
    """Return what has to be the same for a search to go on."""
    from skopt_suite import __version__

    own = search.get_params()
    if "random_state" in own and not isinstance(own["random_state"], Integral):
        own["random_state"] = "drawn"
    return {
        "version": __version__,
        "search": type(search).__qualname__,
        **{name: _of_param(value) for name, value in own.items() if _matters(name)},
        "X": described_data(X),
        "y": described_data(y),
        **{f"fit parameter {name}": described_data(value) for name, value in params.items()},
    }


def _matters(name: str) -> bool:
    return name.rpartition("__")[2] not in _CHANGES_NOTHING


def _of_param(value: Any) -> str:
    """Return a text of a parameter, the parameters of which have their own."""
    is_nested = hasattr(value, "get_params") and not isinstance(value, type)
    return type(value).__qualname__ if is_nested else described(value)


def _plain(splits: list[Any]) -> list[str]:
    return [described_data(np.asarray(rows)) for split in splits for rows in split]


def _from_outcome(outcome: Outcome) -> dict[str, Any]:
    result = outcome.result
    return {
        "index": outcome.index,
        "scored": outcome.scored,
        "loss_curve": outcome.loss_curve,
        "result": None if result is None else from_result(result),
    }


def _to_outcome(plain: dict[str, Any]) -> Outcome:
    result = plain["result"]
    return Outcome(**plain | {"result": None if result is None else to_result(result, _ON_HOST)})


def _hash(value: Any) -> str:
    return hashed(repr(value).encode())
