"""As many epochs and members as there is time for."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

_SHARE = 0.9  # of the time that is left: predictions of held-out rows take some, too
_FEWEST_EPOCHS = 10  # rather than train for less, there are fewer members


def within(
    seconds: float,
    started: float,
    train: Callable[[Any, int], list[Any]],
    network: Any,
    n_members: int,
) -> list[Any]:
    """Return members that are trained by `seconds` after `started`, by the pace of an epoch.

    An epoch of all members is tried first; schedules then end with the epochs that there is time
    for.
    """
    before = time.perf_counter()
    pilot = type(network)(**network.get_params(deep=False)).set_params(max_iter=1, tol=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nobody keeps these
        members = train(pilot, n_members)
    now = time.perf_counter()
    n_epochs = int(_SHARE * (seconds - (now - started)) / (now - before))
    if n_epochs < 1:
        return members
    n_fewer, n_epochs = fitting(n_epochs, n_members, network.max_iter)
    return train(network.set_params(max_iter=n_epochs), n_fewer)


def fitting(n_epochs: int, n_members: int, max_iter: int) -> tuple[int, int]:
    """Return how many members, and for how many epochs.

    Parameters
    ----------
    n_epochs : int
        Epochs of all members that there is time for.
    n_members, max_iter : int
        How many are wanted.
    """
    wanted = min(_FEWEST_EPOCHS, max_iter)
    if n_epochs >= wanted:
        return n_members, min(n_epochs, max_iter)
    n_fewer = max(1, n_members * n_epochs // wanted)
    return n_fewer, min(wanted, n_members * n_epochs // n_fewer)
