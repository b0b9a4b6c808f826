"""Passes for which memory runs out are made smaller, and so are all like them from then on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterator
from typing import Any


class Shrinking:
    """How many fits passes may have since memory ran out in one of them.

    Threads share it; other processes have copies of their own.
    """

    def __init__(self) -> None:
        self._largest: dict[Hashable, int] = {}
        self._has_warned = False

    def trained(
        self,
        pieces: list[list],
        train: Callable[[list], Any],
        key: Hashable,
        is_cut: Callable[[list[list]], None] = lambda parts: None,
    ) -> Iterator[Any]:
        """Yield what `train` makes of pieces, of halves of them where memory is not enough.

        Parameters
        ----------
        pieces : list of list
            Fits to train together.
        train : callable
            From a piece to what became of it. `MemoryError` of a piece of one is the caller's.
        key : hashable
            What pieces share that take as much memory.
        is_cut : callable
            Is told of the parts of a piece.
        """
        waiting = pieces[::-1]
        while waiting:
            piece = waiting.pop()
            size = self._largest.get(key, len(piece))
            if len(piece) > size:
                parts = [piece[start : start + size] for start in range(0, len(piece), size)]
                is_cut(parts)
                waiting += parts[::-1]
                continue
            try:
                done = train(piece)
            except MemoryError as error:
                if len(piece) == 1:
                    raise
                self._halve(key, len(piece), error)
                waiting.append(piece)
            else:
                yield done
                del done  # it may hold arrays, and the next one needs the memory

    def _halve(self, key: Hashable, size: int, error: MemoryError) -> None:
        half = -(-size // 2)
        self._largest[key] = min(half, self._largest.get(key, half))
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"Memory ran out in a pass of {size} fits, which now has at most {half}: "
                f"{str(error).rstrip('.')}. With a smaller max_memory passes are so from the "
                "beginning.",
                RuntimeWarning,
                stacklevel=2,
            )
