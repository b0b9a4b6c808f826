"""All kernels of a step, and whether there are any."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite._component import stack as stack_components
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Params, Placement, State
from skopt_suite.backends.kernels._tracing import CannotTrace
from skopt_suite.models import Network
from skopt_suite.optimizers import Optimizer
from skopt_suite.training._batch_programs import BatchPrograms, refused
from skopt_suite.training._objective import Terms
from skopt_suite.training._plan import AUTO_STRENGTH, Plan
from skopt_suite.training._programs import UpdatePrograms, update_programs
from skopt_suite.training._rows import Rows


def is_written(plan: Plan, network: Network) -> bool:
    """Whether there are kernels for the steps of a plan on dense rows; none is compiled to tell."""
    place, n_out = Placement(np), network.sizes[-1]
    kind = plan.loss.kinds[0]
    loss = stack_components([plan.loss.on(TargetType(kind, n_out))], place, ndim=3)
    penalty = stack_components([plan.penalty.with_strength(AUTO_STRENGTH)], place)
    rows = Rows(np.zeros((1, network.sizes[0])), np.zeros((1, 1 if kind == "classes" else n_out)))
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
        with refused():
            update = update_programs(optimizer, terms.penalty, state, params, network.layout)
        return cls(update, BatchPrograms.of(network, terms.loss, dtype, rows, has_dropout))
