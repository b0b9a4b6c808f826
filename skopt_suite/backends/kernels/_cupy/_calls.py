"""Calls on streams that are written down, to be made as often as there are steps.

A launch through CuPy takes the host longer than a small kernel the card, most of it for what is the
same in every step. So the calls of two steps are written down, and those of later ones have
arguments that go on as theirs do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from cupy.cuda import driver

Call = Callable[[], Any]


class Launch:
    """A kernel with its arguments, all of which have 8 bytes.

    Parameters
    ----------
    kernel : cupy.RawKernel
        Compiled and loaded by now.
    grid, threads : tuple of int
        Blocks, and threads of one.
    arguments : list of int
        Numbers and pointers.
    stream : cupy.cuda.Stream
        Where it runs.
    """

    def __init__(
        self,
        kernel: Any,
        grid: tuple[int, ...],
        threads: tuple[int, ...],
        arguments: list[int],
        stream: Any,
    ) -> None:
        self.kernel, self.shape = kernel, (*_three(grid), *_three(threads))
        self.arguments = np.array([_signed(one) for one in arguments], np.int64)
        size = self.arguments.itemsize
        self._places = self.arguments.ctypes.data + size * np.arange(len(arguments), dtype=np.int64)
        self._call = kernel.kernel.ptr, *self.shape, 0, stream.ptr, self._places.ctypes.data, 0

    def __call__(self) -> None:
        driver.launchKernel(*self._call)

    def distance_to(self, other: Call) -> np.ndarray | None:
        """Return by how much the arguments of another are further on; None: by nothing."""
        if not isinstance(other, Launch) or other.kernel is not self.kernel:
            raise ValueError("Steps of a graph differ in their kernels.")
        distance = other.arguments - self.arguments
        return distance if distance.any() else None


def replay(one: list[Call], other: list[Call], n_steps: int) -> None:
    """Make the calls of many steps from those of the first and the second."""
    moving = [
        (call, distance)
        for call, after in zip(one, other, strict=True)
        if isinstance(call, Launch) and (distance := call.distance_to(after)) is not None
    ]
    for u in range(n_steps):
        if u:
            for launch, distance in moving:
                launch.arguments += distance
        for call in one:
            call()


def _three(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(int, (*numbers, 1, 1)[:3]))


def _signed(number: int) -> int:
    """Return the number of 64 bits with a sign that has the bits of one without."""
    return number - 2**64 if number >= 2**63 else number
