"""From targets as users have them to what losses take, and back."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.backends import Array, Placement, namespace, to_numpy
from skopt_suite.losses import Loss


class Targets(Protocol):
    """What an estimator has learnt of its targets.

    A class of targets also has a static method ``check``, from what a user gives to an array, and
    a class method ``learn``, from that array to an object.
    """

    @property
    def type(self) -> TargetType:
        """What they are for losses."""

    @property
    def is_stratified(self) -> bool:
        """Whether rows are held out with the same share of every target."""

    def encode(self, y: Any, owner: str) -> Any:
        """Return checked targets as losses take them; raise if they are not like those learnt."""

    def decode(self, predicted: Array) -> Array:
        """Return targets as users have them from predictions, (n_samples, n_outputs)."""

    def as_given(self, y: np.ndarray) -> np.ndarray:
        """Return targets as users have them from encoded ones."""

    def weigh(
        self, class_weight: Any, y: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Return sample weights times the weights of the classes of encoded targets `y`."""


def check_given(y: Any, owner: str) -> Any:
    """Return `y` on the host; raise if it is None."""
    if y is None:
        raise ValueError(f"{owner} requires y to be passed, but the target y is None.")
    return to_numpy(y)


def placed_targets(y: Array, placement: Placement, dtype: str) -> Any:
    """Return encoded targets where a fit is: numbers in its precision, indices as integers."""
    return placement.asarray(y, dtype=dtype if are_numbers(y) else "int64")


def are_numbers(y: Array) -> bool:
    """Whether encoded targets are numbers, and no indices."""
    if type(y) is np.ndarray:
        return y.dtype.kind == "f"
    return bool(namespace(y).isdtype(y.dtype, "real floating"))


def loss_on(loss: Loss, targets: Targets, y: Any) -> Loss:
    """Return the loss on encoded targets `y`; raise if it does not take them."""
    on_targets = loss.on(targets.type)
    if type(loss).check_targets is not Loss.check_targets:  # else they stay where they are
        on_targets.check_targets(to_numpy(y))
    return on_targets
