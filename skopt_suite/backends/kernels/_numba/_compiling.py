"""While kernels are compiled: a line on stderr if that takes long, and no collection of garbage."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from threading import Timer
from time import perf_counter
from typing import Any

from numba.core import event

from skopt_suite.backends.kernels._collection import paused_collection
from skopt_suite.backends.kernels._numba._jit import HAS_CACHE

PATIENCE = 1.0
"""Seconds of compiling in a process before it says so."""

_KERNELS = __name__.rpartition(".")[0]
_LINE = "skopt_suite: compiling kernels for this machine, once (a few seconds) ..."
_LINE_WITHOUT_CACHE = "skopt_suite: compiling kernels for this process (a few seconds) ..."


class _WhileCompiling(event.Listener):
    """Told by numba when it compiles, which it does one function after the other.

    What a function calls is compiled within. What loads from the cache is not compiled, and
    functions of users are none of its business.
    """

    depth = 0

    def on_start(self, event: Any) -> None:
        """Begin, unless it is a part of what is compiled."""
        if _is_ours(event):
            self.depth += 1
            if self.depth == 1:
                self.begin()

    def on_end(self, event: Any) -> None:
        """End."""
        if _is_ours(event):
            self.depth -= 1
            if self.depth == 0:
                self.end()

    def begin(self) -> None:
        """Called before something is compiled."""
        raise NotImplementedError

    def end(self) -> None:
        """Called when it is."""
        raise NotImplementedError


def _is_ours(event: Any) -> bool:
    module = event.data["dispatcher"].py_func.__module__  # None of what numba writes itself
    return (module or "").startswith(_KERNELS)


class Announcer(_WhileCompiling):
    """Says once in a process that kernels are compiled, if that takes longer than `PATIENCE`."""

    def __init__(self) -> None:
        self.left, self.is_silent = PATIENCE, False
        self.timer: Timer | None = None
        self.began = 0.0

    def begin(self) -> None:
        """Wait for as long as there is patience."""
        if not self.is_silent:
            self.began, self.timer = perf_counter(), Timer(max(self.left, 0.0), self._say)
            self.timer.daemon = True
            self.timer.start()

    def end(self) -> None:
        """Wait no longer."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer, self.left = None, self.left - (perf_counter() - self.began)

    def _say(self) -> None:
        if not self.is_silent and sys.stderr is not None:
            self.is_silent = True
            print(_LINE if HAS_CACHE else _LINE_WITHOUT_CACHE, file=sys.stderr, flush=True)


class PausedCollection(_WhileCompiling):
    """Lets Python collect no garbage."""

    def __init__(self) -> None:
        self.pause = ExitStack()

    def begin(self) -> None:
        """Collect no more."""
        self.pause.enter_context(paused_collection())

    def end(self) -> None:
        """Collect as before."""
        self.pause.close()


ANNOUNCER = Announcer()
event.register("numba:compile", ANNOUNCER)
event.register("numba:compile", PausedCollection())
