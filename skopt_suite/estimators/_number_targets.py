"""The targets of regressors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.backends import Array, namespace
from skopt_suite.estimators._inputs import has_small_squares, limit_of_size, numbers
from skopt_suite.estimators._targets import check_given


@dataclass(frozen=True)
class NumberTargets:
    """How the targets of a regressor are encoded."""

    n_targets: int
    is_1d: bool = False
    """Whether `y` has no second axis, and so predictions have none."""

    @staticmethod
    def check(y: Any, owner: str, dtype: str, keeps_digits: bool = False) -> np.ndarray:
        """Return the targets of a regressor as finite numbers, one- or two-dimensional.

        They keep their digits where they are standardised before they are taken in `dtype`.
        """
        y = numbers(check_given(y, owner), "y")
        if y.ndim == 0 or y.ndim > 2:
            raise ValueError(f"{owner}: y must be 1- or 2-dimensional; got shape {y.shape}.")
        limit = limit_of_size(dtype, y.size)
        if not has_small_squares(y, limit) and (largest := np.abs(y).max()) > limit:
            more = ", or take dtype='float64'" if dtype == "float32" else ""
            raise ValueError(
                f"{owner}: y must not exceed {limit:.1g}, or its squares cannot be added up in "
                f"{dtype}; got {largest:g}. Scale y{more}."
            )
        return y if keeps_digits else y.astype(dtype, copy=False)

    @classmethod
    def learn(cls, y: np.ndarray) -> Self:
        """Return how to encode checked targets."""
        is_1d = y.ndim == 1
        return cls(1 if is_1d else y.shape[1], is_1d)

    @property
    def type(self) -> TargetType:
        """What they are for losses."""
        return TargetType("numbers", self.n_targets)

    @property
    def is_stratified(self) -> bool:
        """Whether rows are held out with the same share of every target: there are too many."""
        return False

    def encode(self, y: np.ndarray, owner: str) -> np.ndarray:
        """Return columns; raise if there are not as many as in training."""
        y = y[:, None] if y.ndim == 1 else y
        if y.shape[1] != self.n_targets:
            raise ValueError(
                f"{owner}: y must have {self.n_targets} columns, as in training; got {y.shape[1]}."
            )
        return y

    def decode(self, predicted: Array) -> Array:
        """Return predictions in the shape of the targets that were learnt.

        Where there are several for every target, such as quantiles, they have a last axis.
        """
        n_each = predicted.shape[1] // self.n_targets
        if n_each > 1:
            predicted = namespace(predicted).reshape(predicted, (-1, self.n_targets, n_each))
        return predicted[:, 0, ...] if self.is_1d else predicted

    def as_given(self, y: np.ndarray) -> np.ndarray:
        """Return targets from encoded ones."""
        return y[:, 0] if self.is_1d else y

    def weigh(
        self, class_weight: Any, y: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Return the weights: there are no classes."""
        return weight
