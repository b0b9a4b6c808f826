"""The stages of a fit before it is trained: checked rows, the part to train on, the job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Placement, is_sparse, to_numpy
from skopt_suite.chunks import found_once, is_chunked, some_rows
from skopt_suite.estimators._column_moments import ColumnMoments, column_moments_of
from skopt_suite.estimators._inputs import mean_one
from skopt_suite.estimators._targets import Targets
from skopt_suite.training import Data, Job, Rows, Scaling, Scorer, Standardization, is_on_cluster


class GivenRows(NamedTuple):
    """Held-out rows of a user, checked."""

    X: Any
    y: np.ndarray  # (n_samples, n_columns), on the host
    weight: np.ndarray | None = None


@dataclass(frozen=True)
class CheckedRows:
    """What a user gave to ``fit``, checked."""

    X: Any  # on the host in a precision of its own
    encoded: Any  # targets, (n_samples, n_columns): as losses take them, on the host or where X is
    weight: np.ndarray | None
    targets: Targets
    placement: Placement
    dtype: str  # precision of the fit

    @property
    def precision(self) -> Any:
        """Precision of the fit, as arrays there have it."""
        return getattr(self.placement.xp, self.dtype)

    @property
    def is_sparse(self) -> bool:
        """Whether inputs are sparse."""
        is_far = is_chunked(self.X) or is_on_cluster(self.X)
        return self.X.is_sparse if is_far else is_sparse(self.X)

    @property
    def n_counted(self) -> int:
        """How many rows count."""
        if self.weight is None or is_on_cluster(self.X):
            return self.X.shape[0]
        return int(np.count_nonzero(self.weight))

    def taken(self, index: np.ndarray) -> CheckedRows:
        """Return some of the rows, in order."""
        weight = None if self.weight is None else self.weight[index]
        return replace(self, X=some_rows(self.X, index), encoded=self.y[index], weight=weight)

    @cached_property
    def y(self) -> np.ndarray:
        """Targets as losses take them, on the host, (n_samples, n_columns)."""
        return to_numpy(self.encoded)

    @found_once
    def moments(self) -> ColumnMoments:
        """Of the columns of all inputs, found once."""
        return column_moments_of(self.X, self.weight)


@dataclass(frozen=True)
class TrainingPart:
    """The rows to train on, and those that decide when to stop."""

    X: Any
    y: Any  # (n_samples, n_columns), on the host or where X is
    weight: np.ndarray | None
    validation: Rows | None
    standardization: Standardization | None = None
    scaling: Scaling | None = None
    """What inputs go through as they are read; None: they are as the fit sees them."""
    scorer: Scorer | None = None
    """What scores fits on the rows that decide; None: the share of the loss that is explained."""

    @found_once
    def relative_weight(self) -> np.ndarray | None:
        """Weights with mean 1; None if all are the same."""
        return mean_one(self.weight)

    def standardization_of(self, columns: np.ndarray | None) -> Standardization | None:
        """Return how inputs are standardised for a fit that sees all features, or some."""
        if self.standardization is None or columns is None:
            return self.standardization
        return self.standardization.of_columns(columns)

    @found_once
    def total_weight(self) -> float:
        """How many rows of weight 1 they count as."""
        if self.weight is None:
            return float(self.y.shape[0])
        with np.errstate(over="ignore"):
            return float(self.weight.sum())


@dataclass(frozen=True)
class Prepared:
    """A fit that is ready to train."""

    job: Job
    data: Data
    targets: Targets
    placement: Placement
