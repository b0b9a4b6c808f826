"""Ranges of steps in one call of the backend, where it has one for such fits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from skopt_suite._component import stack as stack_components
from skopt_suite._target_type import TargetType
from skopt_suite.backends import (
    Array,
    Batches,
    MakesSteps,
    Moved,
    PerFit,
    Placement,
    Recipe,
    engine_for,
    knows,
    steps_for,
    writes_kernels,
)
from skopt_suite.chunks import ahead
from skopt_suite.losses import Loss
from skopt_suite.models import ACTIVATIONS, LeakyReLU, Network
from skopt_suite.optimizers import OPTIMIZERS, Optimizer, Prodigy, Rule
from skopt_suite.penalties import Penalty
from skopt_suite.training._chunked import Chunked, Span
from skopt_suite.training._device_steps import DeviceSteps, device_steps
from skopt_suite.training._epoch import Cancelled, Epoch
from skopt_suite.training._moved import counted, moved_of, numbers_of, parts_of, state_of
from skopt_suite.training._names import loss_name, name_of
from skopt_suite.training._plan import AUTO_STRENGTH, Plan
from skopt_suite.training._rows import KnownRows, Source
from skopt_suite.training._rows_read import tell_rows
from skopt_suite.training._rule_texts import rule_texts
from skopt_suite.training._stack import Stack
from skopt_suite.training._written import is_written

_NONE = np.empty(0)
MOST_ROWS = 4096  # of a batch that is all rows: calls copy batches
_WIDE = 128  # outputs of all fits, and rows
_SECONDS = 0.02
"""How long a call is to take: between calls a pass can be cancelled."""
_FEWEST_FITS = 16
"""Of a call, if there are so many: what it takes from rows is shared by linear models."""


def compiled_steps(
    stack: Stack, source: Source, batch_size: int, matmul_precision: str = "highest"
) -> CompiledSteps | DeviceSteps | None:
    """Return what makes the steps of a stack in few calls; None where the definition makes them."""
    engine = engine_for(stack.params, matmul_precision)
    if engine is not None:
        return device_steps(stack, source, batch_size, engine)
    makes_rule_steps = _rule_name(parts_of(stack.optimizer).rule) != ""
    if not makes_rule_steps or not isinstance(source, KnownRows):
        return None
    if not _is_suited(stack, source, batch_size):
        return None
    terms, dtype = stack.terms, str(stack.params.dtype)
    has_dropout, what = stack.dropout is not None, (terms.loss, terms.penalty, dtype)
    recipe = recipe_of(terms.network, stack.optimizer, *what, has_dropout, stack.params)
    make = None if recipe is None else steps_for(recipe, stack.params)
    if make is None:
        return None
    return ChunkedSteps(make) if isinstance(source, Chunked) else CompiledSteps(make)


def _is_suited(stack: Stack, source: KnownRows, batch_size: int) -> bool:
    """Whether rows are what calls read, and are better copied batch by batch than taken at once."""
    network, sees_all = stack.terms.network, stack.terms.context.columns is None
    n_features = source.X.shape[1] if sees_all else network.sizes[0]
    loss, n_raw = stack.terms.loss, source.y.shape[1] * stack.terms.loss.n_raw
    n_wanted = 1 if loss.targets.kind == "classes" else network.sizes[-1]
    is_aligned = (n_features, n_raw) == (network.sizes[0], n_wanted)
    is_whole = batch_size > MOST_ROWS and batch_size >= source.n_samples
    return is_aligned and not is_whole and not _is_wide(stack, source, batch_size)


def _is_wide(stack: Stack, source: KnownRows, batch_size: int) -> bool:
    """Whether products of many linear models are faster as one."""
    n_columns = stack.params.shape[0] * stack.n_outputs
    is_linear = stack.terms.network.layout.is_linear and not source.is_sparse
    return is_linear and min(n_columns, batch_size) >= _WIDE


class CompiledSteps:
    """Makes the steps of epochs in calls of about the same time.

    A call makes as many steps of a fit as it can before it turns to the next one, whose parameters
    and moments are then fetched from memory.

    Parameters
    ----------
    make : callable
        Of the backend.
    """

    def __init__(self, make: MakesSteps) -> None:
        self.make, self.seconds_per_step = make, 0.0  # of a fit
        self.moved: Moved | None = None
        self.batches: Batches | None = None

    def run(self, epoch: Epoch, stack: Stack, cancelled: Callable[[], bool] | None) -> PerFit:
        """Make all steps of an epoch; return the mean loss of every fit in it, (n_fits,)."""
        moved, batches = self._of_epoch(epoch, stack)
        for fits in self._blocks(len(moved.params), epoch.n_steps):
            self._run_block(moved.take(fits), batches.of(fits), epoch.n_steps, cancelled)
        return moved.loss

    def _blocks(self, n_fits: int, n_steps: int) -> list[slice]:
        """Return which fits make their steps before others do."""
        size = max(_FEWEST_FITS, self._n_at_once() // n_steps)
        n_blocks = -(-n_fits // size)
        bounds = [i * n_fits // n_blocks for i in range(n_blocks + 1)]
        return [slice(*pair) for pair in pairwise(bounds)]

    def _run_block(
        self, moved: Moved, batches: Batches, n_steps: int, cancelled: Callable[[], bool] | None
    ) -> None:
        n_fits, start, least = len(moved.params), 0, self.make.n_worth_a_call(moved, batches)
        while start < n_steps:
            if cancelled is not None and cancelled():
                raise Cancelled
            stop = min(start + max(least, self._n_at_once() // n_fits), n_steps)
            began = perf_counter()
            self.make(moved, batches, start, stop)
            self.seconds_per_step = (perf_counter() - began) / (stop - start) / n_fits
            start = stop

    def _of_epoch(self, epoch: Epoch, stack: Stack) -> tuple[Moved, Batches]:
        """Return fits and rows; all but what an epoch brings is found when the stack changes."""
        if self.moved is None or self.batches is None or self.moved.params is not stack.params:
            self.moved, self.batches = moved_of(epoch, stack), self._batches(epoch)
            stack.params = self.moved.params
            stack.optimizer_state = state_of(self.moved, stack.optimizer_state)
        rates = np.ascontiguousarray(stack.optimizer.learning_rate * epoch.factors, dtype=float)
        shares = counted(epoch, stack, rates)
        self.moved = self.moved._replace(
            rates=rates,
            numbers=self.moved.numbers if epoch.momenta is None else numbers_of(epoch, stack),
            shares=shares,
            loss=np.zeros(len(rates)),
        )
        self.batches = self.batches._replace(
            order=self._order(epoch), first_count=epoch.number * epoch.n_steps
        )
        return self.moved, self.batches

    def _order(self, epoch: Epoch) -> np.ndarray:
        return np.arange(epoch.source.n_samples) if epoch.order is None else epoch.order

    def _batches(self, epoch: Epoch) -> Batches:
        """Return the rows of an epoch, in memory."""
        source: Any = epoch.source
        x, scaling = source.in_rows
        return _batches(epoch, x, scaling, source.y, epoch.weights.values)

    def _n_at_once(self) -> int:
        return int(_SECONDS / self.seconds_per_step) if self.seconds_per_step else 1


class ChunkedSteps(CompiledSteps):
    """Makes the steps of epochs on rows that are read chunk by chunk, some ahead of the steps."""

    def run(self, epoch: Epoch, stack: Stack, cancelled: Callable[[], bool] | None) -> PerFit:
        """Make all steps of an epoch; return the mean loss of every fit in it, (n_fits,)."""
        moved, batches = self._of_epoch(epoch, stack)
        source: Any = epoch.source
        total = np.zeros(len(moved.params))
        spans = source.spans(epoch.order, epoch.batch_size)
        for span in spans if source.X.reader.is_shared else ahead(spans):
            part = moved.of_steps(span.first, span.n_steps)
            rows = self._rows_of(span, epoch, batches)
            for fits in self._blocks(len(total), span.n_steps):
                self._run_block(part.take(fits), rows.of(fits), span.n_steps, cancelled)
            total += part.loss * (len(rows.y) / source.n_samples)
            tell_rows(len(rows.y))
        return total

    def _order(self, epoch: Epoch) -> np.ndarray:
        return np.empty(0, np.int64)

    def _batches(self, epoch: Epoch) -> Batches:
        """Return what is the same for all rows of an epoch."""
        source: Any = epoch.source
        nothing, scaling = np.empty((0, 0), source.dtype), source.scaling
        return _batches(epoch, nothing, None if source.is_sparse else scaling, source.y[:0], None)

    def _rows_of(self, span: Span, epoch: Epoch, batches: Batches) -> Batches:
        """Return the rows of some steps."""
        source: Any = epoch.source
        (X, positions, order), weight = span.rows, epoch.weights.values
        return batches._replace(
            x=source.seen_sparse(X) if source.is_sparse else X,
            y=np.ascontiguousarray(source.y[positions], dtype=source.dtype),
            weight=batches.weight if weight is None else np.take(weight, positions, axis=1),
            order=order,
            first_count=batches.first_count + span.first,
        )


def kind_of_steps(plan: Plan, network: Network, like: Array, is_sparse: bool = False) -> str:
    """Return what makes the steps of a plan on arrays such as `like`.

    Returns
    -------
    kind : {"compiled", "definition", "full batch"}
        Calls of the backend that make many, one step at a time, or steps that see all rows.
    """
    if plan.optimizer.is_full_batch:
        return "full batch"
    if writes_kernels(like):
        return "compiled" if not is_sparse and is_written(plan, network) else "definition"
    loss = plan.loss.on(TargetType(plan.loss.kinds[0], network.sizes[-1]))
    penalty = stack_components([plan.penalty.with_strength(AUTO_STRENGTH)], Placement(np))
    has_dropout = any((*plan.dropout, plan.input_dropout))
    recipe = recipe_of(network, plan.optimizer, loss, penalty, "float32", has_dropout, like)
    return "compiled" if recipe is not None and knows(recipe, like) else "definition"


def recipe_of(
    network: Network,
    optimizer: Optimizer,
    loss: Loss,
    penalty: Penalty,
    dtype: str,
    has_dropout: bool,
    like: Array,
) -> Recipe | None:
    """Return what fits are; None where a part of them has no name that a backend could know.

    A rule whose name is not known to the backend for arrays such as `like` comes as text, too.
    """
    clip, around, maker = parts_of(optimizer)
    rule, of_loss, acts = _rule_name(maker), loss_name(loss), penalty.description()
    if not (rule and of_loss and network.is_plain) or acts is None:
        return None
    separable = penalty.separable()
    has_implicit_l2 = separable is not None and separable.l2 is not None
    activations = [ACTIVATIONS[name] for name in network.activations]
    recipe = Recipe(
        dtype=dtype,
        rule=rule,
        around="" if around is None else name_of(type(around)),
        loss=of_loss,
        layers=network.layout.layers,
        slopes=(*(_slope(activation) for activation in activations), 1.0),
        activations=(*(_name(name) for name in network.activations), ""),
        n_weights=network.layout.n_weights,
        is_clipped=clip is not None,
        has_dropout=has_dropout,
        has_prox=penalty.has_prox,
        is_positive=acts.separable.is_positive,
        has_implicit_l2=getattr(maker, "has_implicit_l2", False) and has_implicit_l2,
        has_slopes=getattr(maker, "has_slopes", False) and penalty.has_prox and acts.has_slope,
        penalty="" if acts.formula is None else name_of(acts.formula),
    )
    if not isinstance(maker, Rule) or knows(recipe, like):
        return recipe
    return recipe._replace(texts=rule_texts(maker, dtype))


def _slope(activation: Any) -> float:
    return activation.negative_slope if isinstance(activation, LeakyReLU) else 1.0


def _name(activation: str) -> str:
    return "" if isinstance(ACTIVATIONS[activation], LeakyReLU) else activation


def _rule_name(optimizer: Optimizer) -> str:
    """Return the name of a rule that makes minibatch steps by its formula and nothing else."""
    cls: Any = type(optimizer)
    if cls is Prodigy:
        return name_of(cls)
    is_rule = isinstance(optimizer, Rule) and not optimizer.is_full_batch
    if not is_rule or cls.step is not Rule.step or cls.update is not Rule.update:
        return ""
    name = name_of(cls.formula)
    return name if _reaches_as_known(cls) else f"{name}, {name_of(cls.step_size)}"


def _reaches_as_known(cls: Any) -> bool:
    """Whether a rule with the formula of one of ours has the step size of that, too."""
    ours = [OPTIMIZERS[name] for name in OPTIMIZERS]
    known = [one.step_size for one in ours if getattr(one, "formula", None) is cls.formula]
    return not known or cls.step_size in known


def _batches(epoch: Epoch, x: Any, scaling: Any, y: Array, weight: Array | None) -> Batches:
    """Return rows, which go through a scaling yet; the order of an epoch is missing."""
    dtype = epoch.source.dtype
    mean, factor = (_NONE, _NONE) if scaling is None else scaling.of_columns()
    columns = epoch.terms.context.columns
    return Batches(
        x=x,
        mean=mean,
        factor=factor,
        columns=np.empty((0, 0), np.int64) if columns is None else columns,
        y=np.ascontiguousarray(y, dtype=dtype),
        weight=np.empty((0, 0), dtype) if weight is None else np.ascontiguousarray(weight),
        order=np.empty(0, np.int64),
        batch_size=epoch.batch_size,
        seed=0 if epoch.dropout is None else epoch.dropout.seed,
        first_count=0,
    )
