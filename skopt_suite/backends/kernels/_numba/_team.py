"""Threads that make steps together: each takes some rows, and then some parameters."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable
from functools import cache
from math import isqrt
from threading import Thread
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skopt_suite.backends.kernels._numba._arrays import make_array
from skopt_suite.backends.kernels._numba._jit import jit_inner_views
from skopt_suite.backends.kernels._numba._types import taken_as_tuple

_AT = 8  # in the state: so that the number has a line of memory to itself; sums of a thread, too
_GIVEN_UP = 2**40  # more than ever arrive
_PATIENCE = 150  # looks, a few microseconds, before others may have the core
_WORK_OF_EPOCH = 1e8  # operations, below which it takes too long to start threads
_WORK_OF_STEP = 2_000_000  # operations of a thread, some twenty microseconds
_ROWS_OF_STEP = 8  # of a thread


@taken_as_tuple
class Team(NamedTuple):
    """One of several threads."""

    rank: int
    n_threads: int
    bounds: np.ndarray  # (n_threads + 1,): where the parameters of each begin
    state: np.ndarray  # shared by all: how often one has arrived at a barrier
    sums: np.ndarray  # (n_threads, 8): what each has found of its parameters
    give_way: int  # address of what lets others have the core


def most_threads(n_samples: int, batch_size: int, n_params: int) -> int:
    """Return how many threads are worth it, whatever there are.

    The more there are, the more each has to do, as many take longer to start and to meet.
    """
    per_row = 6 * n_params
    if per_row * n_samples < _WORK_OF_EPOCH:
        return 1
    shares = per_row * batch_size // _WORK_OF_STEP
    return max(1, min(shares, isqrt(4 * shares), batch_size // _ROWS_OF_STEP))


def team_of(n_threads: int, layers: tuple[tuple[int, ...], ...], n_params: int) -> list[Team]:
    """Return what every thread is told."""
    ends = [_begin(rank * n_params // n_threads, layers) for rank in range(1, n_threads)]
    bounds = np.array([0, *ends, n_params], dtype=np.int64)
    state = np.zeros(2 * _AT, dtype=np.int64)
    give_way, sums = _give_way() if n_threads > 1 else 0, np.zeros((n_threads, _AT))
    return [Team(rank, n_threads, bounds, state, sums, give_way) for rank in range(n_threads)]


def _begin(even: int, layers: tuple[tuple[int, ...], ...]) -> int:
    """Return where a part begins: where the weights of an input do, or at the first bias."""
    for n_in, n_out, weights_at, _ in layers:
        end = weights_at + n_in * n_out
        if even < end:
            return even - (even - weights_at) % n_out
    return end


def run_together(run: Callable[[Team], None], team: list[Team]) -> bool:
    """Let every member run, the first in this thread; return whether they have.

    If a thread cannot be started, or an interrupt comes before this one is needed, nobody waits for
    another, and nothing has been moved.
    """
    work = _Work(run, team[0].state)
    threads = [Thread(target=work.take_part, args=(member,)) for member in team[1:]]
    try:
        if not work.start(threads):
            return False
        run(team[0])
    except BaseException:
        work.state[_AT] = _GIVEN_UP  # first of all: another interrupt may come
        raise
    finally:
        for thread in threads:
            if thread.ident is not None:
                thread.join()
    if work.errors:
        raise work.errors[0]
    return True


class _Work:
    """What the other threads of a team do."""

    def __init__(self, run: Callable[[Team], None], state: np.ndarray) -> None:
        self.run, self.state = run, state
        self.errors: list[BaseException] = []

    def start(self, threads: list[Thread]) -> bool:
        """Start all, or return False."""
        try:
            for thread in threads:
                thread.start()
        except RuntimeError:  # there is no room for it
            self.state[_AT] = _GIVEN_UP
            return False
        return True

    def take_part(self, member: Team) -> None:
        """Run; who cannot go on tells the others."""
        try:
            self.run(member)
        except BaseException as error:
            self.state[_AT] = _GIVEN_UP
            self.errors.append(error)


@cache
def _give_way() -> int:
    """Return the address of a function of the system, without arguments."""
    library = ctypes.CDLL("kernel32" if os.name == "nt" else None)
    function = library.SwitchToThread if os.name == "nt" else library.sched_yield
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _place(context, builder, kind, array):
    data = make_array(kind)(context, builder, array).data
    return builder.gep(data, [context.get_constant(types.intp, _AT)])


@intrinsic
def _arrive(context, state):
    """Add one to the number of arrivals; return what it was."""

    def code(context, builder, call, arguments):
        place = _place(context, builder, call.args[0], arguments[0])
        return builder.atomic_rmw("add", place, context.get_constant(types.int64, 1), "seq_cst")

    return types.int64(state), code


@intrinsic
def _arrivals(context, state):
    """Return the number of arrivals."""

    def code(context, builder, call, arguments):
        place = _place(context, builder, call.args[0], arguments[0])
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(state), code


@intrinsic
def _pause(context):
    """Tell the processor that it is a loop that waits."""

    def code(context, builder, call, arguments):
        if platform.machine().lower() in ("x86_64", "amd64"):
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), code


@intrinsic
def _call(context, address):
    """Call a function without arguments by its address."""

    def code(context, builder, call, arguments):
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), [])
        return context.get_dummy_value()

    return types.void(types.int64), code


@jit_inner_views
def wait(team):
    """Wait until all are here; return whether to go on.

    Arrivals are counted and never begin anew, so that nobody misses the end of a barrier.
    """
    if team.n_threads == 1:
        return True
    arrived = _arrive(team.state) + 1
    wanted = (arrived + team.n_threads - 1) // team.n_threads * team.n_threads
    wanted = min(wanted, _GIVEN_UP)
    n_looks = 0
    while arrived < wanted:
        _pause()
        n_looks += 1
        if n_looks > _PATIENCE:
            _call(team.give_way)
        arrived = _arrivals(team.state)
    return arrived < _GIVEN_UP


@jit_inner_views
def sum_of_all(team, column, of_part):
    """Return the sum over all threads, when all have come; every sum of a step has its column.

    It is the same in all of them.
    """
    team.sums[team.rank, column] = of_part
    wait(team)
    total = 0.0
    for rank in range(team.n_threads):
        total += team.sums[rank, column]
    return total


@jit_inner_views
def rows_of(team, n_rows):
    """Return where rows of a thread begin, and how many: in fours, as dropout is drawn."""
    fours = (n_rows + 3) // 4
    begin = min(4 * (fours * team.rank // team.n_threads), n_rows)
    end = min(4 * (fours * (team.rank + 1) // team.n_threads), n_rows)
    return begin, end - begin
