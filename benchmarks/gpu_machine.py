"""What the sections of `gpu.py` stand on: the card, sizes, clocks, and the sheet they write to.

In a dry run NumPy and PyTorch on the CPU take the card's place, with tiny sizes.
"""

import json
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

PATIENCE = 1.0  # seconds: what takes longer is timed once
STEADY = 0.2  # seconds that calls are repeated for
EPOCHS = 4  # of the longer fit
N_TURNS = 3  # of which the fastest counts

Found = dict[str, Any]
"""A ``"figure"``, and perhaps a ``"note"``."""


class Sizes(NamedTuple):
    """How much work there is."""

    networks: tuple[tuple[int, int], ...] = ((32, 24_576), (256, 24_576), (4096, 61_440))
    """Batch sizes, and images, of which they are whole parts."""
    width: int = 2048
    wide_batch: int = 8192
    n_wide: int = 65_536
    logistic: tuple[tuple[int, int], ...] = ((1_000_000, 100), (10_000_000, 28))
    n_candidates: int = 1_000
    n_tried: int = 100  # candidates from which a slow search is extrapolated
    n_fits: int = 10  # of PyTorch, from which its search is extrapolated
    epochs: int = 10  # of a search
    n_bytes: int = 10**9  # that are moved


QUICK = Sizes(
    networks=((32, 12_288), (256, 12_288), (4096, 12_288)),
    n_wide=16_384,
    logistic=((1_000_000, 100), (2_500_000, 28)),
    n_candidates=200,
    n_fits=3,
    n_tried=20,
    epochs=3,
)
DRY = Sizes(
    networks=((32, 512), (256, 512)),
    width=64,
    wide_batch=256,
    n_wide=512,
    logistic=((3_000, 10), (5_000, 5)),
    n_candidates=6,
    n_tried=2,
    n_fits=2,
    epochs=2,
    n_bytes=10**6,
)


class Machine(NamedTuple):
    """Where the contestants compute."""

    dry: bool

    @property
    def backend(self) -> str:
        return "numpy" if self.dry else "cupy"

    @property
    def device(self) -> str:
        """Of PyTorch."""
        return "cpu" if self.dry else "cuda"

    @property
    def xp(self) -> Any:
        if self.dry:
            return np
        import cupy

        return cupy

    def synchronise(self) -> None:
        """Wait for all work of the card, PyTorch's too."""
        if not self.dry:
            self.xp.cuda.Device().synchronize()

    def host(self, array: Any) -> np.ndarray:
        return array if isinstance(array, np.ndarray) else array.get()

    def tensor(self, array: Any) -> Any:
        """Return a tensor of PyTorch on the device, which shares the memory if it lies there."""
        import torch

        given = torch.from_dlpack(array) if isinstance(array, self.xp.ndarray) else array
        return torch.as_tensor(given, device=self.device)

    def seconds(self, call: Callable[[], Any]) -> float:
        self.synchronise()
        start = perf_counter()
        call()
        self.synchronise()
        return perf_counter() - start

    def fastest(self, call: Callable[[], Any]) -> float:
        """Seconds of a call after a first one: the least of some, or of one that takes long."""
        self.seconds(call)
        first = self.seconds(call)
        n_more = 0 if first > PATIENCE else N_TURNS - 1
        return min([first, *(self.seconds(call) for _ in range(n_more))])

    def per_epoch(self, fit: Callable[[int], Any]) -> float:
        """Difference of fits of many epochs and one, so that fixed costs drop out."""
        fit(1)
        first = self.seconds(partial(fit, 1))
        n_more = 0 if first > PATIENCE else N_TURNS - 1
        one = min([first, *(self.seconds(partial(fit, 1)) for _ in range(n_more))])
        many = min(self.seconds(partial(fit, EPOCHS)) for _ in range(n_more + 1))
        return (many - one) / (EPOCHS - 1)

    def steady(self, call: Callable[[], Any]) -> float:
        """Seconds of a short call that is made again and again."""
        self.seconds(call)
        number = int(np.clip(STEADY / self.seconds(call), 1, 1000))
        return self.seconds(lambda: [call() for _ in range(number)]) / number


class Sheet(NamedTuple):
    """Writes every measurement at once as a line of JSON, so that a time limit takes none away."""

    section: str

    def measure(
        self, case: str, role: str, who: str, unit: str, call: Callable[[], Found]
    ) -> Found:
        """Call a contestant, whose failure is a measurement too.

        Parameters
        ----------
        case : str
            All of a case do the same work.
        role : {"ours", "peer", "floor"}
            Every one of ours stands beside every peer, and beside the floor.
        who, unit : str
            The contestant, and what its figure is in.
        call : callable
            Returns what was found.
        """
        try:
            found = call()
        except Exception as error:
            text = " ".join(str(error).split())[:300]
            found = {"failed": f"{type(error).__name__}: {text}"}
        row = {"section": self.section, "case": case, "role": role, "who": who, "unit": unit}
        print(json.dumps(row | found), flush=True)
        return found
