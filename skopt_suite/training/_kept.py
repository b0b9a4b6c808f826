"""A pass that can be killed: what it writes at the end of epochs, and how it goes on from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from skopt_suite._component import take
from skopt_suite.backends import Placement, State, to_numpy
from skopt_suite.checkpoints import Folder
from skopt_suite.exceptions import DivergenceError
from skopt_suite.training._memory import Memory, Paused
from skopt_suite.training._result import Result
from skopt_suite.training._stack import Stack
from skopt_suite.training._stopping import Progress
from skopt_suite.training._trees import map_arrays, pack, unpack

if TYPE_CHECKING:
    from skopt_suite.training._loop import _Pass
    from skopt_suite.training._observer import Observer


def _nothing() -> None:
    pass


@dataclass
class Keeper:
    """Keeps the passes of a call of `train`, one after the other, in files of a folder."""

    folder: Folder
    name: str
    every: float
    """Seconds between two writes."""
    is_written: Callable[[], None] = _nothing
    """Is called after every write."""
    n_passes: int = field(default=0, init=False)

    def next_pass(self, placement: Placement) -> KeptPass:
        """Return what keeps the pass that begins now."""
        self.n_passes += 1
        return KeptPass(self, f"{self.name}-{self.n_passes - 1}", placement)


class KeptPass:
    """Keeps one pass.

    Parameters
    ----------
    keeper : Keeper
        Of the call.
    name : str
        Of the file.
    placement : Placement
        Where results are wanted.
    """

    def __init__(self, keeper: Keeper, name: str, placement: Placement) -> None:
        self._keeper, self._name = keeper, name
        found = keeper.folder.read(name) or {}
        self._state = found if "epoch" in found else None
        self.results: list[Result] | None = None
        """Of a pass that is done; None: it is not."""
        if "done" in found:
            self.results = [to_result(plain, placement) for plain in found["done"]]
        self._last = time.monotonic()

    def resume(self, going: _Pass) -> None:
        """Let a pass that has just begun go on from where it was, if it was anywhere."""
        if self._state is not None:
            _restore(going, self._state)
            self._state = None
            self.tell(going.observer, going.losses.of(0), going.scores.of(0))

    def tell(self, observer: Observer | None, losses: list[float], scores: list[float]) -> None:
        """Tell an observer of epochs that are not trained again."""
        if observer is not None:
            observer.goes_on(losses, scores)

    def epoch_ends(self, going: _Pass) -> None:
        """Write how far the pass is if it is time to, and in any case when it is done."""
        folder, name = self._keeper.folder, self._name
        if not len(going.stack.index):
            done = [from_result(going.results[k]) for k in range(len(going.jobs))]
            folder.write(name, {"done": done})
        elif time.monotonic() - self._last >= self._keeper.every:
            folder.write(name, _state_of(going), keeps_last=True)
        else:
            return
        self._last = time.monotonic()
        self._keeper.is_written()


def from_result(result: Result) -> dict[str, Any]:
    """Return a result as files have it."""
    plain = {one.name: getattr(result, one.name) for one in fields(result)}
    error = result.error
    return plain | {"error": None if error is None else [type(error).__name__, str(error)]}


def to_result(plain: dict[str, Any], placement: Placement) -> Result:
    """Return a result from what files have."""
    memory, paused = plain["memory"], plain["paused"]
    if paused is not None:
        whole = {**paused, "memory": Memory(**paused["memory"])}
        paused = Paused(**whole)
    return Result(
        **plain
        | {
            "params": placement.asarray(plain["params"]),
            "memory": None if memory is None else Memory(**memory),
            "paused": paused,
            "error": None if plain["error"] is None else _error(*plain["error"]),
        }
    )


def _error(kind: str, text: str) -> Exception:
    return DivergenceError(text) if kind == DivergenceError.__name__ else RuntimeError(text)


def _state_of(going: _Pass) -> dict[str, Any]:
    """Return all that differs between a pass that goes on and one that begins."""
    stack, progress = going.stack, going.progress
    return {
        "epoch": going.epoch,
        "time": going.time,
        "index": stack.index,
        "params": stack.params,
        "optimizer": pack(stack.optimizer_state),
        "schedule": pack(stack.schedule_state),
        "best_params": stack.best_params,
        "buffers": stack.buffers,
        "progress": {one.name: getattr(progress, one.name) for one in fields(progress)},
        "losses": going.losses.state,
        "scores": going.scores.state,
        "results": {str(k): from_result(result) for k, result in going.results.items()},
    }


def _restore(going: _Pass, state: dict[str, Any]) -> None:
    """Put a pass of the same jobs, which has just begun, where it was."""
    place = going.placement
    going.epoch, going.time = state["epoch"], state["time"]
    going.progress = Progress(**state["progress"])
    going.losses.restore(**state["losses"])
    going.scores.restore(**state["scores"])
    going.results = {int(k): to_result(plain, place) for k, plain in state["results"].items()}
    order = place.asarray(state["index"])
    going.whole = going.whole.take(order)
    _restore_stack(going.stack, state, place)


def _restore_stack(stack: Stack, state: dict[str, Any], placement: Placement) -> None:
    def placed(tree: State) -> State:
        return map_arrays(placement.asarray, tree)

    order = placement.asarray(state["index"])
    stack.optimizer_state = placed(_same_parts(state["optimizer"], stack.optimizer_state))
    stack.schedule_state = placed(_same_parts(state["schedule"], stack.schedule_state))
    stack.index, stack.params = np.asarray(state["index"]), placed(state["params"])
    stack.best_params, stack.buffers = placed(state["best_params"]), placed(state["buffers"])
    stack.horizon = stack.horizon[to_numpy(order), ...]
    stack.optimizer, stack.schedule = take(stack.optimizer, order), take(stack.schedule, order)
    stack.terms, stack.weights = stack.terms.take(order), stack.weights.take(order)
    if stack.dropout is not None:
        rates = placement.xp.take(stack.dropout.rates, order, axis=0)
        stack.dropout = stack.dropout._replace(rates=rates)


def _same_parts(packed: Any, new: State) -> State:
    """Return a packed state as one that is built like `new`; raise if it cannot be."""
    if not _are_alike(packed, pack(new)):
        raise ValueError("checkpoint: the state of the optimizer or of the schedule has changed.")
    return unpack(packed, new)


def _are_alike(packed: Any, new: Any) -> bool:
    if isinstance(packed, dict) and isinstance(new, dict):
        return packed.keys() == new.keys() and all(_are_alike(packed[k], new[k]) for k in new)
    if isinstance(packed, list) and isinstance(new, list):
        return len(packed) == len(new) and all(map(_are_alike, packed, new))
    return not isinstance(packed, (dict, list)) and not isinstance(new, (dict, list))
