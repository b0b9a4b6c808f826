"""What a fused search asks of an ensemble: all of it is here.

To plan its members, for their jobs, and to keep members that are trained.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from skopt_suite.estimators._ensemble import held_out_rows, prepare_members

__all__ = [
    "Planned",
    "PlannedMembers",
    "TrainsMembers",
    "held_out_rows",
    "prepare_members",
    "trained_part",
    "trains_members",
]


class Planned:
    """A member that remembers what it is to be trained with, and waits for the others.

    Parameters
    ----------
    model : estimator object
        The member, with its own ``random_state``.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Remember targets, which all members share, and weights."""
        self.y, self.sample_weight = y, sample_weight


class PlannedMembers(NamedTuple):
    """The members of an ensemble that are to be trained, and what on."""

    models: Sequence[Any]
    X: Any
    y: Any
    weights: Sequence[Any]
    """What rows count for every member."""
    columns: Sequence[np.ndarray] | None = None
    """The features that every member sees; None: all."""

    @classmethod
    def of(
        cls, planned: Sequence[Planned], X: Any, columns: Sequence[np.ndarray] | None = None
    ) -> PlannedMembers:
        """Return members that have seen their rows."""
        models, weights = [one.model for one in planned], [one.sample_weight for one in planned]
        return cls(models, X, planned[0].y, weights, columns)


class TrainsMembers(ABC):
    """An ensemble, the members of which may be trained with those of others."""

    @abstractmethod
    def member(self) -> Any:
        """Return what members are copies of."""

    @abstractmethod
    def reason_to_train_alone(self, params: Any = (), X: Any = None) -> str:
        """Return why members are not trained as stacks; empty if they are, as far as is known.

        Parameters
        ----------
        params : collection of str
            Names of the parameters that `fit` is given.
        X : object, optional
            The rows.
        """

    @abstractmethod
    def draws(self) -> Hashable:
        """Return what the draws of rows and features depend on, but for the ``random_state``."""

    @abstractmethod
    def features_seen(self) -> Hashable:
        """Return what ensembles share whose members see equally many features."""

    @abstractmethod
    def plan_members(self, X: Any, y: Any, **params: Any) -> PlannedMembers | None:
        """Fit all but the members, which are to be trained; None: they are."""

    @abstractmethod
    def keep_members(self, members: list[Any]) -> None:
        """Become fitted by the members that were planned, trained."""


def trains_members(model: Any) -> TypeGuard[TrainsMembers]:
    """Whether a model is an ensemble of this package."""
    return isinstance(model, TrainsMembers)


def trained_part(model: Any) -> Any:
    """Return what is trained of a model: the member of an ensemble, or the model itself."""
    return model.member() if trains_members(model) else model
