"""The seam for ranges of steps: what an epoch tells a backend that can make many in one call.

Everything that differs between fits begins with the fits. Arrays are contiguous, and what is moved
is overwritten. Where a backend has no answer, the definition makes the steps:
`skopt_suite.training._epoch`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from skopt_suite.backends._shapes import Array, FitColumn, Params, PerFit


class Recipe(NamedTuple):
    """What fits are, by names of definitions."""

    dtype: str
    rule: str
    """Module and name of the rule's formula, or of the class of a rule that has none; and of the
    step size, where that is not the one which comes with the formula."""
    around: str
    """Module and name of the class that keeps more parameters beside those, or an empty one."""
    loss: str
    """Module and name of the class of the loss, and the kind of its targets."""
    layers: tuple[tuple[int, int, int, int], ...]
    """Inputs, outputs, where weights and where biases lie (-1: none), by layer."""
    slopes: tuple[float, ...]
    """Behind every layer the factor on what is negative; 1 with a named activation or none."""
    activations: tuple[str, ...]
    """Behind every layer the name of another activation, or an empty one."""
    n_weights: int
    is_clipped: bool
    """Whether gradients are."""
    has_dropout: bool
    has_prox: bool
    """Whether a part of the penalty acts after the step."""
    is_positive: bool
    """Whether it keeps weights from being negative."""
    has_implicit_l2: bool
    """Whether the gradient of L2 is that where a step ends."""
    has_slopes: bool
    """Whether the slope of L1 comes with the gradient."""
    penalty: str = ""
    """Module and name of the formula of a penalty that is not separable, or an empty one."""
    texts: tuple[str, ...] = ()
    """Of the rule and of its reach, as Python for one fit in this precision, which leaves the names
    of the functions open; none for a backend that knows the rule by name, or of what has none."""


class Moved(NamedTuple):
    """Fits."""

    params: Params
    moments: Array  # (n_fits, n_moments, n_params)
    n_steps: FitColumn  # float64
    known: Array  # (n_fits, n_numbers), float64: what rules have found, or (n_fits, 0)
    rates: Array  # (n_fits, n_steps) of the epoch, float64
    numbers: Array  # (n_fits, 1 or n_steps, n_hyperparameters) of the rule, float64
    limits: Array  # (n_fits, 2), float64: the largest entry and norm of gradients; or (n_fits, 0)
    loss_numbers: Array  # (n_fits, n_hyperparameters) of the loss, float64
    l2: Array  # (n_fits, 1) or (n_fits, n_weights)
    l1: Array  # (n_fits, 1) or (n_fits, n_weights)
    formula_numbers: Array  # (n_fits, n_numbers, 1, n_weights or n_groups) of the penalty's formula
    members: Array  # (n_fits, n_weights), int64: of groups, one after the other; or (n_fits, 0)
    starts: Array  # (n_fits, n_groups + 1), int64: of groups among members; or (n_fits, 0)
    owed: Array  # to the penalty; (n_fits, 2, n_weights), or another shape
    dropout: Array  # (n_fits, n_hidden), with a last one of the input, or (n_fits, 0) without
    beside: Params  # of what is around the rule, such as averages; or (n_fits, 0)
    shares: Array  # (n_fits, n_steps) of the epoch: what steps count in those, or (n_fits, 0)
    loss: PerFit  # float64; the mean loss of every step, by its share of all rows, is added

    def take(self, fits: slice) -> Moved:
        """Return views of some fits."""
        return Moved(*(array[fits] for array in self))

    def of_steps(self, start: int, n_steps: int) -> Moved:
        """Return the fits with what some steps of an epoch bring, and no loss yet."""
        steps = slice(start, start + n_steps)
        numbers = self.numbers[:, steps] if self.numbers.shape[1] > 1 else self.numbers
        parts = self.rates[:, steps], numbers, self.shares[:, steps]
        rates, numbers, shares = map(np.ascontiguousarray, parts)
        loss = np.zeros_like(self.loss)
        return self._replace(rates=rates, numbers=numbers, shares=shares, loss=loss)


class Batches(NamedTuple):
    """Rows, and how steps take them."""

    x: Any  # (n_samples, n_features), dense or in compressed sparse rows
    mean: Array  # (n_features,), float64, to be taken off dense x; or (0,)
    factor: Array  # (n_features,), float64, which dense x is then multiplied by; or (0,)
    columns: Array  # (n_fits, n_inputs), int64: those of dense x that fits see; or (0, 0): all
    y: Array  # (n_samples, n_columns), in the precision of fits
    weight: Array  # (n_fits or 1, n_samples), or (0, 0)
    order: Array  # (n_samples,), int64
    batch_size: int
    seed: int
    """Of dropout."""
    first_count: int
    """Number of the first step of the epoch, counted from the beginning of the fit."""

    def of(self, fits: slice) -> Batches:
        """Return the rows as some fits see and weigh them."""
        weight = self.weight[fits] if len(self.weight) > 1 else self.weight
        return self._replace(weight=weight, columns=self.columns[fits])


class MakesSteps(Protocol):
    """Makes ranges of steps."""

    def __call__(self, moved: Moved, batches: Batches, start: int, stop: int) -> None:
        """Make the steps from `start` to `stop` of an epoch."""

    def n_worth_a_call(self, moved: Moved, batches: Batches) -> int:
        """Return how many steps take about as long as what a call does beside them; at least 1."""
