"""What a job demands of its optimizer, and why an optimizer cannot do it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from skopt_suite.optimizers._base import Optimizer


class LossFacts(Protocol):
    """What an optimizer may ask of a loss before training."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def is_smooth(self) -> bool:
        """Whether the gradient is continuous."""

    @property
    def has_smoothed(self) -> bool:
        """Whether there is a smooth one in its place."""

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether it is linear between kinks that are known."""

    @property
    def is_quadratic(self) -> bool:
        """Whether it is quadratic in the raw predictions, with the same curvature everywhere."""

    @property
    def has_hessian(self) -> bool:
        """Whether the second derivative is known."""


class PenaltyFacts(Protocol):
    """What an optimizer may ask of a penalty before training."""

    @property
    def has_prox(self) -> bool:
        """Whether a part acts by its proximal operator."""

    @property
    def needs_step_size(self) -> bool:
        """Whether how it acts depends on how far steps move."""

    @property
    def is_quadratic(self) -> bool:
        """Whether the curvature of the smooth part is known, for every output."""

    @property
    def is_elastic_net(self) -> bool:
        """Whether it is a sum over weights of absolute values and squares, free of constraints."""

    @property
    def has_ridge(self) -> bool:
        """Whether a part of it is known to be L2, of a strength that is not 0."""

    @property
    def has_tangent(self) -> bool:
        """Whether it is, or is bounded by, a sum over weights of absolute values and squares."""

    @property
    def is_blockwise(self) -> bool:
        """Whether it is, or is bounded by, a sum over weights and over groups of them."""


@dataclass(frozen=True)
class Demands:
    """All that is known of a job before it starts and that may not suit an optimizer."""

    loss: LossFacts
    penalty: PenaltyFacts
    schedule: str = "constant"
    """Name of the schedule."""
    dropout: float = 0.0
    """The largest rate of dropout of all layers."""
    input_dropout: float = 0.0
    """The rate of dropout of the input."""
    hidden_layer_sizes: tuple[int, ...] = ()
    """Units of every hidden layer; empty for linear models."""
    is_sparse: bool = False
    """Whether X is sparse."""
    is_chunked: bool = False
    """Whether X is read chunk by chunk, and never in memory."""
    is_on_cluster: bool = False
    """Whether X is on the workers of a cluster."""
    has_coupled_outputs: bool = False
    """Whether raw predictions of a sample depend on one another."""
    is_on_host: bool = True
    """Whether X is in the memory of the host."""
    is_incremental: bool = False
    """Whether training goes on in calls of ``partial_fit``."""
    moves_momentum: bool = False
    """Whether there must be a momentum that the schedule can move."""


def refusals(optimizer: Optimizer, demands: Demands) -> Iterator[str]:
    """Yield all reasons, from the abilities that an optimizer declares."""
    yield from _of_objective(optimizer, demands)
    yield from _of_training(optimizer, demands)
    yield from _of_kind(optimizer, demands)
    if not (demands.is_on_host or optimizer.takes_devices):
        yield "takes arrays of NumPy and SciPy only, and X is elsewhere"
    if demands.is_chunked and not optimizer.takes_chunks:
        yield "needs all of X in memory, and X is read in chunks"
    if demands.is_on_cluster and not optimizer.takes_clusters:
        yield "needs all of X in one place, and X is on the workers of a cluster"
    if demands.is_sparse and not optimizer.takes_sparse:
        yield (
            "needs the covariance of X, which sparse X does not have at hand"
            if optimizer.only_quadratic
            else "takes dense X only, and X is sparse"
        )


def _of_objective(optimizer: Optimizer, demands: Demands) -> Iterator[str]:
    loss = demands.loss
    if not (optimizer.takes_kinks or loss.is_smooth or loss.has_smoothed):
        yield f"needs a smooth loss, and {loss.name!r} has kinks"
    if not optimizer.takes_prox and demands.penalty.has_prox:
        yield f"needs a smooth penalty, and {demands.penalty!r} is not"


def _of_training(optimizer: Optimizer, demands: Demands) -> Iterator[str]:
    if not optimizer.takes_schedule and demands.schedule != "constant":
        yield (f"finds its own step size, so schedule must be 'constant'; got {demands.schedule!r}")
    if demands.moves_momentum and not optimizer.has_momentum:
        yield "has no momentum, which the schedule moves as cycle_momentum is True"
    if optimizer.is_full_batch and not optimizer.takes_schedule:
        for name in ("dropout", "input_dropout"):
            if rate := getattr(demands, name):
                yield (
                    "needs an objective that does not change between evaluations, so "
                    f"{name} must be 0; got {rate}"
                )
    if demands.is_incremental and not optimizer.is_incremental:
        yield "starts anew with every call, so there is no partial_fit"


def _of_kind(optimizer: Optimizer, demands: Demands) -> Iterator[str]:
    if optimizer.only_quadratic and not demands.loss.is_quadratic:
        yield f"needs the squared error; got loss {demands.loss.name!r}"
    if optimizer.only_linear and demands.hidden_layer_sizes:
        sizes = list(demands.hidden_layer_sizes)
        yield f"needs a linear model; got hidden layers of {sizes} units"
    if optimizer.only_quadratic and not demands.penalty.is_quadratic:
        yield (f"needs a quadratic penalty that declares its curvature; got {demands.penalty!r}")
