"""All kernels of a step, and whether there are any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skopt_suite._component import stack as stack_components
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Array, Params, Placement, State
from skopt_suite.backends.kernels._tracing import CannotTrace, Program
from skopt_suite.losses import Loss
from skopt_suite.models import ACTIVATIONS, Network
from skopt_suite.optimizers import Optimizer
from skopt_suite.training._plan import AUTO_STRENGTH, Plan
from skopt_suite.training._programs import (
    Around,
    LayerPrograms,
    UpdatePrograms,
    layer_programs,
    loss_program,
    output_program,
    update_programs,
)
from skopt_suite.training._rows import Rows

if TYPE_CHECKING:
    from skopt_suite.training._objective import Terms


def is_written(plan: Plan, network: Network) -> bool:
    """Whether there are kernels for the steps of a plan on dense rows; none is compiled to tell."""
    place, n_out = Placement(np), network.sizes[-1]
    kind = plan.loss.kinds[0]
    loss = stack_components([plan.loss.on(TargetType(kind, n_out))], place, ndim=3)
    penalty = stack_components([plan.penalty.with_strength(AUTO_STRENGTH)], place)
    rows = Rows(np.zeros((1, network.sizes[0])), np.zeros((1, 1 if kind == "classes" else n_out)))
    from skopt_suite.training._objective import Terms  # whose terms ask for kernels

    terms = Terms(network, loss, penalty.on(network.layout), counts_penalty=False)
    optimizer = stack_components([plan.optimizer], place)
    if not is_suited(optimizer, terms):
        return False
    params = np.zeros((1, network.n_params), np.float32)
    has_dropout = any((*plan.dropout, plan.input_dropout))
    try:
        state = optimizer.init(params, terms.on(rows))
        Programs.of(optimizer, terms, state, params, rows, has_dropout)
    except CannotTrace:
        return False
    return True


def is_suited(optimizer: Optimizer, terms: Terms) -> bool:
    """Whether steps are by minibatches, of what kernels are written for."""
    return not optimizer.is_full_batch and terms.loss.n_raw == 1


def loss_kernel(
    loss: Loss, rows: Rows, dtype: str, has_bias: bool
) -> tuple[Program, dict[str, Array]]:
    """Return the kernel of a stacked loss, and what it is called with of the loss itself.

    Raises `CannotTrace`, also where components of users do what only arrays can.
    """
    with _refused():
        return loss_program(loss, rows.y, dtype, has_bias, rows.weight)


class BatchPrograms(NamedTuple):
    """The kernels that go forward and back."""

    loss: Program
    loss_arrays: dict[str, Array]
    """What the kernel of the loss is called with, beside what differs between steps."""
    hidden: list[LayerPrograms]
    output: Program

    @classmethod
    def of(
        cls, network: Network, loss: Loss, dtype: str, rows: Rows, has_dropout: bool
    ) -> BatchPrograms:
        """Return them for a stacked loss; of rows only what they are counts.

        Raises `CannotTrace`, also where components of users do what only arrays can.
        """
        of_loss = loss_kernel(loss, rows, dtype, network.layout.layers[-1].has_bias)
        is_normalised, n_hidden = network.normalization != "none", network.n_hidden
        adds_input = [*map(network.adds_input, range(n_hidden)), False]
        hidden = [
            layer_programs(
                ACTIVATIONS[name],
                i,
                dtype,
                Around(is_normalised, adds_input[i], adds_input[i + 1], has_dropout),
            )
            for i, name in enumerate(network.activations)
        ]
        return cls(*of_loss, hidden, output_program(dtype))


class Programs(NamedTuple):
    """The kernels of a step."""

    update: UpdatePrograms
    batch: BatchPrograms

    @classmethod
    def of(
        cls,
        optimizer: Optimizer,
        terms: Terms,
        state: State,
        params: Params,
        rows: Rows,
        has_dropout: bool,
    ) -> Programs:
        """Return them for stacked components; of rows only what they are counts.

        Raises `CannotTrace`, also where components of users do what only arrays can.
        """
        network, dtype = terms.network, str(params.dtype)
        with _refused():
            update = update_programs(optimizer, terms.penalty, state, params, network.layout)
        return cls(update, BatchPrograms.of(network, terms.loss, dtype, rows, has_dropout))


@contextmanager
def _refused() -> Iterator[None]:
    """Say of what only arrays can do that it is not traced."""
    try:
        yield
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise CannotTrace(str(error)) from error
