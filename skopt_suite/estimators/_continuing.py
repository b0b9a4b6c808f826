"""Training that goes on: partial fits and warm starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._component import content, fusion_key
from skopt_suite.estimators._architecture import widths
from skopt_suite.estimators._predict import shown_params
from skopt_suite.models import Network
from skopt_suite.optimizers import Demands
from skopt_suite.training import Memory, Plan, Standardization, able_optimizers, are_alike, choice

LONGEST_CURVE = 10_000
"""Entries of ``loss_curve_`` that partial fits keep, so that a stream does not fill the memory."""


def longer_curve(curve: list[float], more: list[float]) -> list[float]:
    """Return the last entries of `curve` with `more`; it is changed in place."""
    curve += more
    del curve[:-LONGEST_CURVE]
    return curve


def check_incremental(estimator: Any) -> None:
    """Raise `AttributeError` with the reason if there is no `partial_fit`."""
    optimizer = estimator._optimizer()
    if not optimizer.is_incremental:
        raise AttributeError(
            "partial_fit needs an optimizer that goes on from where it was; "
            f"{optimizer.name!r} (optimizer={estimator.optimizer!r}) starts anew with every call. "
            f"Change optimizer to {choice(_incremental(estimator))}."
        )
    if estimator.early_stopping and not isinstance(estimator.early_stopping, str):
        raise AttributeError(
            "partial_fit does not hold out data, so early_stopping must be False or 'auto'; got "
            "True."
        )
    if isinstance(getattr(estimator, "class_weight", None), str):
        raise AttributeError(
            "partial_fit does not see how frequent classes are, so class_weight must be a dict or "
            f"None; got {estimator.class_weight!r}. sklearn.utils.class_weight."
            "compute_class_weight gives the weights of data at hand."
        )


def _incremental(estimator: Any) -> list[str]:
    """Return the optimizers that `partial_fit` of dense data would go on with."""
    schedule = estimator._schedule(is_incremental=True)
    demands = Demands(
        estimator._loss(),
        estimator._kind_of_penalty(),
        schedule.name,
        max(estimator._dropout_rates(), default=0.0),
        estimator._input_dropout_rate(),
        widths(getattr(estimator, "hidden_layer_sizes", ())),
        is_incremental=True,
        moves_momentum=schedule.needs_momentum,
    )
    return [repr(name) for name in able_optimizers(demands)]


class Start(NamedTuple):
    """Where a fit begins."""

    params: np.ndarray
    """(n_params + n_buffers,)"""
    memory: Memory | None = None
    """The state of the optimizer and of the schedule to go on from."""
    n_epochs_before: float = 0.0
    """Epochs that count as done: of ``max_iter`` and on the schedule."""


Initial = Callable[[Network, Start | None], Start]
"""From a network, and where a warm start would begin, to where a fit begins."""


def continued_start(
    model: Any,
    network: Network,
    plan: Plan,
    incremental: bool,
    standardization: Standardization | None,
) -> Start:
    """Return the start of training that goes on from what `model` was trained to.

    Parameters are in the units of the rows, the memory is as the fit sees them.
    """
    params = _trained_params(model, network)
    memory = usable_memory(model, network, plan, params, incremental)
    if not are_alike(model._standardization, standardization):
        memory = None
    return Start(params, memory, 0.0 if memory is None or incremental else memory.time)


def _trained_params(model: Any, network: Network) -> np.ndarray:
    """Return the parameters that a model shows; raise if they are not those of `network`."""
    coefs, _ = model._layers()
    shapes = [np.shape(coef) for coef in coefs]
    expected = list(zip(network.sizes, network.sizes[1:], strict=False))
    if shapes != expected:
        raise ValueError(
            f"{type(model).__name__}: training cannot go on with layers of shape {shapes}: "
            f"the data and parameters now ask for {expected}. Fit with warm_start=False."
        )
    trained, wanted = model._trained_network.normalization, network.normalization
    if trained != wanted:
        raise ValueError(
            f"{type(model).__name__}: training cannot go on with normalization={trained!r}: the "
            f"parameters now ask for {wanted!r}. Fit with warm_start=False."
        )
    return shown_params(model, network)


def usable_memory(
    model: Any, network: Network, plan: Plan, start: np.ndarray, incremental: bool
) -> Memory | None:
    """Return the state to go on from; None if it is another model's, optimizer's or schedule's.

    A warm start begins anew with whatever part of the objective was changed.

    Parameters
    ----------
    model : TrainableEstimator
        What was fitted.
    network, plan : object
        What is to be trained.
    start : ndarray of shape (n_params,)
        The parameters that the estimator shows: the best ones after early stopping.
    incremental : bool
        Whether it is a partial fit, in which numbers may change from call to call, such as a
        learning rate.
    """
    memory: Memory | None = model._memory
    if (
        memory is None
        or model._trained_network != network
        or not _is_same(model, plan, incremental)
    ):
        return None
    standardization = model._standardization
    if standardization is None:
        shown, is_same = start[None, :], np.array_equal(start[None, :], memory.shown)
    else:
        shown = standardization.unfolded(network, start)[None, :]
        is_same = np.array_equal(start, standardization.folded(network, memory.shown))
    return memory if is_same else memory._replace(params=shown, shown=shown)


def _is_same(model: Any, plan: Plan, incremental: bool) -> bool:
    """Whether a state of the last fit serves the plan."""
    penalty = plan.penalty.with_strength(model._penalty_strength)
    used = [model.optimizer_, model.schedule_, model.penalty_, model.loss_function_]
    wanted = [plan.optimizer, plan.schedule, penalty, plan.loss]
    if incremental:
        n_parts = 1 if model.schedule == "auto" else 2  # what it is in `fit` has no state
        return [*map(fusion_key, used[:n_parts])] == [*map(fusion_key, wanted[:n_parts])]
    return [*map(content, used)] == [*map(content, wanted)]
