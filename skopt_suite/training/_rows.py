"""Where the rows of a fit are: a source gives minibatches and parts of them.

The loop does not know where rows are: in memory, read chunk by chunk (see
`skopt_suite.training._chunked`), or on the workers of a cluster (`skopt_suite.training._cluster`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    Placement,
    SampleWeight,
    TargetColumns,
    canonical,
    in_precision,
    is_sparse,
    namespace,
    take_rows,
)
from skopt_suite.optimizers.algebra._moments import (
    ColumnMoments,
    Moments,
    column_moments,
    moments,
    rows_of_sample,
    sampled_moments,
)
from skopt_suite.optimizers.algebra._spectrum import (
    Spectrum,
    column_spectrum,
    row_spectrum,
    spectrum,
)
from skopt_suite.training._distinct import counted
from skopt_suite.training._orders import Shuffles
from skopt_suite.training._scaling import Scaling
from skopt_suite.training._shared_moments import Parts

if TYPE_CHECKING:
    from skopt_suite.training._job import Job


Basis = Literal["features", "sample", "rows", "columns"]
"""How a spectrum is found: from second moments of features, of all rows or of some of them; from
products of rows (where there are fewer); or from every column for itself, without eigenvectors."""


Scorer = Callable[["Job", np.ndarray], float]
"""From a fit and its parameters, (n_params,), to its score on held-out rows: higher is better."""


class Rows(NamedTuple):
    """Some rows of a data set."""

    X: FeatureMatrix
    y: TargetColumns  # see TargetType
    weight: SampleWeight | None = None  # (n_fits or 1, n_samples) of mean 1, or None

    def block(self, block: slice) -> Rows:
        """Return some of them."""
        return Rows(self.X[block, :], self.y[block, ...], _columns(self.weight, block))


class Targets(NamedTuple):
    """Some rows of a data set without their inputs."""

    y: TargetColumns
    weight: SampleWeight | None = None


class Weights(NamedTuple):
    """The weights of all rows of a source, for every fit of a stack."""

    values: SampleWeight | None = None  # (n_fits or 1, n_samples) of mean 1, or None: all are 1
    key: Hashable | None = None
    """What stacks share whose weights are the same; None with weights: they differ between fits."""

    def take(self, index: Array) -> Weights:
        """Return those of the fits that `index` names."""
        if self.values is None or self.values.shape[0] == 1:
            return self
        return Weights(namespace(self.values).take(self.values, index, axis=0))


class Source(Protocol):
    """Where rows are."""

    @property
    def n_samples(self) -> int:
        """Number of rows."""

    @property
    def dtype(self) -> Any:
        """Precision of the fit, which inputs are given in; where they are, it may be another."""

    @property
    def eps(self) -> float:
        """Of that precision: the distance from 1 to the next number."""

    @property
    def is_sparse(self) -> bool:
        """Whether inputs are sparse."""

    @property
    def has_parts(self) -> bool:
        """Whether there may be more than one."""

    @property
    def rows_of_part(self) -> int:
        """How many rows the largest has."""

    @property
    def seen(self) -> Any:
        """All inputs as fits see them, to multiply with or to take slices of."""

    def shuffles(self, seed: int, placement: Placement) -> Any:
        """Return the orders of rows that are drawn from a seed: see `Shuffles`."""

    def look_for_nan(self) -> None:
        """Raise if numbers that were finite no longer are, where rows are read again and again."""

    def some_targets(self, n_rows: int) -> TargetColumns:
        """Return the targets of about that many rows, evenly spread."""

    def targets(self, weights: Weights, kind: TargetType) -> Iterator[Targets]:
        """Yield targets of which any constant has the losses that it has of all rows.

        They come in as few parts as can be, and may be distinct ones, weighted by their numbers.
        """

    def batch(self, start: int, size: int, order: Any, weights: Weights) -> Rows:
        """Return up to `size` rows from `start` on, in the given order (None: as they come)."""

    def parts(self, weights: Weights) -> Iterator[Rows]:
        """Yield all rows, in as few parts as can be.

        Where inputs are in another precision, this is what makes a copy of all of them.
        """

    def summed(self, of_rows: Callable[[Rows], Array], weights: Weights) -> Array:
        """Return the sum over all parts of what a function of rows returns."""

    def moments(self, weights: Weights, centred: bool, with_targets: bool) -> Moments:
        """Return means and second moments of the inputs, or of inputs and targets."""

    def spectrum(
        self, weights: Weights, centred: bool, basis: Basis, any_scale: bool
    ) -> tuple[Array, Spectrum]:
        """Return the means of the inputs and the eigenbasis of their second moments.

        `any_scale` says whether the scale of columns is to count for nothing.
        """


@dataclass(eq=False)
class KnownRows:
    """Rows wherever they are; what is known of them alone is found once."""

    X: Any
    y: TargetColumns
    precision: Any = None
    """Of the fit; None: that of X."""
    scaling: Scaling | None = None
    """What inputs go through as they are read; None: they stay as they are."""
    _known: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.X.shape[0]

    @property
    def rows_of_part(self) -> int:
        """How many rows the largest part has: all."""
        return self.n_samples

    @property
    def dtype(self) -> Any:
        """Precision of the fit."""
        return self.X.dtype if self.precision is None else self.precision

    @property
    def eps(self) -> float:
        """Of that precision: the distance from 1 to the next number."""
        return float(namespace(self.y).finfo(self.dtype).eps)

    def look_for_nan(self) -> None:
        """Do nothing: rows stay as they were checked."""

    def some_targets(self, n_rows: int) -> TargetColumns:
        """Return the targets of about that many rows, evenly spread."""
        return self.y[:: max(1, self.n_samples // n_rows), ...]

    @property
    @abstractmethod
    def is_sparse(self) -> bool:
        """Whether inputs are sparse."""

    @property
    @abstractmethod
    def whole(self) -> FeatureMatrix:
        """All of X as fits see it and canonical, for those who need it at once."""

    @abstractmethod
    def parts(self, weights: Weights) -> Iterator[Rows]:
        """Yield all rows, in as few parts as can be."""

    def summed(self, of_rows: Callable[[Rows], Array], weights: Weights) -> Array:
        """Return the sum over all parts of what a function of rows returns."""
        found: Any = sum(map(of_rows, self.parts(weights)))
        return found

    @abstractmethod
    def moments(self, weights: Weights, centred: bool, with_targets: bool) -> Moments:
        """Return means and second moments of the inputs, or of inputs and targets."""

    @abstractmethod
    def column_moments(self, weights: Weights, centred: bool) -> ColumnMoments:
        """Return means and variances of the inputs."""

    @abstractmethod
    def _sampled_moments(self, weights: Weights, centred: bool) -> Moments:
        """Return means and variances of the inputs, and how some of the rows correlate."""

    def spectrum(
        self, weights: Weights, centred: bool, basis: Basis, any_scale: bool
    ) -> tuple[Array, Spectrum]:
        """Return the means of the inputs and the eigenbasis of their second moments."""

        def find() -> tuple[Array, Spectrum]:
            if basis == "rows":
                return row_spectrum(self.whole, weights.values, centred, self.eps)
            if basis == "columns":
                columns = self.column_moments(weights, centred)
                return columns.mean, column_spectrum(columns, self.eps, any_scale)
            if basis == "sample":
                about = self._sampled_moments(weights, centred)
            else:
                about = self.moments(weights, centred, with_targets=False)
            return about.mean, spectrum(about, self.eps, any_scale)

        return self._found(("spectrum", centred, basis, any_scale), weights, find)

    @property
    def _step_of_sample(self) -> int:
        return max(1, self.n_samples // rows_of_sample(self.X.shape[1]))

    def _read(self, X: FeatureMatrix) -> FeatureMatrix:
        """Return inputs as fits see them."""
        return as_read(X, self.scaling, self.dtype)

    def _found(self, what: tuple[Hashable, ...], weights: Weights, find: Callable[[], Any]) -> Any:
        """Return what was found before, unless the weights are those of one stack only."""
        if weights.values is not None and weights.key is None:
            return find()
        key = (*what, weights.key)
        if key not in self._known:
            self._known[key] = find()
        return self._known[key]


class InMemory(KnownRows):
    """Rows that are in memory."""

    has_parts = False
    shared: Parts | None = None
    """What other sources know of the same rows."""

    @property
    def is_sparse(self) -> bool:
        """Whether inputs are sparse."""
        return is_sparse(self.X)

    @property
    def seen(self) -> FeatureMatrix:
        """All inputs as fits see them."""
        return self.whole

    def shuffles(self, seed: int, placement: Placement) -> Shuffles:
        """Return the orders of rows that are drawn from a seed."""
        return Shuffles(self.n_samples, seed, placement)

    def targets(self, weights: Weights, kind: TargetType) -> Iterator[Targets]:
        """Yield targets of which any constant has the losses that it has of all rows, as one part.

        On a device they are distinct ones, weighted by their numbers, where these are few.
        """
        found = None
        if weights.values is None:
            found = self._found(("distinct", kind), weights, lambda: counted(self.y, kind))
        if found is None:
            yield Targets(self.y, weights.values)
        else:
            yield Targets(found[0], found[1][None, :])

    def batch(self, start: int, size: int, order: Array | None, weights: Weights) -> Rows:
        """Return up to `size` rows from `start` on, in the given order (None: as they come)."""
        stop = min(start + size, self.n_samples)  # the array API has no slices past the end
        if order is None:
            block = slice(start, stop)
            is_all = start == 0 and stop == self.n_samples  # of sparse rows, slices are copies
            X = self._read(self.X if is_all else self.X[block, :])
            return Rows(X, self.y[block, ...], _columns(weights.values, block))
        chosen = order[start:stop]
        return Rows(
            self._read(take_rows(self.X, chosen)),
            take_rows(self.y, chosen),
            _columns(weights.values, chosen),
        )

    def parts(self, weights: Weights) -> Iterator[Rows]:
        """Yield all rows as one part."""
        yield Rows(self.whole, self.y, weights.values)

    def moments(self, weights: Weights, centred: bool, with_targets: bool) -> Moments:
        """Return means and second moments of the inputs, or of inputs and targets."""
        columns = [self.whole, self.y] if with_targets else [self.whole]

        def find() -> Moments:
            shared = self.shared if weights.values is None else None
            # codes of classes may differ from one source to the next
            if shared is not None and not (with_targets and self.y.dtype.kind != "f"):
                return shared.moments(columns, centred)
            return moments(columns, weights.values, centred)

        return self._found(("moments", centred, with_targets), weights, find)

    def column_moments(self, weights: Weights, centred: bool) -> ColumnMoments:
        """Return means and variances of the inputs."""
        return column_moments(self.whole, weights.values, centred)

    def _sampled_moments(self, weights: Weights, centred: bool) -> Moments:
        return sampled_moments(self.whole, weights.values, centred, self._step_of_sample)

    @property
    def whole(self) -> FeatureMatrix:
        """All of X as fits see it and canonical, for those who need it at once."""
        return self._found(("whole",), Weights(), lambda: canonical(self._read(self.X)))

    @property
    def in_rows(self) -> tuple[FeatureMatrix, Scaling | None]:
        """X with every row in one piece, and what it has to go through yet.

        It is as fits see it where that is a copy.
        """
        is_in_rows = self.is_sparse or self.X.flags.c_contiguous
        if self.scaling is not None and (self.is_sparse or not is_in_rows):
            return self.whole, None
        if is_in_rows:
            return self.X, self.scaling
        return self._found(("rows",), Weights(), lambda: _row_by_row(self.X, self.dtype)), None


@dataclass(frozen=True, eq=False)
class Data:
    """What a pass trains on, and scores itself on where it stops early."""

    train: Source
    validation: Rows | None = None
    validation_scaling: Scaling | None = None
    """What inputs that are scored go through as they are read."""
    scorer: Scorer | None = None
    """What scores fits on the held-out rows; None: the share of the loss that is explained."""

    @classmethod
    def in_memory(
        cls,
        train: Rows,
        validation: Rows | None = None,
        precision: Any = None,
        scaling: Scaling | None = None,
        scorer: Scorer | None = None,
    ) -> Data:
        """Return data that is in memory; weights of the training rows are a job's."""
        return cls(InMemory(train.X, train.y, precision, scaling), validation, scaling, scorer)


def as_read(X: FeatureMatrix, scaling: Scaling | None, dtype: Any) -> FeatureMatrix:
    """Return inputs as fits see them."""
    return in_precision(X, dtype) if scaling is None else scaling(X, dtype)


def blocks(n_samples: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` rows that cover all."""
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))  # the array API has none past the end


def _row_by_row(X: Array, dtype: Any) -> Array:
    """Return a copy in which every row is in one piece."""
    xp = namespace(X)
    rows = xp.empty(X.shape, dtype=dtype, device=X.device)
    rows[...] = X if xp is np else xp.astype(X, dtype, copy=False)
    return rows


def _columns(weight: SampleWeight | None, chosen: Array | slice) -> SampleWeight | None:
    if weight is None:
        return None
    if isinstance(chosen, slice) or isinstance(weight, np.ndarray):
        return weight[:, chosen]
    return namespace(weight).take(weight, chosen, axis=1)
