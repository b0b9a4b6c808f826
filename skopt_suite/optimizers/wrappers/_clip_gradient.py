"""Clipping of gradients."""

from __future__ import annotations

from typing import Any, NamedTuple

from skopt_suite._separable import Separable
from skopt_suite.backends import (
    Array,
    FitColumn,
    FlatWeights,
    Params,
    PerFit,
    State,
    like,
    namespace,
)
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers._changed import Changed
from skopt_suite.optimizers.wrappers._base import Wrapper, beside_inner


class ClipState(NamedTuple):
    """The state of the inner optimizer."""

    inner: State


class ClipGradient(Wrapper):
    """Another optimizer, on gradients that are clipped.

    By value, every entry on its own; then by norm, all weights and biases of a model together::

        g ← min(max(g, -value), value)
        g ← g * min(1, norm / ‖g‖)

    The gradient is that of the loss and of the smooth part of the penalty. A penalty that acts by
    its proximal operator, such as L1, is weakened by as much as the gradient is, weight by weight,
    so that the optimum is where it was. `value` and `norm` are ``clipvalue`` and
    ``global_clipnorm`` of Keras's optimizers, ``clip_grad_value_`` and ``clip_grad_norm_`` of
    PyTorch.

    Parameters
    ----------
    inner : str or Optimizer, default="adam"
        What makes the steps.
    value : float > 0 or None, default=None
        The largest size of an entry; None: any.
    norm : float > 0 or None, default=None
        The largest Euclidean norm; None: any, or 1 if `value` is None, too.

    See Also
    --------
    Lookahead : Steadies training by returning part of the way.
    AverageWeights : Steadies predictions by an average.
    skopt_suite.penalties.MaxNorm : Bounds weights in place of gradients.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks",
    ICML 2013, algorithm 1.

    Examples
    --------
    >>> from skopt_suite import MLPRegressor
    >>> from skopt_suite.optimizers import ClipGradient
    >>> reg = MLPRegressor(optimizer=ClipGradient("adam", norm=0.5))
    >>> reg = reg.set_params(optimizer__inner__learning_rate=0.01)
    """

    scratch_arrays = beside_inner(lambda clip: 2 if clip.value is None else 5)
    parameters = {
        **Wrapper.parameters,
        "value": Real(0, open_low=True, optional=True),
        "norm": Real(0, open_low=True, optional=True, search=LogUniform(0.1, 10)),
    }

    def __init__(
        self,
        inner: str | Optimizer = "adam",
        value: float | None = None,
        norm: float | None = None,
    ) -> None:
        self.inner = inner
        self.value: Any = value
        self.norm: Any = norm

    def init(self, params: Params, problem: Problem) -> ClipState:
        """Return the state of the inner optimizer."""
        return ClipState(self.inner.init(params, problem))

    def step(self, state: ClipState, params: Params, problem: Problem, factor: FitColumn) -> Step:
        """Return a step of the inner optimizer on the clipped problem."""
        step = self.inner.step(state.inner, params, _Clipped(problem, self), factor)
        return step._replace(state=ClipState(step.state))

    @property
    def limits(self) -> tuple[Any, Any]:
        """The largest entry and the largest norm; None: any."""
        is_by_norm = self.norm is not None or self.value is None
        return self.value, (1.0 if self.norm is None else self.norm) if is_by_norm else None

    def clip(self, gradient: Params) -> tuple[Params, FitColumn | Params]:
        """Return the clipped gradient, and by what factor it is smaller.

        Parameters
        ----------
        gradient : array of shape (n_fits, n_params)
            The gradient.

        Returns
        -------
        clipped : array of shape (n_fits, n_params)
            The clipped gradient.
        factor : array of shape (n_fits, 1) or (n_fits, n_params)
            At most 1.
        """
        xp, clipped, (value, norm) = namespace(gradient), gradient, self.limits
        factor = xp.ones_like(gradient[:, :1])
        if value is not None:
            (largest,) = like(gradient, value)
            clipped = xp.minimum(xp.maximum(gradient, -largest), largest)
            is_zero = gradient == 0
            factor = xp.where(is_zero, 1.0, clipped / xp.where(is_zero, 1.0, gradient))
        if norm is not None:
            (largest,) = like(gradient, norm)
            length = _norm(clipped)
            share = largest / xp.maximum(length, largest + 0 * length)
            clipped, factor = share * clipped, share * factor
        return clipped, factor


def _norm(gradient: Params) -> FitColumn:
    """Return the Euclidean norm, (n_fits, 1), also where squares would overflow."""
    xp = namespace(gradient)
    size = xp.max(xp.abs(gradient), axis=-1, keepdims=True)
    size = xp.where(size > 0, size, xp.ones_like(size))
    return size * xp.linalg.vector_norm(gradient / size, axis=-1, keepdims=True)


class _Clipped(Changed):
    """A problem whose gradient is clipped, and its penalty in proportion."""

    def __init__(self, problem: Problem, rule: ClipGradient) -> None:
        super().__init__(problem)
        self._rule = rule
        self._factor: Any = None

    def value_and_gradient(self, params: Params) -> tuple[PerFit, Params]:
        """Return the smooth part and its clipped gradient."""
        value, gradient = self.problem.value_and_gradient(params)
        gradient, self._factor = self._rule.clip(gradient)
        return value, gradient

    @property
    def separable(self) -> Separable | None:
        """The strengths of a separable penalty by as much as the last gradient was clipped."""
        return self._weaker(self.problem.separable)

    def linearised(self, params: Params) -> Separable | None:
        """Return the part by its proximal operator as a separable one, weaker by as much."""
        return self._weaker(self.problem.linearised(params))

    def prox(self, params: Params, step_size: FitColumn | Params) -> Params:
        """Return the proximal operator of the penalty that is weaker by as much."""
        return self.problem.prox(params, self._shorter(step_size))

    def pay(
        self, params: Params, owed: Array, step_size: FitColumn | Params
    ) -> tuple[Params, Array]:
        """Return what the proximal operator does after noisy steps, weaker by as much."""
        return self.problem.pay(params, owed, self._shorter(step_size))

    def _shorter(self, step_size: FitColumn | Params) -> FitColumn | Params:
        (step_size,) = like(self._factor, step_size)
        if step_size.shape[1] == 1 or self._factor.shape[1] == 1:
            return step_size * self._factor
        return step_size * self._factor[:, : step_size.shape[1]]

    def _weaker(self, given: Separable | None) -> Separable | None:
        if given is None or self._factor is None:
            return given
        return given._replace(l1=self._clipped(given.l1), l2=self._clipped(given.l2))

    def _clipped(self, strength: FitColumn | FlatWeights | None) -> Any:
        if strength is None:
            return None
        factor = self._factor
        if factor.shape[1] > 1:
            factor = self.problem.layout.weights(factor)
        return strength * factor
