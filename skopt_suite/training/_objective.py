"""The objective of a stack of fits: the data term plus the penalty."""

from __future__ import annotations

from dataclasses import dataclass

from skopt_suite._component import take
from skopt_suite._separable import Blockwise, Separable
from skopt_suite.backends import Array, FitColumn, Params, PerFit
from skopt_suite.losses import Loss
from skopt_suite.models import Context, DropoutDraws, Network
from skopt_suite.optimizers.algebra._curvature import Curvature
from skopt_suite.optimizers.algebra._diagonal import Diagonal
from skopt_suite.optimizers.algebra._quadratic import Quadratic
from skopt_suite.penalties import Penalty
from skopt_suite.training._cluster import term_on
from skopt_suite.training._data_term import PLAIN, DataTerm
from skopt_suite.training._linear_rows import LinearRows
from skopt_suite.training._linear_view import LinearView
from skopt_suite.training._rows import Rows, Source, Weights


@dataclass(frozen=True)
class Terms:
    """Model, loss and penalty of every fit of a stack, whatever the rows."""

    network: Network
    loss: Loss
    penalty: Penalty
    counts_penalty: bool = True
    """Whether the value has the smooth part of the penalty; minibatch rules only need its
    gradient, and the loop adds the value once per epoch."""
    context: Context = PLAIN
    """What networks have beside, whatever the step."""

    def on(self, rows: Rows) -> Objective:
        """Return the objective on some rows, without dropout."""
        data = DataTerm(self.network, self.loss, rows, self.context)
        return Objective(data, self.penalty, self.counts_penalty)

    def on_all(self, source: Source, weights: Weights) -> Objective:
        """Return the objective on all rows of a source, without dropout."""
        data = term_on(self.network, self.loss, source, weights, self.context)
        view = LinearView(self.network.layout, self.loss, self.penalty, source, weights)
        return Objective(data, self.penalty, self.counts_penalty, view)

    def uncounted_penalty(self, params: Params) -> PerFit | float:
        """Return what the value leaves out of the whole objective, (n_fits,)."""
        weights = self.network.layout.weights(params)
        if self.counts_penalty:
            has_prox = self.penalty.has_prox
            return self.penalty.nonsmooth_value(weights) if has_prox else 0.0
        return self.penalty.value(weights)

    def allowed(self, params: Params) -> Params:
        """Return `params` without weights that the penalty forbids, in place.

        A fit that begins there owes nothing for them.
        """
        weights = self.network.layout.weights(params)
        allowed = self.penalty.project(weights)
        if allowed is not weights:
            weights[...] = allowed
        return params

    def take(self, index: Array) -> Terms:
        """Return the terms of the fits that `index` names."""
        loss, penalty = take(self.loss, index), take(self.penalty, index)
        context = self.context.take(index)
        return Terms(self.network, loss, penalty, self.counts_penalty, context)


class Objective:
    """Mean loss plus penalty of every fit on some rows; what optimizers see as `Problem`.

    Parameters
    ----------
    data : DataTerm
        The mean loss.
    penalty : Penalty
        The stacked penalty.
    counts_penalty : bool
        Whether the value has the smooth part of the penalty.
    view : LinearView, optional
        What solvers of linear models may ask; None on a minibatch.
    time : float
        Epochs of training before the step.
    """

    __slots__ = ("_view", "counts_penalty", "data", "has_prox", "layout", "penalty", "time")

    def __init__(
        self,
        data: DataTerm,
        penalty: Penalty,
        counts_penalty: bool = True,
        view: LinearView | None = None,
        time: float = 0.0,
    ) -> None:
        self.data, self.penalty, self.counts_penalty = data, penalty, counts_penalty
        self._view, self.time = view, time
        self.has_prox, self.layout = penalty.has_prox, data.network.layout

    @property
    def separable(self) -> Separable | None:
        """The strengths of a separable penalty; None of others."""
        return self.penalty.separable()

    @property
    def debts(self) -> tuple[int, int]:
        """The shape of what a fit remembers, for its penalty, of noisy steps."""
        return self.penalty.debts(self.layout.n_weights)

    def linearised(self, params: Params) -> Separable | None:
        """Return the part that is not smooth as a separable one with the same slope, or None."""
        return self.penalty.linearised(self.layout.weights(params))

    def blockwise(self, params: Params) -> Blockwise | None:
        """Return the penalty as solvers know it that go from block to block, or None."""
        return self.penalty.blockwise(self.layout.weights(params))

    def value_and_gradient(self, params: Params) -> tuple[PerFit, Params]:
        """Return the smooth part, (n_fits,), and its gradient, (n_fits, n_params)."""
        mean, gradient = self.data.value_and_gradient(params)
        if self.penalty.has_gradient:
            part = self.layout.weights(gradient)
            total = self.penalty.add_gradient(part, self.layout.weights(params))
            if total is not part:
                part[...] = total
        return self._with_penalty(mean, params), gradient

    def value(self, params: Params) -> PerFit:
        """Return the smooth part without dropout, (n_fits,)."""
        return self._with_penalty(self.data.value(params), params)

    def prox(self, params: Params, step_size: FitColumn | Params) -> Params:
        """Return `params` with the proximal operator applied to the weights, in place."""
        if step_size.shape[1] > 1:
            step_size = self.layout.weights(step_size)
        weights = self.layout.weights(params)
        moved = self.penalty.prox(weights, step_size)
        if moved is not weights:
            weights[...] = moved
        return params

    def pay(
        self, params: Params, owed: Array, step_size: FitColumn | Params
    ) -> tuple[Params, Array]:
        """Return `params` with weights that have paid, in place, and what they owe."""
        if step_size.shape[1] > 1:
            step_size = self.layout.weights(step_size)
        weights = self.layout.weights(params)
        moved, owed = self.penalty.pay(weights, owed, step_size)
        if moved is not weights:
            weights[...] = moved
        return params, owed

    def optimality(self, params: Params, gradient: Params) -> PerFit:
        """Return about how much the objective can still fall, (n_fits,)."""
        bound = None if self.has_prox else self.curvature()
        if bound is not None:
            return bound.remaining(params, gradient)
        diagonal = self.diagonal()
        centred = diagonal.centred(params)
        moved = centred - diagonal.centred_gradient(gradient) / diagonal.values
        if self.has_prox:
            moved = self.prox(moved, 1 / diagonal.values)
        return diagonal.remaining(centred, centred - moved)

    def curvature(self) -> Curvature | None:
        """Return a bound on the Hessian of linear models, or something near it; None of others."""
        return None if self._view is None else self._view.curvature()

    def diagonal(self) -> Diagonal:
        """Return the curvature by every parameter, as far as it is known."""
        return self._on_all_rows().diagonal()

    def quadratic(self) -> Quadratic:
        """Return the objective of linear models as the quadratic that it is."""
        return self._on_all_rows().quadratic()

    def ridge(self) -> FitColumn | float:
        """Return the curvature of a quadratic penalty of a linear model."""
        return self._on_all_rows().ridge()

    def linear_rows(self) -> LinearRows:
        """Return the rows of linear models themselves."""
        return self._on_all_rows().linear_rows()

    def _on_all_rows(self) -> LinearView:
        if self._view is None:
            raise TypeError("Curvature is known of the objective on all rows only.")
        return self._view

    def at(self, time: float) -> Objective:
        """Return the objective of a step that many epochs after the beginning."""
        return Objective(self.data, self.penalty, self.counts_penalty, self._view, time)

    def with_dropout(self, draws: DropoutDraws) -> Objective:
        """Return the objective with hidden units dropped."""
        data = self.data.with_context(self.data.context._replace(dropout=draws))
        return Objective(data, self.penalty, self.counts_penalty, self._view, self.time)

    def take(self, index: Array) -> Objective:
        """Return the objective of the fits that `index` names, on the same rows."""
        view = None if self._view is None else self._view.take(index)
        penalty = take(self.penalty, index)
        return Objective(self.data.take(index), penalty, self.counts_penalty, view, self.time)

    def _with_penalty(self, mean: PerFit, params: Params) -> PerFit:
        if self.counts_penalty and self.penalty.has_gradient:
            mean = mean + self.penalty.smooth_value(self.layout.weights(params))
        return mean
